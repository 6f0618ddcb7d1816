"""A real Redis of a test's own, which it may kill, pause and fill with anything."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from tests.ports import kept_port
from tests.services import missing

_START_WITHIN_S = 20


class RedisServer:
    """A `redis-server` process on a port that stays the same when it is started again; it keeps nothing on disk."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self._folder = folder
        self._options = options
        self.port = port
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *self._options],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + _START_WITHIN_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(64)[:1] in (b"+", b"-"):  # "-": it answers, and wants a password
                        return
            except OSError:
                pass
            assert time.monotonic() < until, "redis-server does not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a crash would; what it had is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def pause(self) -> None:
        """Let it hang: it accepts connections and answers nothing."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """End the pause."""
        self._send(signal.SIGCONT)

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """Give a client that reads and writes what it likes."""
        with contextlib.closing(redis.Redis(port=self.port)) as client:
            yield client

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """Give a Redis that answers, started with these options; its process ends with the block.

    Skips the test when there is no redis-server; fails it when TESIGO_REQUIRE_SERVICES=1.
    """
    if shutil.which("redis-server") is None:
        missing("no redis-server on this machine")
    with kept_port() as port:
        server = RedisServer(folder, port, *options)
        server.start()
        try:
            yield server
        finally:
            server.kill()
