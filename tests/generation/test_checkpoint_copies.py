"""Whatever happens to Redis in the middle of a job, the job goes on and what is read of it is right."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from tests.composers import always
from tests.generation.jobs import PausingComposer, make_ready, payload, request, rows, status
from tests.houses import opened_house
from tests.redis_servers import RedisServer, redis_server
from tests.writers import Writer, signed_in

from tesigo.adapters.redis_checkpoints import RedisCheckpoints
from tesigo.generation.checkpoints import read_checkpoints
from tesigo.generation.models import JobRow
from tesigo.generation.ports import Checkpoint, NoCopies
from tesigo.generation.tasks import Tools, run_job
from tesigo.kit.db import Database, DatabaseAway
from tesigo.manuscript import Manuscript

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "an installation's own key of some length"
NOWHERE = "postgresql://127.0.0.1:1/none"


@pytest.fixture
def server(tmp_path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@asynccontextmanager
async def copies_at(url: str, *, rest_s: float = 0.05) -> AsyncIterator[RedisCheckpoints]:
    copies = RedisCheckpoints(url, secret=SECRET, rest_s=rest_s)
    try:
        yield copies
    finally:
        await copies.aclose()


def name_of(job_id: uuid.UUID) -> str:
    return f"tesigo:checkpoint:{job_id}"


async def job_of(me: Writer, job_id: uuid.UUID) -> JobRow:
    async with me.house.database.transaction() as tx:
        return (await tx.scalars(select(JobRow).where(JobRow.id == job_id))).one()


async def is_right(me: Writer, copies, job_id: uuid.UUID) -> Checkpoint:
    """Return what is read of the job, which is what the database has and what the sections say."""
    job = await job_of(me, job_id)
    read = await read_checkpoints(me.house.database, copies, [job])
    assert read == await read_checkpoints(me.house.database, NoCopies(), [job])
    written = await rows(
        me, "SELECT number FROM sections WHERE document_id = :id AND content IS NOT NULL ORDER BY position",
        id=job.document_id,
    )  # fmt: skip
    assert read[job_id].sections_done == tuple(number for (number,) in written)
    assert (read[job_id].progress, read[job_id].document_id) == (job.progress, job.document_id)
    return read[job_id]


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while not await is_so():  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.01)


def flush(server: RedisServer, _job_id: uuid.UUID) -> None:
    with server.client() as client:
        client.flushall()


def fill_with_garbage(server: RedisServer, job_id: uuid.UUID) -> None:
    with server.client() as client:
        client.set(name_of(job_id), bytes(range(256)) * 4000)


def fill_with_a_list(server: RedisServer, job_id: uuid.UUID) -> None:
    with server.client() as client:
        value = client.get(name_of(job_id))
        client.delete(name_of(job_id))
        client.rpush(name_of(job_id), value, value)


def fill_with_a_lie(server: RedisServer, job_id: uuid.UUID) -> None:
    with server.client() as client:
        value = client.get(name_of(job_id))
        client.set(name_of(job_id), value.replace(b'"tokens_used":0', b'"tokens_used":9'))
        assert client.get(name_of(job_id)) != value


def fill_with_another_jobs(server: RedisServer, job_id: uuid.UUID) -> None:
    with server.client() as client:
        client.copy(name_of(OTHER), name_of(job_id), replace=True)


def fill_with_an_older_one(server: RedisServer, job_id: uuid.UUID) -> None:
    with server.client() as client:
        client.copy("older", name_of(job_id), replace=True)


OTHER = uuid.uuid4()
WRONG = [
    fill_with_garbage, fill_with_a_list, fill_with_a_lie, fill_with_another_jobs, fill_with_an_older_one, flush
]  # fmt: skip


def counted_as_five(_manuscript: Manuscript) -> float:
    """Count pages at once: how many there are does not matter here."""
    return 5.0


def tools_of(me: Writer, **changed: Any) -> Tools:
    """Return the tools of a job that writes one section after the other."""
    return replace(me.house.tools, count_pages=counted_as_five, section_concurrency=1, **changed)


async def test_whatever_stands_in_redis_in_the_middle_of_a_job_what_is_read_is_right(me, server):
    job_id = await request(me, await make_ready(me))
    composer = PausingComposer(good=2)
    async with copies_at(server.url) as copies:
        keep_older = asyncio.create_task(keep_the_first_copy(server, job_id))
        tools = tools_of(me, composers=always(composer), copies=copies)
        running = asyncio.create_task(run_job(tools, payload(job_id)))
        await composer.stands_still(me.house, job_id)
        await keep_older
        await until(lambda: is_copied(me, copies, job_id))
        before = await is_right(me, copies, job_id)
        assert len(before.sections_done) == 2
        await copies.keep(replace(before, job_id=OTHER))
        for wrong in WRONG:
            await copies.keep(before)
            assert await is_copied(me, copies, job_id)
            wrong(server, job_id)
            assert await is_right(me, copies, job_id) == before
            assert not await is_copied(me, copies, job_id), wrong.__name__
        composer.go_on.set()
        await asyncio.wait_for(running, 60)
        last = await is_right(me, copies, job_id)
        assert (last.progress, last.current_sections) == (100, ())
        assert await is_copied(me, copies, job_id)


async def is_copied(me: Writer, copies: RedisCheckpoints, job_id: uuid.UUID) -> bool:
    """Return whether the newest checkpoint can be read from its copy, without the database."""
    job = await job_of(me, job_id)
    try:
        return set(await read_checkpoints(Database(NOWHERE), copies, [job])) == {job_id}
    except DatabaseAway:
        return False


async def test_a_redis_that_dies_in_the_middle_of_a_job_and_stays_away_harms_nothing(me, server):
    job_id = await request(me, await make_ready(me))
    composer = PausingComposer(good=2)
    async with copies_at(server.url) as copies:
        running = asyncio.create_task(
            run_job(tools_of(me, composers=always(composer), copies=copies), payload(job_id))
        )
        await composer.stands_still(me.house, job_id)
        server.kill()
        await is_right(me, copies, job_id)
        composer.go_on.set()
        await asyncio.wait_for(running, 60)
        assert (await is_right(me, copies, job_id)).progress == 100


async def keep_the_first_copy(server: RedisServer, job_id: uuid.UUID) -> None:
    """Put the first copy of the job aside, as somebody who wants to give an old one for a new one."""

    async def is_aside() -> object:
        with server.client() as client:
            return client.copy(name_of(job_id), "older")

    await until(is_aside)


@pytest.mark.parametrize(("begin", "end"), [("kill", "start"), ("pause", "go_on")])
async def test_after_the_trouble_copies_are_read_again_by_themselves(me, server, begin, end):
    job_id = await request(me, await make_ready(me))
    composer = PausingComposer(good=1)
    async with copies_at(server.url) as copies:
        tools = tools_of(me, composers=always(composer), copies=copies, checkpoint_interval_s=0.3)
        running = asyncio.create_task(run_job(tools, payload(job_id)))
        await composer.stands_still(me.house, job_id)
        await asyncio.to_thread(getattr(server, begin))
        job = await job_of(me, job_id)
        assert set(await read_checkpoints(me.house.database, copies, [job])) == {job_id}
        await asyncio.to_thread(getattr(server, end))
        await until(lambda: is_copied(me, copies, job_id))
        composer.go_on.set()
        await asyncio.wait_for(running, 60)
        await until(lambda: is_copied(me, copies, job_id))


class CountedCopies(NoCopies):
    """Counts how often a job keeps a copy."""

    def __init__(self, copies: RedisCheckpoints) -> None:
        self.copies = copies
        self.kept = 0

    async def keep(self, checkpoint: Checkpoint) -> None:
        await self.copies.keep(checkpoint)
        self.kept += 1


def asked_so_far(server: RedisServer) -> tuple[int, int]:
    """Return (connections, copies to be kept) that came to the server, whether it could answer or not.

    The connection that asks for this is one more of them.
    """
    with server.client() as client:
        copies = client.info("commandstats").get("cmdstat_set", {"calls": 0})
        return client.info("stats")["total_connections_received"], copies["calls"]


async def test_a_redis_that_hangs_holds_up_one_section_of_a_job(me, server):
    job_id = await request(me, await make_ready(me))
    async with copies_at(server.url, rest_s=60) as copies:
        await copies.greet()
        connections, _ = asked_so_far(server)
        server.pause()
        counted = CountedCopies(copies)
        async with asyncio.timeout(60):  # a job that hangs with it never ends
            await run_job(tools_of(me, copies=counted), payload(job_id))
        server.go_on()
    assert (await status(me, job_id))["status"] == "completed"
    assert counted.kept > 4
    # the first over the connection that was there; each further one would have made its own
    assert asked_so_far(server) == (connections + 1, 1)


async def test_an_installation_copies_to_the_redis_of_its_settings_for_an_hour(tmp_path, server):
    async with opened_house(tmp_path, redis_url=server.url) as house, signed_in(house) as me:
        job_id = await request(me, await make_ready(me))
        await run_job(house.tools, payload(job_id))
        with server.client() as client:
            assert 3000 < client.ttl(name_of(job_id)) <= 3600
        await is_right(me, house.tools.copies, job_id)
        job = await job_of(me, job_id)
        assert set(await read_checkpoints(Database(NOWHERE), house.tools.copies, [job])) == {job_id}


async def test_an_installation_whose_redis_is_not_there_says_so_in_one_line_and_works(tmp_path):
    with redis_server(tmp_path, "--requirepass", "hushhush") as server, capture_logs() as told:
        server.kill()
        url = f"redis://:hushhush@127.0.0.1:{server.port}/0"
        async with opened_house(tmp_path, redis_url=url) as house:
            at_start = [entry for entry in told if "Redis" in entry["event"]]
            server.start()
            async with signed_in(house) as me:  # without Redis nobody signs in
                server.kill()
                job_id = await request(me, await make_ready(me))
                await run_job(house.tools, payload(job_id))
                assert (await status(me, job_id))["status"] == "completed"
    assert [entry["log_level"] for entry in at_start] == ["warning"]
    later = [entry for entry in told if "Redis" in entry["event"]][1:]
    assert [entry["event"] for entry in later] == [
        "Redis fails, limits of rate do not hold and nobody signs in now"
    ]
    assert "hushhush" not in repr(told)
