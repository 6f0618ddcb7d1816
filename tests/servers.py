"""An application answered by a real server, in the test's own loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def answering(app: Any, **more: Any) -> AsyncIterator[str]:
    """Serve the application on a free port; give the address (`http://127.0.0.1:PORT`)."""
    server = _Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1, **more))
    serving = asyncio.create_task(server._serve())  # not `serve`: it would take pytest's signals
    try:
        await asyncio.wait_for(server.is_up.wait(), 10)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()
