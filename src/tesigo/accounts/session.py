"""Who makes this request: what routes, pages and WebSockets ask for."""

import uuid
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security, WebSocket
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from tesigo.accounts import service
from tesigo.accounts.cookies import access_cookie
from tesigo.accounts.errors import AdministratorsOnly
from tesigo.accounts.identity import User, Visitor
from tesigo.accounts.origin import require_own_origin, require_own_page
from tesigo.accounts.tokens import read_token, token_not_good
from tesigo.kit import context
from tesigo.kit.errors import NotSignedIn
from tesigo.kit.requests import database_of, now_of, settings_of
from tesigo.kit.secret_keys import KeyPair

_LONGEST_USER_AGENT = 400
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="AccessToken",
    description="The `access_token` that `POST /api/v1/auth/magic-link/verify` answers.",
)


def keys_of(connection: HTTPConnection) -> KeyPair:
    """Return the application's keys (`app.state.keys`)."""
    keys: KeyPair = connection.app.state.keys
    return keys


def visitor_of(connection: HTTPConnection) -> Visitor:
    """Return where the request comes from; the server resolves the headers of trusted proxies."""
    user_agent = "".join(
        letter for letter in connection.headers.get("user-agent", "") if letter.isprintable()
    )
    return Visitor(
        ip=connection.client.host if connection.client else None,
        user_agent=user_agent[:_LONGEST_USER_AGENT] or None,
    )


@dataclass(frozen=True, slots=True)
class UserAndSignIn:
    """Who made a request or opened a WebSocket, and by which sign-in."""

    user: User
    sign_in_id: uuid.UUID


async def current_sign_in(
    request: Request,
    _documented: Annotated[object, Security(_bearer)] = None,
) -> UserAndSignIn:
    """Return who is signed in and by which sign-in, by the Authorization header or else by the cookie.

    It reads in a short transaction of its own, so that a route that does long work holds no connection.
    Raises NotSignedIn; CrossOrigin when another site's page tries to change something by our cookie.
    """
    token = _bearer_token(request)
    if token is None:
        settings = settings_of(request)
        token = access_cookie(request, settings=settings)
        if token is None:
            raise NotSignedIn("Please sign in first.")
        require_own_page(request, settings=settings)
    return await _sign_in_by(request, token)


async def current_user(
    request: Request,
    _documented: Annotated[object, Security(_bearer)] = None,
) -> User:
    """Return who is signed in, as `current_sign_in` does and with the same errors."""
    return (await current_sign_in(request)).user


async def find_current_user(request: Request) -> User | None:
    """Return who is signed in, None when nobody is; for pages that everybody may see."""
    try:
        return await current_user(request)
    except NotSignedIn:
        return None


CurrentUser = Annotated[User, Depends(current_user)]
"""The user that is signed in; without one the route is not entered."""

CurrentSignIn = Annotated[UserAndSignIn, Depends(current_sign_in)]
"""The user that is signed in with the sign-in that it is by, for the one query of CurrentUser."""

MaybeUser = Annotated[User | None, Depends(find_current_user)]
"""The user that is signed in, or None."""


async def current_administrator(current: CurrentUser) -> User:
    """Return who is signed in when they are an administrator at this moment.

    Raises AdministratorsOnly for others, NotSignedIn for nobody.
    """
    if not current.is_admin:
        raise AdministratorsOnly("This is for administrators only.")
    return current


CurrentAdministrator = Annotated[User, Depends(current_administrator)]
"""The administrator that is signed in; for anybody else the route is not entered."""

VisitorNow = Annotated[Visitor, Depends(visitor_of)]


async def sign_in_of_websocket(websocket: WebSocket) -> UserAndSignIn:
    """Return who opens the WebSocket; call it before accepting.

    Programs offer the sub-protocols `bearer, TOKEN` (accept with `subprotocol="bearer"` then, see
    `accepted_subprotocol`); a browser brings its cookie and the Origin, which must be ours.
    Raises NotSignedIn or CrossOrigin.
    """
    return await _sign_in_by(websocket, _token_of_websocket(websocket))


async def still_holds(websocket: WebSocket, opened_by: UserAndSignIn) -> bool:
    """Return whether the sign-in that opened the WebSocket still holds, in a short transaction of its own.

    Its access token may have run out since: that alone ends nothing. Raises DatabaseAway.
    """
    async with database_of(websocket).transaction() as tx:
        return await service.is_signed_in(
            tx, user_id=opened_by.user.id, sign_in_id=opened_by.sign_in_id, now=now_of(websocket)
        )


def accepted_subprotocol(websocket: WebSocket) -> str | None:
    """Return what to accept with: a client that offers sub-protocols expects one of them back."""
    return "bearer" if "bearer" in websocket.scope.get("subprotocols", []) else None


def _token_of_websocket(websocket: WebSocket) -> str:
    offered = list(websocket.scope.get("subprotocols", []))
    if offered[:1] == ["bearer"]:
        if len(offered) != 2:
            raise token_not_good()
        return str(offered[1])
    settings = settings_of(websocket)
    token = access_cookie(websocket, settings=settings)
    if token is None:
        raise NotSignedIn("Please sign in first.")
    require_own_origin(websocket, settings=settings)
    return token


async def _sign_in_by(connection: HTTPConnection, token: str) -> UserAndSignIn:
    keys, now = keys_of(connection), now_of(connection)
    claims = read_token("access", token, keys=keys, now=now)
    async with database_of(connection).transaction() as tx:
        user = await service.get_signed_in_user(tx, access_token=token, keys=keys, now=now)
    context.note(user_id=user.id)
    return UserAndSignIn(user, claims.sign_in_id)


def _bearer_token(connection: HTTPConnection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
