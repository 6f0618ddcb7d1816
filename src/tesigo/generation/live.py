"""The live progress of a document, over a WebSocket."""

import asyncio
import contextlib
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from tesigo.accounts.session import accepted_subprotocol, user_of_websocket
from tesigo.generation import service
from tesigo.generation.schemas import LiveMessage
from tesigo.kit.db import DatabaseAway
from tesigo.kit.errors import Forbidden, NotFound, NotSignedIn
from tesigo.kit.notify import News
from tesigo.kit.requests import database_of, now_of
from tesigo.kit.schemas import RowId

log = structlog.get_logger(__name__)

NOT_SIGNED_IN = 4401
NOT_YOURS = 4404
TOO_SLOW = 4408
FAILED = 1011
_LAST_SEQ = 2**31 - 1
_SEND_TIMEOUT_S = 10.0
_LOOK_EVERY_S = 5.0
_BATCH = 500

router = APIRouter()


@router.websocket("/ws/generation/{document_id}")
async def follow_generation(
    websocket: WebSocket, document_id: RowId, after: Annotated[int | None, Query(ge=0, le=_LAST_SEQ)] = None
) -> None:
    """Send the present state, then every event; `after` replays what came after that number.

    Closes with 4401 when nobody is signed in, with 4404 when the document is not the user's, and with 4408
    when the client does not read what it is sent.
    """
    try:
        user = await user_of_websocket(websocket)
        async with database_of(websocket).transaction() as tx:
            snapshot = await service.take_snapshot(tx, user.id, document_id)
    except (NotSignedIn, Forbidden):
        await _refuse(websocket, NOT_SIGNED_IN)
        return
    except NotFound:
        await _refuse(websocket, NOT_YOURS)
        return
    await websocket.accept(subprotocol=accepted_subprotocol(websocket))
    first = LiveMessage.of_snapshot(snapshot, now_of(websocket))
    following = asyncio.create_task(
        _follow(websocket, document_id, first, snapshot.seq if after is None else after)
    )
    reading = asyncio.create_task(_until_disconnected(websocket))
    try:
        await asyncio.wait({following, reading}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (following, reading):
            task.cancel()
        await asyncio.wait({following, reading})
    if not following.cancelled():
        await _end(websocket, following.exception())


async def _follow(websocket: WebSocket, document_id: int, first: LiveMessage, seq: int) -> None:
    news: News = websocket.app.state.news
    await _send(websocket, first)
    wake_ups = news.wake_ups(service.topic_of(document_id), pause_s=_LOOK_EVERY_S)
    async with contextlib.aclosing(wake_ups):
        async for _ in wake_ups:
            try:
                seq = await _send_events(websocket, document_id, seq)
            except DatabaseAway as away:
                log.warning("watchers wait for the database", reason=away.reason)


async def _send_events(websocket: WebSocket, document_id: int, seq: int) -> int:
    """Send all events after this number; return the last one's."""
    while True:
        async with database_of(websocket).transaction() as tx:
            events = await service.read_events(tx, document_id, after=seq, limit=_BATCH)
        for event in events:
            await _send(websocket, LiveMessage.of_event(event))
            seq = event.seq
        if len(events) < _BATCH:
            return seq


async def _end(websocket: WebSocket, why: BaseException | None) -> None:
    """Close with a code that says why the watcher gets no more; one that went by itself is not told."""
    if isinstance(why, WebSocketDisconnect | RuntimeError):
        return
    if isinstance(why, TimeoutError):
        log.info("slow watcher cut off")
    else:
        log.error("following failed", exc_info=why)
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await websocket.close(TOO_SLOW if isinstance(why, TimeoutError) else FAILED)


async def _send(websocket: WebSocket, message: LiveMessage) -> None:
    async with asyncio.timeout(_SEND_TIMEOUT_S):
        await websocket.send_text(message.model_dump_json())


async def _until_disconnected(websocket: WebSocket) -> None:
    """Read, and forget, what the client sends; a watcher has nothing to say."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.receive_text()


async def _refuse(websocket: WebSocket, code: int) -> None:
    """Close with a code that a browser can read: for that the hand-shake must be accepted first."""
    await websocket.accept(subprotocol=accepted_subprotocol(websocket))
    await websocket.close(code)
