import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
import websockets
from sqlalchemy import text
from tests.generation.jobs import PausingComposer, make_ready, payload, request, rows
from tests.houses import HERE
from tests.servers import answering

from tesigo.accounts.cookies import cookie_names
from tesigo.entry.api import make_app
from tesigo.generation.tasks import run_job

pytestmark = pytest.mark.asyncio(loop_scope="module")

LAST = ("completed", "failed")
CUT_ALL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(house) -> AsyncIterator[str]:
    async with answering(make_app(house)) as address:
        yield address.replace("http", "ws")


def connect(address: str, me, document_id: object, query: str = ""):
    return websockets.connect(
        f"{address}/ws/generation/{document_id}{query}", subprotocols=["bearer", token_of(me)]
    )


def token_of(me) -> str:
    return me.client.headers["authorization"].removeprefix("Bearer ")


async def receive(socket) -> dict:
    return json.loads(await asyncio.wait_for(socket.recv(), 20))


async def receive_all(socket) -> list[dict]:
    """Return all messages up to the one that tells the end of the job."""
    messages = [await receive(socket)]
    while messages[-1]["status"] not in LAST:
        messages.append(await receive(socket))
    return messages


async def close_code(connection) -> int:
    async with connection as socket:
        with contextlib.suppress(websockets.ConnectionClosed):
            message = await asyncio.wait_for(socket.recv(), 10)
            raise AssertionError(message)
        return socket.close_code


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
        assert (await receive(late))["type"] == "snapshot"
        assert [(await receive(late)) for _ in one[4:]] == one[4:]


async def test_a_watcher_outlives_the_loss_of_all_its_connections_to_the_database(address, me):
    document_id = await make_ready(me)
    composer = PausingComposer(good=1)
    job_id = await request(me, document_id)
    async with connect(address, me, document_id) as socket:
        await receive(socket)
        await rows(me, CUT_ALL)
        running = asyncio.create_task(run_job(replace(me.house.tools, composer=composer), payload(job_id)))
        await asyncio.wait_for(composer.stopped.wait(), 20)
        composer.go_on.set()
        messages = await receive_all(socket)
        await running
    assert messages[-1]["status"] == "completed"
    assert [message["seq"] for message in messages] == list(range(2, len(messages) + 2))


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
