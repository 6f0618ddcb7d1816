"""A WebSocket connection that takes bounded memory and ends in bounded time, whatever its client does."""

import asyncio
import socket
from asyncio.transports import BaseTransport

from uvicorn._types import ASGISendEvent  # the type of a method that is overridden; it has no public name
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_MOST_BUFFERED_BYTES = 32 * 1024


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """The server's own protocol, less patient.

    At most 32 KiB wait in the process for a client to read, and about as much in the system. The server's
    protocol would keep a closed connection for as long as its client leaves something unread; this one drops
    it `linger_s` after the close.
    """

    linger_s = 5.0
    _drop: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin, with small buffers."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_MOST_BUFFERED_BYTES)
        wire = self.transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_BUFFERED_BYTES)

    async def send(self, message: ASGISendEvent) -> None:
        """Send; a close does not wait for a client that reads nothing."""
        if message["type"] == "websocket.close":
            self.writable.set()
        await super().send(message)

    async def run_asgi(self) -> None:
        """Run the application for this connection, and then see to the connection's end."""
        await super().run_asgi()
        self._drop_soon()

    def keepalive_timeout(self) -> None:
        """Drop a client that has answered no ping: nothing that waits for it will be read."""
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        """Close the connection since the server stops."""
        super().shutdown()
        self._drop_soon()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._drop is not None:
            self._drop.cancel()
        super().connection_lost(exc)

    def _drop_soon(self) -> None:
        if self._drop is None and not self.disconnected:
            self._drop = self.loop.call_later(self.linger_s, self.transport.abort)
