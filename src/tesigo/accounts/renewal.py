"""Browsers stay signed in: an access cookie that has run out is renewed on the way in."""

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tesigo.accounts.cookies import (
    access_cookie,
    clear_cookies,
    note_not_renewed,
    note_renewed,
    refresh_cookie,
    set_cookies,
)
from tesigo.accounts.errors import TokenNotGood
from tesigo.accounts.session import keys_of
from tesigo.accounts.sign_in import renew
from tesigo.accounts.tokens import read_token
from tesigo.kit.errors import Failure
from tesigo.kit.requests import now_of, settings_of


class RenewalMiddleware:
    """Spends the refresh cookie when the access cookie is absent or no longer good.

    The request goes on with the new tokens, and its answer, whatever it is, brings them to the browser.
    Several requests of one page may arrive at once: they get the same next token (see `refresh_tokens`).
    When it cannot be done now, the cookies stay, and only what asks who it is fails.
    for_all: beginnings of addresses that answer everybody alike, and never wait for the database.
    """

    def __init__(self, app: ASGIApp, *, for_all: tuple[str, ...] = ()) -> None:
        self._app = app
        self._for_all = for_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"].startswith(self._for_all):
            await self._app(scope, receive, send)
            return
        cookies = await _renewed_cookies(HTTPConnection(scope))

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start" and cookies:
                headers = MutableHeaders(scope=message)
                said = {line.partition("=")[0] for line in headers.getlist("set-cookie")}
                for name, line in cookies.items():
                    if name not in said:  # what the route says of its cookies holds: it signs in or out
                        headers.append("set-cookie", line)
                headers["cache-control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_with_cookies)


async def _renewed_cookies(connection: HTTPConnection) -> dict[str, str]:
    settings = settings_of(connection)
    refresh_token = refresh_cookie(connection, settings=settings)
    if refresh_token is None or "authorization" in connection.headers or _is_access_good(connection):
        return {}
    carrier = Response()
    try:
        signed_in = await renew(connection, refresh_token=refresh_token)
    except TokenNotGood:
        clear_cookies(carrier, settings=settings)
    except Failure as failure:
        note_not_renewed(connection, failure)
    else:
        note_renewed(connection, signed_in.tokens)
        set_cookies(carrier, signed_in.tokens, settings=settings)
    return {line.partition("=")[0]: line for line in carrier.headers.getlist("set-cookie")}


def _is_access_good(connection: HTTPConnection) -> bool:
    token = access_cookie(connection, settings=settings_of(connection))
    if token is None:
        return False
    try:
        read_token("access", token, keys=keys_of(connection), now=now_of(connection))
    except TokenNotGood:
        return False
    return True
