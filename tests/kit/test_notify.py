import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
import pytest
from tests.databases import SERVERS, database

from tesigo.kit.db import Database
from tesigo.kit.notify import News, announce

NEVER_S = 60.0


@dataclass
class Watcher:
    """Counts its wake-ups; the first, which everybody gets at once, is number 1."""

    news: News
    topic: str
    woken: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def watch(self) -> None:
        async for announced in self.news.wake_ups(self.topic, pause_s=NEVER_S):
            assert announced
            async with self.changed:
                self.woken += 1
                self.changed.notify_all()

    async def until_woken(self, times: int, within_s: float = 10) -> None:
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(lambda: self.woken >= times)


@pytest.fixture(params=SERVERS)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Database, News]]:
    async with database(request.param) as url:
        db, news = Database(url), News(url)
        listening = asyncio.create_task(news.run())
        yield db, news
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        await db.close()


@contextlib.asynccontextmanager
async def watching(news: News, *topics: str) -> AsyncIterator[list[Watcher]]:
    watchers = [Watcher(news, topic) for topic in topics]
    tasks = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    try:
        await asyncio.gather(*(watcher.until_woken(1) for watcher in watchers))
        yield watchers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def say(db: Database, topic: str) -> None:
    async with db.transaction() as tx:
        await announce(tx, topic)
        await announce(tx, topic)


async def until_listening(url: str, *, besides: int = 0) -> int:
    """Return the process id of the connection that listens, once there is one other than `besides`."""
    connection = await asyncpg.connect(url)
    query = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    try:
        async with asyncio.timeout(10):
            while True:
                for row in await connection.fetch(query):
                    if row["pid"] != besides:
                        return row["pid"]
                await asyncio.sleep(0.01)
    finally:
        await connection.close()


async def test_all_that_wait_for_a_topic_are_woken_and_nobody_else(house):
    db, news = house
    await until_listening(db.url)
    async with watching(news, "a", "a", "b") as (first, second, other):
        await say(db, "a")
        await asyncio.gather(first.until_woken(2), second.until_woken(2))
        await say(db, "b")
        await other.until_woken(2)
        assert (first.woken, second.woken, other.woken) == (2, 2, 2)


async def test_nobody_is_woken_before_the_commit_nor_after_a_rollback(house):
    db, news = house
    await until_listening(db.url)
    async with watching(news, "a") as (watcher,):
        with contextlib.suppress(ZeroDivisionError):
            async with db.transaction() as tx:
                await announce(tx, "a")
                _ = 1 / 0
        async with db.transaction() as tx:
            await announce(tx, "a")
            await say(db, "b")  # committed meanwhile: whatever comes of "a" so far would have come before
            assert watcher.woken == 1
        await watcher.until_woken(2)
        assert watcher.woken == 2


async def test_a_lost_connection_is_made_anew_at_once_and_then_everybody_looks_again(house):
    db, news = house
    lost = await until_listening(db.url)
    async with watching(news, "a", "b") as (first, second):
        async with db.transaction() as tx:
            connection = await tx.connection()
            await connection.exec_driver_sql(f"SELECT pg_terminate_backend({lost})")
        await asyncio.gather(first.until_woken(2, within_s=5), second.until_woken(2, within_s=5))
        await until_listening(db.url, besides=lost)
        await say(db, "a")
        await first.until_woken(3)


async def test_who_hears_nothing_looks_again_after_the_pause():
    news = News("postgresql://nobody@127.0.0.1:1/x")  # and never listens
    wake_ups = news.wake_ups("quiet", pause_s=0.01)
    assert [await anext(wake_ups) for _ in range(3)] == [True, False, False]
    await wake_ups.aclose()


async def test_what_is_announced_while_one_is_busy_is_one_wake_up(house):
    db, news = house
    await until_listening(db.url)
    wake_ups = news.wake_ups("a", pause_s=0.5)
    await anext(wake_ups)
    async with watching(news, "a") as (witness,):
        for number in range(5):
            await say(db, "a")
            await witness.until_woken(2 + number)
    assert [await anext(wake_ups) for _ in range(2)] == [True, False]
    await wake_ups.aclose()


async def test_a_topic_that_nobody_waits_for_is_forgotten(house):
    _, news = house
    async with watching(news, *(f"document:{number}" for number in range(100))):
        assert len(news._waiting) == 100
    gc.collect()
    await asyncio.sleep(0)
    assert not news._waiting


async def test_listening_begins_when_the_database_comes():
    async with database(SERVERS[0]) as url:
        news = News("postgresql://nobody@127.0.0.1:1/x")
        listening = asyncio.create_task(news.run())
        async with watching(news, "a") as (watcher,):
            news._url = url
            await watcher.until_woken(2)
        listening.cancel()
        await asyncio.wait({listening})


async def test_who_is_woken_and_cancelled_at_the_same_moment_ends() -> None:
    news = News("postgresql://nobody@127.0.0.1:1/nothing")
    watcher = Watcher(news, "a")
    watching = asyncio.create_task(watcher.watch())
    await watcher.until_woken(1)
    await asyncio.sleep(0)  # it waits for the next one now
    news._wake("a")
    watching.cancel()
    done, _ = await asyncio.wait({watching}, timeout=5)
    assert done
    assert watching.cancelled()


async def test_a_server_that_lets_in_and_then_says_nothing_is_left_and_tried_again():
    visits: asyncio.Queue[None] = asyncio.Queue()
    visitors: list[asyncio.Task[None]] = []

    async def fall_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.append(asyncio.current_task())
        try:
            await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
            welcome, version = b"R\0\0\0\x08\0\0\0\0", b"server_version\x0018.0\0"
            writer.write(welcome + b"S" + (4 + len(version)).to_bytes(4) + version + b"Z\0\0\0\x05I")
            visits.put_nowait(None)
            while await reader.read(1024):
                pass
        finally:
            writer.close()

    async with await asyncio.start_server(fall_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        listening = asyncio.create_task(News(f"postgresql://u@127.0.0.1:{port}/x?sslmode=disable").run())
        async with asyncio.timeout(25):
            await visits.get()
            await visits.get()
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        await asyncio.wait(visitors, timeout=5)
