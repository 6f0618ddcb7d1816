"""An open file as an answer: sent a piece at a time, and closed whatever becomes of the client."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import IO

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_PIECE_BYTES = 256 * 1024


class OpenFileResponse(StreamingResponse):
    """Sends a file from its beginning and closes it, also when the client goes away in between.

    name: what it is called on the other side, of plain letters.
    """

    def __init__(self, file: IO[bytes], *, name: str, media_type: str) -> None:
        self._file = file
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

    async def _pieces(self) -> AsyncIterator[bytes]:
        while piece := await asyncio.to_thread(self._file.read, _PIECE_BYTES):
            yield piece
