"""The steps of signing in, as the HTTP routes and the pages both take them.

Each opens its own transactions, because each has something to do after one was committed: send the mail,
or refuse while the refusal's effect stays.
"""

from contextlib import suppress

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tesigo.accounts import links_service, service
from tesigo.accounts.cookies import clear_cookies, refresh_cookie
from tesigo.accounts.errors import MailNotSent, TokenNotGood
from tesigo.accounts.identity import Language, NewUserConsents, SignedIn
from tesigo.accounts.session import keys_of, mailer_of, visitor_of
from tesigo.accounts.tokens import token_not_good
from tesigo.kit.requests import database_of, now_of, settings_of


async def send_link(connection: HTTPConnection, *, email: str, language: Language) -> None:
    """Mail a link and a code; no transaction is open while the mail is handed over.

    Raises AddressNotValid, TooManyLinks, MailNotSent: the same for every address, known or not.
    """
    database = database_of(connection)
    async with database.transaction() as tx:
        link = await links_service.request_link(
            tx,
            email=email,
            language=language,
            base_url=settings_of(connection).base_url,
            keys=keys_of(connection),
            now=now_of(connection),
        )
    try:
        await mailer_of(connection).send(link.mail)
    except MailNotSent:
        async with database.transaction() as tx:
            await links_service.withdraw_link(tx, link)
        raise


async def sign_in(connection: HTTPConnection, *, code: str, consents: NewUserConsents) -> SignedIn:
    """Return who the code signs in.

    Raises LinkCodeNotValid; ConsentRequired, after which the code is still good.
    """
    async with database_of(connection).transaction() as tx:
        return await links_service.redeem_link(
            tx,
            code=code,
            consents=consents,
            visitor=visitor_of(connection),
            admin_emails=settings_of(connection).admin_emails,
            keys=keys_of(connection),
            now=now_of(connection),
        )


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
