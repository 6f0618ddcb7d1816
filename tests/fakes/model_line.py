"""A request to an ASGI application: its body, its answer, and whether the client is still there."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Line:
    """The connection with one client."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._send = send
        self._receive = receive
        self._gone = asyncio.Event()
        self._watch = asyncio.create_task(self._look())

    @property
    def is_gone(self) -> bool:
        """Whether the client went away before its answer was whole."""
        return self._gone.is_set()

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()

    async def wait(self, seconds: float | None) -> bool:
        """Wait so long, None for ever; return at once, and true, when the client goes away."""
        await asyncio.sleep(0)
        if seconds != 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), seconds)
        return self.is_gone

    async def begin(self, headers: dict[str, str]) -> None:
        """Begin a stream of events."""
        await self._send(_start(200, "text/event-stream; charset=utf-8", headers))

    async def respond(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send a whole answer."""
        self._watch.cancel()  # it would take the end of the answer for the client's going
        await respond(self._send, status, body, headers)

    async def say(self, body: bytes, *, more: bool = True) -> None:
        """Send a part of the body."""
        if not more:
            self._watch.cancel()
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def drop(self) -> None:
        """Drop the connection as a crash would: ASGI has no word for it, so that uvicorn's own is used."""
        self._watch.cancel()
        cycle = self._send.__self__
        cycle.disconnected = True
        cycle.transport.close()

    async def hang_up(self) -> None:
        """End the watch."""
        self._watch.cancel()
        with suppress(asyncio.CancelledError):
            await self._watch


async def read_body(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def live(receive: Receive, send: Send) -> None:
    """Answer to the begin and the end of the server."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def _start(status: int, kind: str, headers: dict[str, str]) -> Message:
    told = {"content-type": kind, **headers}
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
    }


async def respond(send: Send, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    """Send a whole answer in JSON."""
    await send(_start(status, "application/json", {**(headers or {}), "content-length": str(len(body))}))
    await send({"type": "http.response.body", "body": body})
