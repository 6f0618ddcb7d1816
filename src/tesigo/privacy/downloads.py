"""An open file as an answer: sent a piece at a time, and closed whatever becomes of the client."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import IO

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

_PIECE_BYTES = 64 * 1024
_PATIENCE_S = 60.0


class OpenFileResponse(StreamingResponse):
    """Sends a file from its beginning and closes it, also when the client goes away in between.

    name: what it is called on the other side, of plain letters.
    patience_s: a client that takes no piece of 64 KiB within this time is given up: what it asked for takes up the
    disk until it has been sent.
    """

    def __init__(
        self, file: IO[bytes], *, name: str, media_type: str, patience_s: float = _PATIENCE_S
    ) -> None:
        self._file = file
        self._patience_s = patience_s
        size_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(size_bytes),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        super().__init__(self._pieces(), media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()

    async def stream_response(self, send: Send) -> None:
        """Send the pieces; an answer that ends before its announced length makes the server hang up."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._patience_s):  # the server waits in `send` until the client reads
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            log.warning("a download was given up: its client reads nothing", patience_s=self._patience_s)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while piece := await asyncio.to_thread(self._file.read, _PIECE_BYTES):
            yield piece
