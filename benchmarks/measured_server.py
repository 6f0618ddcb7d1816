"""TesiGo served in a process of its own, for benchmarks that ask it from outside. Linux only: it reads /proc."""

import asyncio
import contextlib
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx

READY = re.compile(r"open (http://[^/]+)/sign-in")
CODE = re.compile(r"\b[A-Z2-7]{4}(?:-[A-Z2-7]{1,4})+\b")

GENEROUS = {f"{name}_LIMIT": "1000000" for name in ("SIGN_IN", "GENERATION", "UPLOAD", "EXPORT")}
"""Limits of rate that a benchmark reaches only where it sets its own."""

MAIL_WITHIN_S = 30


@dataclass(frozen=True)
class Server:
    """A running server, and what it costs."""

    pid: int
    address: str

    def memory_kib(self) -> int:
        """Return what the process holds in memory."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) if found else 0

    def cpu_s(self) -> float:
        """Return how much time of a processor the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def served(environment: dict[str, str]) -> AsyncIterator[Server]:
    """Run `tesigo serve --no-worker`; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tesigo.entry.cli",
        "serve",
        "--no-worker",
        "--port",
        "0",
        env={**os.environ, **GENEROUS, **environment, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        printed = ""
        while not (found := READY.search(printed)):
            piece = await process.stdout.read(4096) if process.stdout else b""
            if not piece:
                raise SystemExit(f"the server did not start:\n{printed}")
            printed += piece.decode()
        draining = asyncio.create_task(_drain(process.stdout))
        yield Server(process.pid, found[1])
        draining.cancel()
    finally:
        process.terminate()
        await process.wait()


async def _drain(stream: asyncio.StreamReader | None) -> None:
    """Read what nobody needs: a server whose mails fill the pipe would stand still."""
    while stream and await stream.read(1 << 16):
        pass


async def sign_in(client: httpx.AsyncClient, outbox: Path, email: str) -> str:
    """Sign a new user in by the mail that they get; return their token."""
    await ask(client, "/auth/magic-link", {"email": email})
    code = {"code": await code_for(outbox, email), "gdpr_consent": True}
    return str((await ask(client, "/auth/magic-link/verify", code))["access_token"])


async def ask(client: httpx.AsyncClient, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    """Return what the server answers to this request."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await client.post(path, json=body, headers=headers)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told


async def code_for(outbox: Path, email: str) -> str:
    """Return the code of the newest mail to this address, which may be on its way still."""
    until = time.monotonic() + MAIL_WITHIN_S
    while time.monotonic() < until:
        for file in await asyncio.to_thread(lambda: sorted(outbox.glob("*.eml"), reverse=True)):
            mail = message_from_bytes(file.read_bytes())
            if mail["To"] == email and (found := CODE.search(str(mail.get_payload(0)))):
                return found[0]
        await asyncio.sleep(0.05)
    raise SystemExit(f"no mail to {email}")
