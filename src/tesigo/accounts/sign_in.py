"""The steps of signing in, as the HTTP routes and the pages both take them.

Each opens its own transaction, because some refuse while the refusal's effect stays.
"""

from contextlib import AsyncExitStack, suppress

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tesigo.accounts import links_service, service
from tesigo.accounts.addresses import normalise_address
from tesigo.accounts.cookies import clear_cookies, refresh_cookie
from tesigo.accounts.errors import LinkCodeNotValid, SecondFactorNotValid, TokenNotGood, TooManyLinks
from tesigo.accounts.identity import Language, NewUserConsents, Redeemer, SignedIn
from tesigo.accounts.limits import LINKS_BY_CLIENT, LINKS_BY_EMAIL, WRONG_CODES, WRONG_FACTORS
from tesigo.accounts.session import keys_of, visitor_of
from tesigo.accounts.tokens import token_not_good
from tesigo.kit.errors import LimitReached
from tesigo.kit.rates import client_of, rates_of
from tesigo.kit.requests import database_of, now_of, settings_of


async def send_link(
    connection: HTTPConnection, *, email: str, language: Language, browser: str | None
) -> None:
    """Have a link and a code mailed, by the queue.

    browser: the secret of the browser that asks, None for a program.
    Raises AddressNotValid, LimitReached, TooManyLinks, RatesAway: the same for every address, known or not. What a
    limit of rate refuses touches no database.
    """
    await _count_link(connection, email)
    async with database_of(connection).transaction() as tx:
        await links_service.request_link(
            tx,
            email=email,
            language=language,
            browser=browser,
            keys=keys_of(connection),
            now=now_of(connection),
        )


async def sign_in(
    connection: HTTPConnection,
    *,
    code: str,
    redeemer: Redeemer,
    consents: NewUserConsents,
    second_factor: str | None = None,
) -> SignedIn:
    """Return who the code signs in.

    redeemer: how the code came, and to which browser.
    Raises LinkCodeNotValid, which counts against the client's address; SecondFactorNotValid, which counts against
    the user; after it, CodeOfOtherBrowser, ConsentRequired and SecondFactorRequired the code is still good;
    LimitReached, RatesAway.
    """
    rates = rates_of(connection)
    async with AsyncExitStack() as counts:
        await counts.enter_async_context(
            rates.counting_failures(LinkCodeNotValid, WRONG_CODES, client_of(connection))
        )
        guarded_id = await _find_guarded_user(connection, code) if second_factor else None
        if guarded_id is not None:
            await counts.enter_async_context(
                rates.holding_a_place(SecondFactorNotValid, WRONG_FACTORS, guarded_id)
            )
        tx = await counts.enter_async_context(database_of(connection).transaction())
        return await links_service.redeem_link(
            tx,
            code=code,
            redeemer=redeemer,
            second_factor=second_factor,
            consents=consents,
            visitor=visitor_of(connection),
            admin_emails=settings_of(connection).admin_emails,
            keys=keys_of(connection),
            now=now_of(connection),
        )


async def _find_guarded_user(connection: HTTPConnection, code: str) -> int | None:
    async with database_of(connection).transaction() as tx:
        return await links_service.find_guarded_user(
            tx, code=code, keys=keys_of(connection), now=now_of(connection)
        )


async def _count_link(connection: HTTPConnection, email: str) -> None:
    address = normalise_address(email)
    rates = rates_of(connection)
    await rates.take(LINKS_BY_CLIENT, client_of(connection))
    try:
        await rates.take(LINKS_BY_EMAIL, address)
    except LimitReached as limit:
        raise TooManyLinks(limit.message, retry_after_s=limit.retry_after_s) from limit


async def renew(connection: HTTPConnection, *, refresh_token: str) -> SignedIn:
    """Return the next pair of tokens.

    Raises TokenNotGood; if the token was spent before, its sign-in has ended by then.
    """
    async with database_of(connection).transaction() as tx:
        signed_in = await service.refresh_tokens(
            tx, refresh_token=refresh_token, keys=keys_of(connection), now=now_of(connection)
        )
    if signed_in is None:
        raise token_not_good()
    return signed_in


async def sign_out(connection: HTTPConnection, *, refresh_token: str) -> None:
    """End the sign-in that the token belongs to; its access tokens stop with it.

    Raises TokenNotGood for what is no refresh token of ours.
    """
    async with database_of(connection).transaction() as tx:
        await service.sign_out(
            tx, refresh_token=refresh_token, keys=keys_of(connection), now=now_of(connection)
        )


async def sign_out_browser(connection: HTTPConnection, response: Response) -> None:
    """End the sign-in of the browser's cookies, if there is one, and make the browser forget them.

    The page that calls this has asked `require_own_page` before.
    """
    settings = settings_of(connection)
    token = refresh_cookie(connection, settings=settings)
    if token is not None:
        with suppress(TokenNotGood):  # it has ended already, which is what was asked for
            await sign_out(connection, refresh_token=token)
    clear_cookies(response, settings=settings)
