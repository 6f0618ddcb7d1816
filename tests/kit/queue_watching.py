"""What tests of the queue watch it with."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import asyncpg

from tesigo.kit.db import Database
from tesigo.kit.queue import defer, schema_sql
from tesigo.kit.queue_worker import consume

LEASE_S = 2.0
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
TELLING = (
    "CREATE TABLE told (job text, worker text, event text, at timestamptz DEFAULT clock_timestamp())",
    "CREATE TABLE finish (job text)",
)


class Jobs:
    """The queue of one database, as a test sees it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.db = Database(url)

    @classmethod
    async def on_new_database(cls, url: str) -> Self:
        """Make the queue's tables, and those in which worker processes tell what they do."""
        jobs = cls(url)
        for statement in (*schema_sql(), *TELLING):
            await jobs.ask(statement)
        return jobs

    async def put(self, task: str, *, priority: int = 0, **payload: Any) -> None:
        async with self.db.transaction() as tx:
            await defer(tx, task, payload, priority=priority)

    async def put_many(self, task: str, count: int) -> None:
        async with self.db.transaction() as tx:
            for n in range(count):
                await defer(tx, task, {"n": n})

    async def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    async def states(self) -> list[str]:
        return [state for (state,) in await self.ask("SELECT status::text FROM pgqueuer ORDER BY id")]

    async def told(self, event: str) -> list[str]:
        return [
            who for (who,) in await self.ask("SELECT worker FROM told WHERE event = $1 ORDER BY at", event)
        ]


class Handler:
    """A handler that waits until it is let go, and notes what it sees."""

    def __init__(self) -> None:
        self.began: list[Any] = []
        self.ended: list[Any] = []
        self.cancelled: list[Any] = []
        self.go_on = asyncio.Event()

    async def __call__(self, payload: Mapping[str, Any]) -> None:
        self.began.append(payload.get("n"))
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.append(payload.get("n"))
            raise
        self.ended.append(payload.get("n"))


async def until(is_so: Callable[[], bool | Awaitable[bool]], time_s: float = 20) -> None:
    async with asyncio.timeout(time_s):
        while True:
            found = is_so()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


async def is_told(jobs: Jobs, event: str, workers: list[str]) -> bool:
    return await jobs.told(event) == workers


async def has_states(jobs: Jobs, states: list[str]) -> bool:
    return await jobs.states() == states


@contextlib.asynccontextmanager
async def cut_off(url: str) -> AsyncIterator[None]:
    """Let nobody into a database, and cut whoever is in, as long as the block runs."""
    parts = urlsplit(url)
    name = parts.path[1:]
    outside = await asyncpg.connect(parts._replace(path="/postgres").geturl())
    try:
        await outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await outside.fetch(CUT, name)
        yield
    finally:
        await outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await outside.close()


@contextlib.asynccontextmanager
async def working(
    url: str, handlers: Mapping[str, Any], *, concurrency: Callable[[], int] = lambda: 4, grace_s: float = 10
) -> AsyncIterator[asyncio.Event]:
    """Run a worker within this process; stop it at the end."""
    stop = asyncio.Event()
    worker = asyncio.create_task(
        consume(url, handlers, concurrency=concurrency, stop=stop, grace_s=grace_s, lease_s=LEASE_S)
    )
    try:
        yield stop
    finally:
        stop.set()
        await worker
