"""Homes of embedded servers: the processes that hold them, and questions to them."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from tesigo.kit.postgres_server import RunningServer, find_server

HOLDER = Path(__file__).parent.parent / "postgres_holder.py"
IS_ROOT = os.geteuid() == 0


class Holder:
    """A process that holds, or is about to hold, the server of a home."""

    def __init__(self, home: Path, system_folder: Path, *options: str, **popen: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HOLDER), str(home), str(system_folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            **popen,
        )
        self.heard()

    def heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {}

    def tell(self, word: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def acquire(self) -> str:
        self.tell()
        return str(self.heard().get("url"))

    def release(self) -> None:
        self.tell()
        assert self.heard() == {"released": True}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def stop_all(folder: Path) -> None:
    for process_file in folder.rglob("postmaster.pid"):
        server = find_server(process_file.parent)
        if server is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGQUIT)
            wait_until(lambda data=process_file.parent: find_server(data) is None)


def wait_until(is_so: Callable[[], object], time_s: float = 20) -> None:
    deadline = time.monotonic() + time_s
    while not is_so():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


def ask(url: str, *statements: str) -> Any:
    """Run the statements and return the last one's value."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


def server_of(home: Path) -> RunningServer:
    server = find_server(home / "postgresql" / "data")
    assert server is not None
    return server


def is_stopped(home: Path) -> bool:
    return find_server(home / "postgresql" / "data") is None
