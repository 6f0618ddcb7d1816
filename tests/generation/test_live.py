import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
import websockets
from sqlalchemy import text
from tests.composers import always
from tests.generation.jobs import PausingComposer, make_ready, payload, request, rows
from tests.generation.watching import (
    close_code,
    connect,
    make_job,
    receive,
    receive_all,
    receive_until,
    tell_anyway,
    tell_of,
    token_of,
)
from tests.houses import HERE
from tests.processes import tesigo
from tests.servers import answering

from tesigo.accounts.cookies import cookie_names
from tesigo.entry.api import make_app
from tesigo.generation.tasks import run_job

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUT_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(house) -> AsyncIterator[str]:
    async with answering(make_app(house)) as address:
        yield address.replace("http", "ws")


async def test_who_is_not_signed_in_is_told_by_a_code_that_a_browser_can_read(address, me):
    document_id = await me.create()
    url = f"{address}/ws/generation/{document_id}"
    assert await close_code(websockets.connect(url)) == 4401
    for offered in (["bearer", "no.such.token"], ["bearer"], ["bearer", token_of(me), "more"]):
        assert await close_code(websockets.connect(url, subprotocols=offered)) == 4401


async def test_a_document_of_somebody_else_and_one_that_is_absent_answer_the_same(address, me, other):
    document_id = await other.create()
    assert await close_code(connect(address, me, document_id)) == 4404
    assert await close_code(connect(address, me, 999_999_999)) == 4404


@pytest.mark.parametrize("wrong", ["0", "x", "9223372036854775808"])
async def test_an_address_that_is_none_is_refused(address, me, wrong):
    with pytest.raises(websockets.InvalidStatus) as refused:
        await connect(address, me, wrong)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("after", ["-1", "2147483648", "x"])
async def test_a_number_that_no_event_can_have_is_refused(address, me, after):
    document_id = await me.create()
    with pytest.raises(websockets.InvalidStatus):
        await connect(address, me, document_id, f"?after={after}")


@pytest.mark.parametrize(
    ("origin", "is_let_in"), [(HERE, True), ("https://evil.example", False), (None, False), ("null", False)]
)
async def test_a_browsers_cookie_serves_only_pages_of_ours(address, me, origin, is_let_in):
    document_id = await me.create()
    cookie = f"{cookie_names(me.house.settings).access}={token_of(me)}"
    connection = websockets.connect(
        f"{address}/ws/generation/{document_id}", origin=origin, additional_headers={"Cookie": cookie}
    )
    if is_let_in:
        async with connection as socket:
            assert (await receive(socket))["type"] == "snapshot"
    else:
        assert await close_code(connection) == 4401


async def test_a_document_without_a_job_tells_its_own_state(address, me):
    async with connect(address, me, await me.create()) as socket:
        assert socket.subprotocol == "bearer"
        snapshot = await receive(socket)
    assert (snapshot["type"], snapshot["status"], snapshot["seq"], snapshot["job_id"]) == (
        "snapshot",
        "draft",
        0,
        None,
    )


async def test_all_watchers_see_every_event_and_a_dead_one_harms_none(address, me):
    document_id = await make_ready(me)
    async with connect(address, me, document_id) as first, connect(address, me, document_id) as second:
        dead = await connect(address, me, document_id)
        dead.transport.abort()
        following = asyncio.gather(receive_all(first), receive_all(second))
        job_id = await request(me, document_id)
        await run_job(me.house.tools, payload(job_id))
        one, two = await following
    assert one[1:] == two[1:]
    assert [message["seq"] for message in one] == list(range(len(one)))
    progress = [message["progress"] for message in one]
    assert progress == sorted(progress)
    assert one[-1]["status"] == "completed"
    assert {message["section"] for message in one if message["type"] == "section"} >= {"0", "1", "2"}
    assert {message["job_id"] for message in one[1:]} == {str(job_id)}

    async with connect(address, me, document_id, "?after=3") as late:  # what was missed is told again
        snapshot = await receive(late)
        assert snapshot == {**one[3], "type": "snapshot", "section": None}
        assert [(await receive(late)) for _ in one[4:]] == one[4:]


async def test_a_watcher_outlives_the_loss_of_all_its_connections_to_the_database(address, me):
    document_id = await make_ready(me)
    composer = PausingComposer(good=1)
    job_id = await request(me, document_id)
    async with connect(address, me, document_id) as socket:
        await receive(socket)
        await rows(me, CUT_ALL)
        running = asyncio.create_task(
            run_job(replace(me.house.tools, composers=always(composer)), payload(job_id))
        )
        await composer.stands_still(me.house, job_id)
        composer.go_on.set()
        messages = await receive_all(socket)
        await running
    assert messages[-1]["status"] == "completed"
    assert [message["seq"] for message in messages] == list(range(2, len(messages) + 2))


async def test_who_follows_from_the_beginning_sees_all_that_ever_happened_and_no_progress_falls(address, me):
    document_id, job_id = await make_job(me)
    await tell_of(me, job_id, 120)  # more than is read at once
    async with connect(address, me, document_id, "?after=0") as socket:
        await tell_of(me, job_id, 3, ends="completed")
        messages = await receive_all(socket)
    assert [message["seq"] for message in messages] == list(range(126))
    assert (messages[0]["type"], messages[0]["status"], messages[0]["job_id"]) == ("snapshot", "draft", None)
    progress = [message["progress"] for message in messages]
    assert progress == sorted(progress)


async def test_what_is_no_longer_kept_or_has_not_happened_begins_with_the_present_state(address, me):
    document_id, job_id = await make_job(me)
    await tell_of(me, job_id, 9)
    await rows(
        me, "DELETE FROM generation_events WHERE document_id = :id AND seq <= 5 RETURNING 1", id=document_id
    )
    for after in (0, 2, 5, 11, 2**31 - 1):
        async with connect(address, me, document_id, f"?after={after}") as socket:
            snapshot = await receive(socket)
            assert (snapshot["type"], snapshot["seq"], snapshot["progress"]) == ("snapshot", 10, 9)
    async with (
        connect(address, me, document_id, "?after=77") as early,
        connect(address, me, document_id, "?after=6") as late,
    ):
        await tell_of(me, job_id)
        assert await receive_until(early, 11) == [10, 11]
        assert await receive_until(late, 11) == [6, 7, 8, 9, 10, 11]
    await rows(
        me, "DELETE FROM generation_events WHERE document_id = :id AND seq = 8 RETURNING 1", id=document_id
    )
    async with connect(address, me, document_id, "?after=6") as socket:
        assert (await receive(socket))["seq"] == 11


async def test_who_drops_and_returns_a_hundred_times_sees_every_number_once(address, me):
    document_id, job_id = await make_job(me)
    dice = random.Random(20261123)
    is_over = asyncio.Event()
    seen: list[dict] = []
    last = 0

    async def run() -> None:
        told = 1
        while not is_over.is_set():
            if told < last + 12:  # ahead of the client, now more and now less
                told += (times := dice.choice((1, 1, 1, 2, 5)))
                await tell_of(me, job_id, times)
            await asyncio.sleep(dice.random() / 100)
        await tell_of(me, job_id, ends="completed")

    running = asyncio.create_task(run())
    for turn in range(101):
        socket = await connect(address, me, document_id, f"?after={last}")
        snapshot = await receive(socket)
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", last)
        assert not seen or snapshot["progress"] == seen[-1]["progress"]
        if turn == 100:
            is_over.set()
            seen += await receive_all(socket)
        else:
            seen += [await receive(socket) for _ in range(dice.randrange(5))]
        last = seen[-1]["seq"] if seen else 0
        if dice.random() < 0.5:
            socket.transport.abort()
        else:
            await socket.close()
    await running
    assert [message["seq"] for message in seen] == list(range(1, last + 1))
    assert len(seen) > 100
    progress = [message["progress"] for message in seen]
    assert progress == sorted(progress)


async def test_a_watcher_loses_nothing_while_the_database_throws_everybody_out_again_and_again(address, me):
    document_id, job_id = await make_job(me)
    async with connect(address, me, document_id) as socket:
        for turn in range(40):
            if turn % 8 == 4:
                await rows(me, CUT_ALL)
            await tell_anyway(me, job_id)
        assert await receive_until(socket, 41) == list(range(1, 42))


async def test_what_another_process_writes_is_watched_as_well(address, me, tmp_path):
    document_id = await make_ready(me)
    async with connect(address, me, document_id) as socket:
        await request(me, document_id)
        async with tesigo("work", folder=tmp_path, DATABASE_URL=me.house.database.url):
            messages = [await receive(socket, within_s=60) for _ in range(3)]
            messages += await receive_all(socket)
    assert messages[-1]["status"] == "completed"
    assert [message["seq"] for message in messages] == list(range(len(messages)))


async def test_a_watcher_that_cannot_be_served_is_told_so_and_does_not_hang(address, me):
    document_id = await make_ready(me)
    async with connect(address, me, document_id) as socket:
        await receive(socket)
        await request(me, document_id)
        await receive(socket)
        async with me.house.database.transaction() as tx:  # an event of a kind that nobody knows
            await tx.execute(
                text("UPDATE generation_events SET seq = seq + 1, type = 'odd' WHERE document_id = :id"),
                {"id": document_id},
            )
            await tx.execute(
                text("SELECT pg_notify('tesigo_news', :topic)"), {"topic": f'"document:{document_id}"'}
            )
        with pytest.raises(websockets.ConnectionClosedError):
            await receive(socket)
        assert socket.close_code == 1011


async def test_nothing_is_left_of_watchers_that_have_gone(address, me):
    document_id = await me.create()
    for _ in range(3):
        async with connect(address, me, document_id) as socket:
            await receive(socket)
    async with asyncio.timeout(10):
        while f"document:{document_id}" in me.house.news._waiting:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
