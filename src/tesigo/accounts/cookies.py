"""The two cookies by which a browser stays signed in."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

from tesigo.accounts.identity import Tokens
from tesigo.accounts.tokens import ACCESS_LIFETIME, REFRESH_LIFETIME
from tesigo.kit.errors import Failure
from tesigo.kit.settings import Settings

_RENEWED = "tesigo.renewed_tokens"
_NOT_RENEWED = "tesigo.renewal_failure"


@dataclass(frozen=True, slots=True)
class CookieNames:
    """What the cookies are called in this installation."""

    access: str
    refresh: str


def cookie_names(settings: Settings) -> CookieNames:
    """Return the names: with `__Host-` in production, where a browser then refuses them from anybody else.

    The prefix needs Secure, which needs HTTPS, which development does without.
    """
    prefix = "__Host-" if settings.is_production else ""
    return CookieNames(access=f"{prefix}tesigo_access", refresh=f"{prefix}tesigo_refresh")


def set_cookies(response: Response, tokens: Tokens, *, settings: Settings) -> None:
    """Make the browser that gets this answer signed in."""
    names = cookie_names(settings)
    values = (
        (names.access, tokens.access, ACCESS_LIFETIME),
        (names.refresh, tokens.refresh, REFRESH_LIFETIME),
    )
    for name, value, lifetime in values:
        response.set_cookie(
            name,
            value,
            max_age=int(lifetime.total_seconds()),
            path="/",
            secure=settings.is_production,
            httponly=True,
            samesite="lax",
        )
    response.headers["Cache-Control"] = "no-store"


def clear_cookies(response: Response, *, settings: Settings) -> None:
    """Make the browser that gets this answer forget both tokens."""
    names = cookie_names(settings)
    for name in (names.access, names.refresh):
        response.delete_cookie(name, path="/", secure=settings.is_production, httponly=True, samesite="lax")


def access_cookie(connection: HTTPConnection, *, settings: Settings) -> str | None:
    """Return the access token of the browser, the new one when it was renewed on the way in.

    Raises what kept the renewal from being done: until then nobody knows who it is.
    """
    failure: Failure | None = connection.scope.get(_NOT_RENEWED)
    if failure is not None:
        raise failure
    renewed: Tokens | None = connection.scope.get(_RENEWED)
    if renewed is not None:
        return renewed.access
    return connection.cookies.get(cookie_names(settings).access)


def refresh_cookie(connection: HTTPConnection, *, settings: Settings) -> str | None:
    """Return the refresh token of the browser, the new one when it was renewed on the way in."""
    renewed: Tokens | None = connection.scope.get(_RENEWED)
    if renewed is not None:
        return renewed.refresh
    return connection.cookies.get(cookie_names(settings).refresh)


def note_renewed(connection: HTTPConnection, tokens: Tokens) -> None:
    """Let the rest of this request see the new tokens instead of the cookies that it came with."""
    connection.scope[_RENEWED] = tokens


def note_not_renewed(connection: HTTPConnection, failure: Failure) -> None:
    """Let what asks who it is hear why that is not known; the browser keeps its cookies and may try again."""
    connection.scope[_NOT_RENEWED] = failure
