"""The live progress of a document, over a WebSocket."""

import asyncio
import contextlib
import random
import uuid
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Query, WebSocket, WebSocketDisconnect

from tesigo.accounts.session import UserAndSignIn, accepted_subprotocol, sign_in_of_websocket, still_holds
from tesigo.generation.events_service import take_snapshot
from tesigo.generation.hub import Closing, Hub, Watcher
from tesigo.generation.schemas import LiveMessage
from tesigo.kit.context import working_on
from tesigo.kit.db import DatabaseAway
from tesigo.kit.errors import Forbidden, NotFound, NotSignedIn, Unavailable
from tesigo.kit.requests import database_of, now_of
from tesigo.kit.schemas import RowId

log = structlog.get_logger(__name__)

ASK_AGAIN_S = 60.0
"""So soon at the latest each connection asks anew whether the sign-in that opened it still holds."""

_LAST_SEQ = 2**31 - 1
_SEND_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0

router = APIRouter()


class _Gone(Exception):
    """The client went; nobody is there to be told anything."""


async def ask_again_s() -> float:
    """Return ASK_AGAIN_S; an application may override this dependency with another number of seconds."""
    return ASK_AGAIN_S


@router.websocket("/ws/generation/{document_id}")
async def follow_generation(
    websocket: WebSocket,
    document_id: RowId,
    every_s: Annotated[float, Depends(ask_again_s)],
    after: Annotated[int | None, Query(ge=0, le=_LAST_SEQ)] = None,
) -> None:
    """Send a snapshot, then every event after it, once and in the order of `seq`.

    Without `after` the snapshot is the present state. With it the snapshot is the state as it was after that
    event (0: the beginning), and what came since is told again. When that event is no longer kept, or has not
    happened, the snapshot is the present state: its `seq` is another than `after`, and what lies between is
    not told.

    The sign-in is asked for again within each minute. That its access token runs out, as it does after an hour,
    ends nothing: what is watched for longer goes on until the sign-in itself has ended (log-out, revocation, its
    own expiry) or its user is deleted. While the database is away it is taken to hold.

    Closes with 4401 when nobody is signed in, or no more; 4404 when there is no such document of the user's, or
    no more; 4408 when the client does not read what it is sent; 4429 when the user has too many connections;
    1001 when the server stops, 1011 when it fails, 1013 when its database is away: connect again with `after`.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(working_on(request_id=uuid.uuid4().hex, document_id=document_id))
        try:
            opened_by = await sign_in_of_websocket(websocket)
            async with database_of(websocket).transaction() as tx:
                snapshot = await take_snapshot(
                    tx, opened_by.user.id, document_id, after=after, now=now_of(websocket)
                )
        except (NotSignedIn, Forbidden):
            await _refuse(websocket, Closing.NOT_SIGNED_IN)
            return
        except NotFound:
            await _refuse(websocket, Closing.NOT_YOURS)
            return
        except Unavailable:
            await _refuse(websocket, Closing.TRY_LATER)
            return
        hub: Hub = websocket.app.state.hub
        watcher, messages = stack.enter_context(hub.watching(opened_by.user.id, document_id, snapshot))
        if watcher.ended.done():
            await _refuse(websocket, watcher.ended.result())
            return
        try:
            await _accept(websocket)
            async with _asked_again(websocket, opened_by, watcher, every_s):
                why = await _serve(websocket, LiveMessage.of_snapshot(snapshot), watcher, messages)
        except _Gone:
            log.info("a watcher left")
            return
        log.info("a watcher is sent away", code=int(why))
        await _close(websocket, why)


async def _serve(
    websocket: WebSocket, first: LiveMessage, watcher: Watcher, messages: AsyncGenerator[str, None]
) -> Closing:
    """Send until there is a reason to close the connection; return it. Raises _Gone."""
    sending = asyncio.create_task(_send_all(websocket, first, messages))
    reading = asyncio.create_task(_until_gone(websocket))
    try:
        reasons: set[asyncio.Future[Any]] = {sending, reading, watcher.ended}
        await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        reading.cancel()
        await asyncio.wait({sending, reading})
    if watcher.ended.done():
        return watcher.ended.result()
    failure = None if sending.cancelled() else sending.exception()
    match failure:
        case None | _Gone():
            raise _Gone
        case TimeoutError():
            return Closing.TOO_SLOW
        case NotFound():
            return Closing.NOT_YOURS
    log.error("following failed", exc_info=failure)
    return Closing.FAILED


@contextlib.asynccontextmanager
async def _asked_again(
    websocket: WebSocket, opened_by: UserAndSignIn, watcher: Watcher, every_s: float
) -> AsyncGenerator[None, None]:
    """End the watcher, as long as the block lasts, when the sign-in that opened the connection has ended."""
    asking = asyncio.create_task(_end_with_sign_in(websocket, opened_by, watcher, every_s))
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.wait({asking})


async def _end_with_sign_in(
    websocket: WebSocket, opened_by: UserAndSignIn, watcher: Watcher, every_s: float
) -> None:
    try:
        holds = True
        while holds:
            # by chance, so that connections that opened together do not ask together for ever
            await asyncio.sleep(every_s * random.uniform(0.5, 1))  # noqa: S311 - spreads connections
            try:
                holds = await still_holds(websocket, opened_by)
            except DatabaseAway as away:
                log.warning("a watcher's sign-in cannot be looked up now", reason=away.reason)
        watcher.end(Closing.NOT_SIGNED_IN)
    except Exception:
        log.exception("a watcher's sign-in cannot be looked up")
        watcher.end(Closing.FAILED)


async def _send_all(websocket: WebSocket, first: LiveMessage, messages: AsyncGenerator[str, None]) -> None:
    await _send(websocket, first.model_dump_json())
    async with contextlib.aclosing(messages):
        async for text in messages:
            await _send(websocket, text)


async def _send(websocket: WebSocket, text: str) -> None:
    try:
        async with asyncio.timeout(_SEND_TIMEOUT_S):
            await websocket.send_text(text)
    except (WebSocketDisconnect, RuntimeError) as gone:
        raise _Gone from gone


async def _until_gone(websocket: WebSocket) -> None:
    """Read, and forget, what the client sends; a watcher has nothing to say."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _refuse(websocket: WebSocket, why: Closing) -> None:
    """Close with a code that a browser can read: for that the hand-shake must be accepted first."""
    with contextlib.suppress(_Gone):
        await _accept(websocket)
        await _close(websocket, why)


async def _accept(websocket: WebSocket) -> None:
    try:
        await websocket.accept(subprotocol=accepted_subprotocol(websocket))
    except (WebSocketDisconnect, RuntimeError) as gone:
        raise _Gone from gone


async def _close(websocket: WebSocket, why: Closing) -> None:
    """Close; a client that reads nothing is not waited for."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await websocket.close(int(why))
