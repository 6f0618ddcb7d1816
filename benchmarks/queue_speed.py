"""Measure the queue: waking up, jobs and enqueues a second, and taking over from a killed worker.

All on an embedded server of its own. What is measured stands beside what PostgreSQL does bare in the same run;
the ratio of the two has a bound with room for a busy machine, and a broken one ends this with 1.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tesigo.kit.db import Database
from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.queue import LEASE_S, defer, schema_sql
from tesigo.kit.queue_worker import consume

WAKE_UPS = 100
JOBS = 1_000
ENQUEUES = 500
CONCURRENCY = 10
WITHIN_S = 120

MOST_WAKE_UP_TO_NOTIFY = 8.0
LEAST_JOBS_TO_BARE = 0.5
LEAST_ENQUEUES_TO_BARE = 0.15
MOST_TAKE_OVER_TO_LEASE = 1.6

BARE_TABLE = "CREATE TABLE bare (id bigserial PRIMARY KEY, picked boolean NOT NULL DEFAULT false)"
BARE_CLAIM = """
    UPDATE bare SET picked = true
    WHERE id = (SELECT id FROM bare WHERE NOT picked ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING id
"""


class Worker:
    """A worker in a process of its own, and the moments at which its handlers began."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def next_began_s(self) -> float:
        """Return when the next handler began, by the machine's monotonic clock."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), WITHIN_S)
        if not line:
            raise SystemExit(f"a worker ended with {await self.process.wait()}")
        return float(line)


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[Worker]:
    """Run a worker process; it is killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--work-on", url, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Worker(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def work_on(url: str) -> None:
    """Be a worker: print when a handler begins, and when a bare notification is heard."""

    def tell(*_: object) -> None:
        print(time.monotonic(), flush=True)

    async def note(_payload: Mapping[str, Any]) -> None:
        tell()

    async def pass_by(_payload: Mapping[str, Any]) -> None:
        pass

    async def hold(_payload: Mapping[str, Any]) -> None:
        tell()
        await asyncio.Event().wait()

    listener = await asyncpg.connect(url)
    await listener.add_listener("bare", tell)
    handlers = {"note": note, "pass": pass_by, "hold": hold}
    await consume(url, handlers, concurrency=lambda: CONCURRENCY, stop=asyncio.Event())


async def measure(url: str) -> bool:
    """Print all figures; return whether every ratio keeps its bound."""
    bare = await asyncpg.connect(url)
    for statement in (*schema_sql(), BARE_TABLE):
        await bare.execute(statement)
    database = Database(url)
    kept = [
        await measure_wake_up(url, database, bare),
        await measure_jobs(url, database, bare),
        await measure_enqueues(database, bare),
        await measure_take_over(url, database),
    ]
    await database.close()
    await bare.close()
    return all(kept)


async def measure_wake_up(url: str, database: Database, bare: asyncpg.Connection) -> bool:
    """From before the commit of a deferral until the handler begins, in an idle worker of another process."""
    queued_ms, bare_ms = [], []
    async with worker(url) as idle:
        await put(database, "note")
        await idle.next_began_s()
        for _ in range(WAKE_UPS):
            async with database.transaction() as tx:
                await defer(tx, "note", {})
                began_s = time.monotonic()
            queued_ms.append(1000 * (await idle.next_began_s() - began_s))
        for _ in range(WAKE_UPS):
            began_s = time.monotonic()
            await bare.execute("INSERT INTO bare DEFAULT VALUES; SELECT pg_notify('bare', '')")
            bare_ms.append(1000 * (await idle.next_began_s() - began_s))
    await bare.execute("TRUNCATE bare")
    print(f"wake-up: {in_ms(queued_ms)}; a bare INSERT and NOTIFY: {in_ms(bare_ms)}")
    ratio = statistics.median(queued_ms) / statistics.median(bare_ms)
    return keeps("wake-up ÷ bare, p50", ratio, at_most=MOST_WAKE_UP_TO_NOTIFY)


async def measure_jobs(url: str, database: Database, bare: asyncpg.Connection) -> bool:
    """From the commit of all jobs until none is left, workers idle before; bare, one at a time."""
    a_second = {}
    for workers in (1, 2):
        async with AsyncExitStack() as stack:
            for each in [await stack.enter_async_context(worker(url)) for _ in range(workers)]:
                await put(database, "note")
                if workers == 1:
                    await each.next_began_s()
            await until_empty(bare)
            began_s = time.monotonic()
            await put(database, *["pass"] * JOBS)
            await until_empty(bare)
            a_second[workers] = JOBS / (time.monotonic() - began_s)
    await bare.execute("INSERT INTO bare SELECT FROM generate_series(1, $1)", JOBS)
    began_s = time.monotonic()
    while (claimed := await bare.fetchval(BARE_CLAIM)) is not None:
        await bare.execute("DELETE FROM bare WHERE id = $1", claimed)
    a_second_bare = JOBS / (time.monotonic() - began_s)
    print(
        f"no-op jobs a second, {CONCURRENCY} at a time: {a_second[1]:.0f} with 1 worker, {a_second[2]:.0f} with 2; "
        f"bare UPDATE … SKIP LOCKED and DELETE, one by one: {a_second_bare:.0f}"
    )
    return keeps("jobs ÷ bare, 1 worker", a_second[1] / a_second_bare, at_least=LEAST_JOBS_TO_BARE)


async def measure_enqueues(database: Database, bare: asyncpg.Connection) -> bool:
    """Deferrals, each in a transaction of its own; bare, rows inserted one by one."""

    async def enqueue(count: int) -> None:
        for _ in range(count):
            await put(database, "nobody's")

    a_second = {}
    for clients in (1, 10):
        began_s = time.monotonic()
        await asyncio.gather(*(enqueue(ENQUEUES // clients) for _ in range(clients)))
        a_second[clients] = ENQUEUES / (time.monotonic() - began_s)
    began_s = time.monotonic()
    for _ in range(ENQUEUES):
        await bare.execute("INSERT INTO bare DEFAULT VALUES")
    a_second_bare = ENQUEUES / (time.monotonic() - began_s)
    print(
        f"enqueues a second: {a_second[1]:.0f} with 1 client, {a_second[10]:.0f} with 10; "
        f"bare INSERT: {a_second_bare:.0f}"
    )
    return keeps("enqueues ÷ bare, 1 client", a_second[1] / a_second_bare, at_least=LEAST_ENQUEUES_TO_BARE)


async def measure_take_over(url: str, database: Database) -> bool:
    """From kill -9 of a worker until the handler begins in another."""
    async with worker(url) as killed:
        await put(database, "hold")
        await killed.next_began_s()
        async with worker(url) as other:
            began_s = time.monotonic()
            killed.process.kill()
            took_s = await other.next_began_s() - began_s
    print(f"take-over after kill -9: {took_s:.1f} s; the lease: {LEASE_S:.0f} s")
    return keeps("take-over ÷ lease", took_s / LEASE_S, at_most=MOST_TAKE_OVER_TO_LEASE)


async def put(database: Database, *tasks: str) -> None:
    """Defer these tasks in one transaction."""
    async with database.transaction() as tx:
        for task in tasks:
            await defer(tx, task, {})


async def until_empty(bare: asyncpg.Connection) -> None:
    """Wait until no job is left."""
    async with asyncio.timeout(WITHIN_S):
        while await bare.fetchval("SELECT EXISTS (SELECT FROM pgqueuer)"):  # noqa: ASYNC110 - other processes end them
            await asyncio.sleep(0.01)


def keeps(name: str, ratio: float, *, at_least: float = 0, at_most: float = float("inf")) -> bool:
    """Print a ratio with its bound; return whether it keeps it."""
    kept = at_least <= ratio <= at_most
    bound = f"at least {at_least}" if at_least else f"at most {at_most}"
    print(f"  {name}: {ratio:.2f} ({bound}){'' if kept else ': BROKEN'}")
    return kept


def in_ms(values: list[float]) -> str:
    """Return median and 95th percentile in words."""
    return f"p50 {statistics.median(values):.1f} ms, p95 {statistics.quantiles(values, n=20)[-1]:.1f} ms"


def main() -> int:
    """Run all measurements; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work-on", metavar="URL", help=argparse.SUPPRESS)
    url = parser.parse_args().work_on
    if url:
        asyncio.run(work_on(url))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = EmbeddedPostgres(folder / "home", system_folder=folder / "system")
        try:
            return 0 if asyncio.run(measure(postgres.acquire())) else 1
        finally:
            postgres.release()


if __name__ == "__main__":
    sys.exit(main())
