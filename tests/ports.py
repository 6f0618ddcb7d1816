"""A port at which nothing answers yet, kept from everybody else until a test's own server takes it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_port() -> Iterator[int]:
    """Give a port of loopback at which a server may listen within the block; connections are refused until then.

    It stays bound meanwhile, so that the system gives it to nobody who asks for any free port. A server that names
    it, and sets SO_REUSEADDR as asyncio, uvicorn and Redis do, listens all the same.
    From: Linux, socket(7), "SO_REUSEADDR": a bind may succeed unless a *listening* socket has the address; read
    2026-11-23.
    """
    with socket.socket() as keeping:
        keeping.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeping.bind(("127.0.0.1", 0))
        yield int(keeping.getsockname()[1])
