"""Many connections in one process: each on its own, and none at the others' expense."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import websockets
from sqlalchemy import event
from structlog.testing import capture_logs
from tests.generation.jobs import rows
from tests.generation.watching import (
    close_code,
    connect,
    make_job,
    narrow_socket,
    receive,
    receive_until,
    tell_of,
    until,
)
from tests.servers import answering
from tests.writers import signed_in

from tesigo.entry.api import make_app
from tesigo.entry.web_socket import BoundedWebSocket
from tesigo.generation import hub as hubs
from tesigo.generation.events_service import Snapshot, take_snapshot
from tesigo.generation.hub import Hub
from tesigo.kit import context

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_PER_USER = 20
ENOUGH = 1_200  # events that no buffer between two ends holds


@contextlib.asynccontextmanager
async def serving(house, *, look_every_s: float) -> AsyncIterator[tuple[str, Hub]]:
    app = make_app(house)
    app.state.hub = Hub(house.database, house.news, most_per_user=MOST_PER_USER, look_every_s=look_every_s)
    async with answering(app, ws=BoundedWebSocket, ws_per_message_deflate=False) as address:
        yield address.replace("http", "ws"), app.state.hub


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(house) -> AsyncIterator[tuple[str, Hub]]:
    async with serving(house, look_every_s=0.3) as served:
        yield served


@pytest.fixture
def address(served) -> str:
    return served[0]


@pytest.fixture
def hub(served) -> Hub:
    return served[1]


async def test_two_hundred_connections_miss_nothing_and_an_event_is_read_once_for_all(house):
    async with contextlib.AsyncExitStack() as stack:
        # one that looks seldom: how long the test takes must not count
        address, _ = await stack.enter_async_context(serving(house, look_every_s=60))
        watched = []
        for _ in range(10):
            me = await stack.enter_async_context(signed_in(house))
            document_id, job_id = await make_job(me)
            opened = [stack.enter_async_context(connect(address, me, document_id)) for _ in range(20)]
            watched.append((me, job_id, await asyncio.gather(*opened)))
        clients = [client for _, _, opened in watched for client in opened]
        await asyncio.gather(*map(receive, clients))
        with counted_reads(house) as reads:
            for seq in range(2, 8):
                await asyncio.gather(*(tell_of(me, job_id) for me, job_id, _ in watched))
                told = await asyncio.gather(*map(receive, clients))
                assert {message["seq"] for message in told} == {seq}
        for _, _, opened in watched:
            await asyncio.gather(*(client.close() for client in opened))
        assert {message["job_id"] for message in told} == {str(job_id) for _, job_id, _ in watched}
    assert reads["events"] < 6 * 10 * 5  # a read for each watcher would make 1,200


async def test_one_that_reads_nothing_is_cut_off_and_delays_nobody(address, hub, me):
    document_id, job_id = await make_job(me)
    async with connect(address, me, document_id) as quick:
        assert (await receive(quick))["seq"] == 1
        slow = await connect(
            address, me, document_id, sock=narrow_socket(address), max_queue=1, ping_interval=None
        )
        await until(lambda: watchers(hub) == 2)
        seen = 1
        while watchers(hub) == 2:
            assert seen < ENOUGH, "nobody was cut off"
            await tell_of(me, job_id, 50)
            seen = (await receive_until(quick, seen + 50))[-1]  # while the other one hangs
        received = []
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                received.append((await receive(slow))["seq"])
        assert slow.close_code == 4408
        assert received == list(range(1, len(received) + 1))
        assert len(received) < seen
        await tell_of(me, job_id)
        assert await receive_until(quick, seen + 1) == [seen + 1]


async def test_a_burst_cuts_nobody_off_that_reads(address, me):
    document_id, job_id = await make_job(me)
    async with connect(address, me, document_id) as one, connect(address, me, document_id) as two:
        await asyncio.gather(receive(one), receive(two))
        await tell_of(me, job_id, 3 * hubs.MOST_WAITING)
        last = 1 + 3 * hubs.MOST_WAITING
        for numbers in await asyncio.gather(receive_until(one, last), receive_until(two, last)):
            assert numbers == list(range(2, last + 1))


async def test_a_user_has_so_many_connections_and_another_is_not_harmed(address, hub, me, other):
    document_id, others_document = await me.create(), await other.create()
    async with contextlib.AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connect(address, me, document_id)) for _ in range(MOST_PER_USER)
        ]
        assert await close_code(connect(address, me, document_id)) == 4429
        assert await close_code(connect(address, me, await me.create())) == 4429
        async with connect(address, other, others_document) as theirs:
            assert (await receive(theirs))["type"] == "snapshot"
        await clients[0].close()
        await until(lambda: watchers(hub) < MOST_PER_USER)
        async with connect(address, me, document_id) as again:
            assert (await receive(again))["type"] == "snapshot"


async def test_watchers_of_a_document_that_is_deleted_are_told_so(address, me):
    document_id, kept = await me.create(), await me.create()
    async with connect(address, me, document_id) as one, connect(address, me, kept) as two:
        await asyncio.gather(receive(one), receive(two))
        assert (await me.ask("DELETE", f"/documents/{document_id}")).status_code == 204
        with pytest.raises(websockets.ConnectionClosed):
            await receive(one)
        assert one.close_code == 4404
        assert two.close_code is None


async def test_what_a_client_says_is_of_no_consequence(address, me):
    document_id, job_id = await make_job(me)
    async with connect(address, me, document_id) as client:
        await receive(client)
        for words in ("hello", b"\x00\xff", "{}", "x" * 4000):
            await client.send(words)
        await tell_of(me, job_id)
        assert (await receive(client))["seq"] == 2


async def test_users_share_nothing_and_each_line_of_the_logs_says_whose_it_is(address, hub, house):
    lines: list[dict[str, Any]] = []
    async with contextlib.AsyncExitStack() as stack:
        lines = stack.enter_context(capture_logs(processors=[add_context]))
        writers = [await stack.enter_async_context(signed_in(house)) for _ in range(5)]
        jobs = [await make_job(me) for me in writers]
        clients = [
            [await stack.enter_async_context(connect(address, me, document_id)) for _ in range(3)]
            for me, (document_id, _) in zip(writers, jobs, strict=True)
        ]
        for me, (_, job_id) in zip(writers, jobs, strict=True):
            await tell_of(me, job_id, 9)
        for opened, (_, job_id) in zip(clients, jobs, strict=True):
            for client in opened:
                messages = [await receive(client) for _ in range(10)]
                assert {message["job_id"] for message in messages} == {str(job_id)}
        for client in (client for opened in clients for client in opened):
            await client.close()
        await until(lambda: not watchers(hub))
        users = {
            str(document_id): await user_of(me, document_id)
            for me, (document_id, _) in zip(writers, jobs, strict=True)
        }
    left = [line for line in lines if line["event"] == "a watcher left"]
    assert Counter(str(line["document_id"]) for line in left) == dict.fromkeys(users, 3)
    assert all(line["user_id"] == users[str(line["document_id"])] for line in left)
    assert len({line["request_id"] for line in left}) == len(left)


async def test_a_feed_speaks_in_nobodys_name(address, hub, me):
    document_id, _ = await make_job(me)
    with capture_logs(processors=[add_context]) as lines:
        async with connect(address, me, document_id) as client:
            await receive(client)
            await rows(
                me,
                "UPDATE generation_events SET type = 'odd', seq = 2 WHERE document_id = :id RETURNING 1",
                id=document_id,
            )
            with pytest.raises(websockets.ConnectionClosed):
                await receive(client)
            assert client.close_code == 1011
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert line["document_id"] == document_id
    assert not line.keys() & {"user_id", "request_id"}


async def test_the_feed_ends_with_its_last_watcher(address, hub, house, me):
    document_id = await me.create()
    async with connect(address, me, document_id) as one:
        await receive(one)
        async with connect(address, me, document_id) as two:
            await receive(two)
            assert len(hub._feeds) == len(hub._following) == 1
        await until(lambda: watchers(hub) == 1)
        assert len(hub._feeds) == 1
    await until(lambda: not hub._feeds and not hub._following)
    assert f"document:{document_id}" not in house.news._waiting


async def test_a_watcher_that_leaves_before_its_feed_has_begun_leaves_nothing(house):
    hub = Hub(house.database, house.news)
    with hub.watching(1, 1, await a_snapshot(house)):
        assert watchers(hub) == 1
    await until(lambda: not hub._feeds and not hub._following, within_s=2)


def watchers(hub: Hub) -> int:
    return sum(len(feed.watchers) for feed in hub._feeds.values())


async def a_snapshot(house) -> Snapshot:
    async with signed_in(house) as me:
        document_id = await me.create()
        user_id = await user_of(me, document_id)
        async with house.database.transaction() as tx:
            return await take_snapshot(tx, user_id, document_id, after=None, now=house.clock())


def add_context(_logger: object, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    return {**context.current(), **line}


async def user_of(me, document_id: int) -> int:
    return (await rows(me, "SELECT user_id FROM documents WHERE id = :id", id=document_id))[0][0]


@contextlib.contextmanager
def counted_reads(house):
    """Count the statements that read events."""
    engine, counts = house.database._engine.sync_engine, Counter()

    def count(_connection, _cursor, statement: str, *_more: object) -> None:
        counts["events"] += "FROM generation_events" in statement and "LIMIT" in statement

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield counts
    finally:
        event.remove(engine, "before_cursor_execute", count)


async def test_what_waits_for_one_connection_is_bounded():
    watcher = hubs.Watcher()
    for seq in range(hubs.MOST_WAITING):
        watcher.hand(hubs._Told(seq, ""))
    assert not watcher.ended.done()
    watcher.hand(hubs._Told(hubs.MOST_WAITING, ""))
    assert watcher.ended.result() == hubs.Closing.TOO_SLOW
    assert not watcher._waiting
