"""A worker process is known for as long as it lives, by what it is and does."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.generation.jobs import rows
from tests.writers import Writer

from tesigo.generation.pool import Pool
from tesigo.generation.presence import present
from tesigo.generation.service import WRITE_DOCUMENT
from tesigo.kit.clock import system_clock
from tesigo.kit.db import Database
from tesigo.kit.queue import defer

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOBODY_ANSWERS = "postgresql://nobody@127.0.0.1:1/nothing"


def make_pool() -> Pool:
    return Pool(least=2, most=10, clock=time.monotonic)


async def until(me: Writer, *expected: tuple[int, int]) -> None:
    """Wait until the workers that are known have these capacities and running jobs."""
    query = "SELECT capacity, running FROM workers"
    async with asyncio.timeout(20):
        while await rows(me, query) != list(expected):  # noqa: ASYNC110 - only the table knows
            await asyncio.sleep(0.05)


async def execute(me: Writer, statement: str) -> None:
    async with me.house.database.transaction() as tx:
        await tx.execute(text(statement))


async def until_so(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.05)


@asynccontextmanager
async def worker(me: Writer, pool: Pool, stop: asyncio.Event | None = None) -> AsyncIterator[None]:
    async with present(pool, me.house.database, me.house.clock, stop=stop or asyncio.Event()):
        yield


async def test_it_tells_its_size_and_what_it_runs_and_is_gone_when_it_ends(me):
    pool, stop = make_pool(), asyncio.Event()
    async with worker(me, pool, stop):
        await until(me, (2, 0))
        assert await rows(me, "SELECT host, pid FROM workers") == [(socket.gethostname(), os.getpid())]
        with pool.running_one():
            await until(me, (2, 1))
            stop.set()
            await until(me, (0, 1))
        await until(me, (0, 0))
    await until(me)


async def test_it_gives_signs_of_life_also_when_nothing_changes(me):
    async with worker(me, make_pool()):
        await until(me, (2, 0))
        query = "SELECT max(seen_at) FROM workers"
        (first,) = await rows(me, query)
        async with asyncio.timeout(12):
            while await rows(me, query) == [first]:  # noqa: ASYNC110 - only the table knows
                await asyncio.sleep(0.1)


async def test_jobs_that_wait_for_a_writer_make_the_pool_larger_and_others_do_not(me):
    pool = make_pool()
    async with me.house.database.transaction() as tx:
        for _ in range(30):
            await defer(tx, "another_task", {})
        for _ in range(11):
            await defer(tx, WRITE_DOCUMENT, {})
    async with worker(me, pool):
        await until_so(lambda: pool.size == 5)
        await until(me, (5, 0))
    await rows(me, "DELETE FROM pgqueuer RETURNING id")


async def test_a_worker_that_fails_leaves_no_row_either(me):
    async def fail() -> None:
        async with worker(me, make_pool()):
            await until(me, (2, 0))
            raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await fail()
    await until(me)


async def test_a_worker_that_the_database_refuses_for_a_while_is_known_again_afterwards(me):
    pool = make_pool()
    with capture_logs() as logs:
        async with worker(me, pool):
            await until(me, (2, 0))
            await execute(me, "ALTER TABLE workers RENAME TO hidden")
            try:
                await until_so(lambda: any("stays" in line["event"] for line in logs))
            finally:
                await execute(me, "ALTER TABLE hidden RENAME TO workers")
            with pool.running_one():
                await until(me, (2, 1))
    assert [line["event"] for line in logs] == [
        "the queue's depth or this worker's row is out of reach, the pool stays"
    ]


async def test_a_database_that_is_away_leaves_the_pool_as_it_is_and_ends_no_worker():
    pool = make_pool()
    pool.see(25)
    away = Database(NOBODY_ANSWERS)
    with capture_logs() as logs:
        async with present(pool, away, system_clock, stop=asyncio.Event()):
            await until_so(lambda: any("stays" in line["event"] for line in logs))
            assert pool.size == 10
    assert [line["event"] for line in logs] == [
        "the queue's depth or this worker's row is out of reach, the pool stays",
        "the worker could not say that it stops",
    ]
    await away.close()
