"""Measure how soon watchers are told what was committed, what a connection costs, and that nothing is lost.

    .venv/bin/python benchmarks/live.py

A server process, a process with 1,000 WebSockets that follow 20 documents of 20 users, and a process that commits
the events of 20 jobs. Before that the same with 20 WebSockets: what 1,000 take longer is the price of the
fan-out. The clients share the machine with the server, so that the time in which they read counts against it.
Ends with 1 when the 95th percentile from commit to client is 100 ms or more, or when an event was lost. Works in
an embedded database of its own, or in an empty one at $LIVE_DATABASE_URL. Linux only: it
reads /proc.
"""

import asyncio
import contextlib
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import websockets
from measured_server import Server, ask, served, sign_in

from tesigo.entry.migrating import migrate
from tesigo.entry.wiring import open_house
from tesigo.generation import store
from tesigo.generation.service import tell
from tesigo.kit.clock import system_clock
from tesigo.kit.db import Database
from tesigo.kit.log import configure_logs
from tesigo.kit.settings import load_settings

DOCUMENTS = 20
FEW, MANY = 1, 50
"""Connections for each document, in the two rounds."""
SECONDS = (10, 25)
"""How long each round lasts."""
ALLOWED_P95_MS = 100.0
PAUSES_S = (0.5, 1.0)
AT_ONCE = 40
LAST_WITHIN_S = 15
LONGEST_LINE_BYTES = 1 << 26


@dataclass(frozen=True)
class Followed:
    """A document with its job, and the token of the user that it belongs to."""

    document_id: int
    job_id: str
    token: str


@dataclass(frozen=True)
class Round:
    """What one round showed: delays in ms, in order; CPU in seconds of the server; memory in KiB."""

    connections: int
    delays_ms: list[float]
    expected: int
    delivered: int
    took_s: float
    cpu_s: float
    memory_kib: tuple[int, int, int]

    def percentile(self, share: float) -> float:
        """Return the delay that this share of the messages does not exceed."""
        return self.delays_ms[min(len(self.delays_ms) - 1, int(share * len(self.delays_ms)))]


def main() -> int:
    """Run one of the processes, or all of them; return the exit code."""
    configure_logs(json=True, level="ERROR")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard) if hard > 0 else 8192, hard))
    match sys.argv[1:]:
        case ["tell", seconds]:
            asyncio.run(tell_events(json.loads(sys.stdin.readline()), float(seconds)))
        case ["watch"]:
            asyncio.run(watch(json.loads(sys.stdin.readline())))
        case _:
            return asyncio.run(measure())
    return 0


async def measure() -> int:
    """Run both rounds and print what they showed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = os.environ.get("LIVE_DATABASE_URL")
        settings = load_settings(_env_file=None, data_dir=folder, database_url=url)
        async with open_house(settings) as house:
            await migrate(house.database)
            environment = {"DATA_DIR": name, "DATABASE_URL": house.database.url}
            async with served(environment) as server:
                followed = await prepare(server, folder / "outbox")
                url = house.database.url
                few = await run_round(server, url, followed, each=FEW, seconds=SECONDS[0])
                many = await run_round(server, url, followed, each=MANY, seconds=SECONDS[1])
    return report(few, many)


def report(few: Round, many: Round) -> int:
    """Print both rounds; return the exit code."""
    print(
        f"{'connections':>11} {'events':>7} {'expected':>8} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} "
        f"{'CPU %':>6} {'MiB before':>10} {'open':>6} {'after':>6}"
    )
    for told in (few, many):
        before, opened, after = (kib / 1024 for kib in told.memory_kib)
        print(
            f"{told.connections:>11} {told.delivered:>7} {told.expected:>8} {told.percentile(0.5):>7.1f} "
            f"{told.percentile(0.95):>7.1f} {told.percentile(0.99):>7.1f} {100 * told.cpu_s / told.took_s:>6.0f} "
            f"{before:>10.1f} {opened:>6.1f} {after:>6.1f}"
        )
    a_connection_kib = (many.memory_kib[1] - many.memory_kib[0]) / many.connections
    p95 = many.percentile(0.95)
    print(f"memory of a connection: {a_connection_kib:.0f} KiB")
    print(f"p95 at {many.connections} connections ÷ at {few.connections}: {p95 / few.percentile(0.95):.1f}")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    lost = [told.expected - told.delivered for told in (few, many)]
    print(f"lost: {sum(lost)}; p95 {p95:.1f} ms (below {ALLOWED_P95_MS:.0f} is asked for)")
    return 1 if any(lost) or p95 >= ALLOWED_P95_MS else 0


async def prepare(server: Server, outbox: Path) -> list[Followed]:
    """Sign in one user for each document, and have the document wait to be written."""
    followed = []
    async with httpx.AsyncClient(base_url=f"{server.address}/api/v1", timeout=30) as client:
        for number in range(DOCUMENTS):
            token = await sign_in(client, outbox, f"watcher{number}@example.com")
            job = await ask(client, "/generate/document-async", {"title": f"Essays, part {number}"}, token)
            followed.append(Followed(job["document_id"], job["job_id"], token))
    return followed


async def run_round(
    server: Server, url: str, followed: Sequence[Followed], *, each: int, seconds: float
) -> Round:
    """Open so many connections for each document, tell events for so long, and compare the two sides."""
    before_kib = server.memory_kib()
    plan = {"address": server.address, "url": url, "each": each, "followed": [vars(one) for one in followed]}
    watching = await start("watch")
    await say(watching, plan)
    await hear(watching)  # all are connected
    opened_kib, cpu_s, began = server.memory_kib(), server.cpu_s(), time.monotonic()
    telling = await start("tell", str(seconds))
    await say(telling, plan)
    committed: dict[str, dict[str, float]] = await hear(telling)
    took_s, used_s = time.monotonic() - began, server.cpu_s() - cpu_s
    await say(watching, {document: max(map(int, times)) for document, times in committed.items()})
    received: list[tuple[int, dict[str, float]]] = await hear(watching)
    after_kib = server.memory_kib()
    await asyncio.gather(telling.wait(), watching.wait())
    delays = [
        1000 * (times[seq] - at)
        for document_id, times in received
        for seq, at in committed[str(document_id)].items()
        if seq in times
    ]
    return Round(
        connections=each * len(followed),
        delays_ms=sorted(delays),
        expected=each * sum(map(len, committed.values())),
        delivered=len(delays),
        took_s=took_s,
        cpu_s=used_s,
        memory_kib=(before_kib, opened_kib, after_kib),
    )


async def tell_events(plan: dict[str, Any], seconds: float) -> None:
    """Commit events of all jobs for so long; print {document: {seq: when it was committed}}."""
    database = Database(plan["url"])
    until = time.monotonic() + seconds
    committed: dict[int, dict[int, float]] = {}

    async def run(one: Followed, dice: random.Random) -> None:
        times = committed[one.document_id] = {}
        while time.monotonic() < until:
            async with database.transaction() as tx:
                job = await store.lock_job(tx, UUID(one.job_id))
                if job is None:
                    raise SystemExit("a job is gone")
                job.progress = min(99, job.progress + 1)
                await tell(tx, job, "stage", at=system_clock())
                _, seq = await store.get_last_state(tx, one.document_id)
            times[seq] = time.time()
            await asyncio.sleep(dice.uniform(*PAUSES_S))

    async with asyncio.TaskGroup() as group:
        for number, one in enumerate(plan["followed"]):
            group.create_task(run(Followed(**one), random.Random(number)))  # noqa: S311 - when, not a secret
    await database.close()
    print(json.dumps(committed), flush=True)


async def watch(plan: dict[str, Any]) -> None:
    """Open the connections, say so, and read; asked for the last numbers, print when each message came."""
    address = plan["address"].replace("http", "ws", 1)
    limit = asyncio.Semaphore(AT_ONCE)
    received: list[tuple[int, dict[int, float]]] = []

    async def follow(one: Followed, is_open: asyncio.Event) -> None:
        times: dict[int, float] = {}
        received.append((one.document_id, times))
        async with contextlib.AsyncExitStack() as stack:
            async with limit:
                url = f"{address}/ws/generation/{one.document_id}"
                client = await stack.enter_async_context(
                    websockets.connect(
                        url,
                        subprotocols=[websockets.Subprotocol(word) for word in ("bearer", one.token)],
                        compression=None,
                        open_timeout=60,
                        close_timeout=5,
                    )
                )
                await client.recv()
            is_open.set()
            async for message in client:
                at = time.time()
                seq = json.loads(message)["seq"]
                if seq in times:
                    raise SystemExit("a message came twice")
                times[seq] = at

    opened = [(Followed(**one), asyncio.Event()) for one in plan["followed"] for _ in range(plan["each"])]
    tasks = [asyncio.create_task(follow(one, is_open)) for one, is_open in opened]
    await asyncio.gather(*(is_open.wait() for _, is_open in opened))
    print("{}", flush=True)
    last: dict[str, int] = json.loads(await asyncio.to_thread(sys.stdin.readline))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_WITHIN_S):
            while not all(last[str(document_id)] in times for document_id, times in received):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    print(json.dumps(received), flush=True)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def start(*arguments: str) -> asyncio.subprocess.Process:
    """Run another process of this benchmark."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE_BYTES,
    )


async def say(process: asyncio.subprocess.Process, told: Any) -> None:
    """Send a line to the process."""
    assert process.stdin
    process.stdin.write(json.dumps(told).encode() + b"\n")
    await process.stdin.drain()


async def hear(process: asyncio.subprocess.Process) -> Any:
    """Return the next line that the process prints."""
    assert process.stdout
    line = await process.stdout.readline()
    if not line:
        raise SystemExit(f"a process of the benchmark ended with {await process.wait()}")
    return json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
