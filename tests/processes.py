"""TesiGo as its operator runs it: real processes, watched by what they print."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

READY_WITHIN_S = 60
_GENEROUS = {f"{name}_LIMIT": "10000" for name in ("SIGN_IN", "GENERATION", "UPLOAD", "EXPORT")}


class Running:
    """A process of ours: what it has printed, and how it is stopped."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.printed = ""
        self._news = asyncio.Event()
        self._readers = [
            asyncio.create_task(self._read(stream)) for stream in (process.stdout, process.stderr) if stream
        ]

    async def until_printed(self, pattern: str, *, within_s: float = READY_WITHIN_S) -> re.Match[str]:
        """Wait until something printed matches; return the match."""
        async with asyncio.timeout(within_s):
            while True:
                self._news.clear()
                if found := re.search(pattern, self.printed):
                    return found
                if self.process.returncode is not None and all(task.done() for task in self._readers):
                    raise AssertionError(f"ended with {self.process.returncode}:\n{self.printed}")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), 1)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        self.process.send_signal(number)

    async def until_ended(self, *, within_s: float = 30) -> int:
        """Wait until it has ended; return its exit code."""
        async with asyncio.timeout(within_s):
            code = await self.process.wait()
            await asyncio.gather(*self._readers)
        return code

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while piece := await stream.read(4096):
            self.printed += piece.decode("utf-8", "replace")
            self._news.set()


@asynccontextmanager
async def tesigo(*arguments: str, folder: Path, **environment: str) -> AsyncIterator[Running]:
    """Run `tesigo` with these arguments and settings; whatever is left of it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tesigo.entry.cli",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "DATA_DIR": str(folder / "data"), "COLUMNS": "200", **_GENEROUS, **environment},
        start_new_session=True,
    )
    running = Running(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await running.until_ended()
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


@asynccontextmanager
async def served(folder: Path, *arguments: str, **environment: str) -> AsyncIterator[tuple[Running, str]]:
    """Run `tesigo serve` on a free port; give the process and the address at which it answers."""
    async with tesigo("serve", "--port", "0", *arguments, folder=folder, **environment) as running:
        found = await running.until_printed(r"open (http://[^/]+)/sign-in")
        yield running, found[1]
