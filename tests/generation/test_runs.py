import asyncio
import json
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.composers import always
from tests.confined_children import killed_children
from tests.generation.jobs import (
    FailingComposer,
    PausingComposer,
    account_of,
    make_ready,
    payload,
    request,
    rows,
    status,
    until_somebody_waits,
)
from tests.houses import ABSTRACTS

from tesigo.adapters.library_search import LibrarySearch
from tesigo.documents import sections_service
from tesigo.documents.library_service import add_to_library
from tesigo.generation.claims import MOST_ATTEMPTS
from tesigo.generation.errors import JobTakenOver
from tesigo.generation.journal import DatabaseJournal
from tesigo.generation.ports import NoCopies
from tesigo.generation.tasks import run_job
from tesigo.intake.reading import read_sources
from tesigo.kit.db import Database
from tesigo.kit.queue import RetryIn
from tesigo.manuscript import PlannedSection, SectionKind
from tesigo.writing.errors import FaultyText

pytestmark = pytest.mark.asyncio(loop_scope="module")


def tools(me, **changed):
    return replace(me.house.tools, **changed)


async def contents(me, document_id: int) -> dict[str, tuple]:
    written = await rows(
        me, "SELECT number, content, written_at FROM sections WHERE document_id = :id AND content IS NOT NULL",
        id=document_id,
    )  # fmt: skip
    return {row.number: tuple(row) for row in written}


async def test_a_job_writes_its_document_to_the_end(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    await run_job(me.house.tools, payload(job_id))
    told = await status(me, job_id)
    assert (told["status"], told["progress"], told["error"]) == ("completed", 100, None)
    document = (await me.ask("GET", f"/documents/{document_id}")).json()
    assert document["status"] == "completed"
    assert document["word_count"] > 500
    before = await contents(me, document_id)
    await run_job(me.house.tools, payload(job_id))  # the queue may bring a job twice
    assert await contents(me, document_id) == before


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (
            FaultyText("Section 2 broke a promise; write it again."),
            "Section 2 broke a promise; write it again.",
        ),
        (RuntimeError("postgresql://u:hush@db"), "Something went wrong on our side."),
    ],
)
async def test_what_goes_wrong_ends_the_job_with_a_sentence_and_what_is_written_is_taken_up_again(
    me, failure, error
):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    with capture_logs():  # a traceback in colour takes a second
        await run_job(tools(me, composers=always(FailingComposer(failure, good=1))), payload(job_id))
    told = await status(me, job_id)
    assert told["status"] == "failed"
    assert told["error"].startswith(error)
    assert "hush" not in told["error"]
    kept = await contents(me, document_id)
    assert len(kept) == 1
    again = await request(me, document_id)
    await run_job(me.house.tools, payload(again))
    assert (await status(me, again))["status"] == "completed"
    assert kept.items() <= (await contents(me, document_id)).items()
    progress = await rows(
        me, "SELECT progress FROM generation_events WHERE job_id = :job ORDER BY seq", job=again
    )
    assert [row.progress for row in progress] == sorted(row.progress for row in progress)
    assert progress[-1].progress == 100


async def test_a_title_that_no_source_serves_fails_with_what_to_do(me):
    document_id = await me.create("Volcanoes of Iceland")
    job_id = await request(me, document_id)
    await run_job(me.house.tools, payload(job_id))
    assert "add" in (await status(me, job_id))["error"]


async def test_a_lost_database_brings_the_job_again(me):
    job_id = await request(me, await make_ready(me))
    nowhere = Database("postgresql://nobody@127.0.0.1:1/x")
    with pytest.raises(RetryIn):
        await run_job(tools(me, database=nowhere), payload(job_id))
    assert (await status(me, job_id))["status"] == "queued"


async def test_a_database_lost_during_research_brings_the_job_again_and_the_library_is_searched_then(me):
    async with me.house.database.transaction() as tx:
        sources = read_sources("refs.json", json.dumps(ABSTRACTS).encode()).sources
        await add_to_library(tx, sources, me.house.clock())
    document_id = await me.create()
    await me.add(document_id, {**ABSTRACTS[0], "title": "One source of the writer's own"})
    job_id = await request(me, document_id)
    nowhere = LibrarySearch(Database("postgresql://nobody@127.0.0.1:1/x"))
    with pytest.raises(RetryIn) as soon:
        await run_job(tools(me, searches=(nowhere,)), payload(job_id))
    assert soon.value.delay_s <= 2
    assert (await status(me, job_id))["status"] == "running"
    await run_job(me.house.tools, payload(job_id))
    assert (await status(me, job_id))["status"] == "completed"
    kept = await rows(me, "SELECT 1 FROM sources WHERE document_id = :id", id=document_id)
    assert len(kept) == 1 + len(sources)


async def test_a_count_of_pages_that_the_machine_stops_brings_the_job_again(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    with killed_children() as killed, pytest.raises(RetryIn):
        await run_job(me.house.tools, payload(job_id))
    assert killed
    assert (await status(me, job_id))["status"] == "running"
    await run_job(me.house.tools, payload(job_id))
    assert (await status(me, job_id))["status"] == "completed"


async def test_a_machine_that_stays_short_of_something_is_given_minutes_before_the_job_fails(me):
    job_id = await request(me, await make_ready(me))
    composer = FailingComposer(OSError(28, "No space left on device"))
    pauses_s = []
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(RetryIn) as again:
            await run_job(tools(me, composers=always(composer)), payload(job_id))
        pauses_s.append(again.value.delay_s)
    *before_another, before_the_end = pauses_s
    assert before_another == sorted(set(before_another))
    assert before_another[0] <= 2
    assert sum(before_another) > 120
    assert before_the_end <= 2  # nothing more is tried, it is only told
    await run_job(tools(me, composers=always(composer)), payload(job_id))
    assert (await status(me, job_id))["status"] == "failed"


@pytest.mark.parametrize("failure", [ConnectionResetError(), OSError(24, "Too many open files")])
async def test_a_machine_that_is_short_of_something_brings_the_job_again(me, failure):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    with pytest.raises(RetryIn):
        await run_job(tools(me, composers=always(FailingComposer(failure, good=1))), payload(job_id))
    assert (await status(me, job_id))["status"] == "running"
    kept = await contents(me, document_id)
    await run_job(me.house.tools, payload(job_id))
    assert (await status(me, job_id))["status"] == "completed"
    assert kept.items() <= (await contents(me, document_id)).items()


async def test_a_connection_lost_in_the_middle_is_sat_out_and_nothing_is_asked_for_again(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    own = Database(me.house.database.url, pool_size=1)
    composer = PausingComposer(good=1)
    running = asyncio.create_task(
        run_job(tools(me, composers=always(composer), database=own), payload(job_id))
    )
    await composer.stands_still(me.house, job_id)
    async with own.transaction() as tx:
        pid = await tx.scalar(text("SELECT pg_backend_pid()"))
    async with me.house.database.transaction() as tx:  # what the run writes next has to wait here
        await tx.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE"), {"id": job_id})
        composer.go_on.set()
        await until_somebody_waits(me)
        await tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    await asyncio.wait_for(running, 20)
    await own.close()
    assert (await status(me, job_id))["status"] == "completed"
    sections = [row.section for row in await section_events(me, document_id)]
    assert len(sections) == len(set(sections)) == -composer.left + 1  # one call for each, and one was allowed


async def section_events(me, document_id: int) -> list:
    return await rows(
        me, "SELECT section FROM generation_events WHERE document_id = :id AND type = 'section' ORDER BY seq",
        id=document_id,
    )  # fmt: skip


async def test_a_run_that_lost_its_job_begins_no_further_section(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    stale = DatabaseJournal(
        me.house.database, me.house.clock, copies=NoCopies(), job_id=job_id, document_id=document_id,
        account=account_of(me.house, job_id=job_id, document_id=document_id),
        fence=uuid.uuid4(),
    )  # fmt: skip
    with pytest.raises(JobTakenOver):
        await stale.section_started(PlannedSection("2", "Essays", SectionKind.BODY, "To tell.", 100))


async def test_what_was_committed_although_the_answer_got_lost_is_recorded_once(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    composer = PausingComposer(good=1)
    running = asyncio.create_task(
        run_job(tools(me, composers=always(composer), section_concurrency=1), payload(job_id))
    )
    await composer.stands_still(me.house, job_id)
    (job,) = await rows(me, "SELECT fence FROM jobs WHERE id = :id", id=job_id)
    journal = DatabaseJournal(
        me.house.database, me.house.clock, copies=NoCopies(), job_id=job_id, document_id=document_id,
        account=account_of(me.house, job_id=job_id, document_id=document_id),
        fence=job.fence,
    )  # fmt: skip
    async with me.house.database.transaction() as tx:
        (written,) = await sections_service.load_sections(tx, document_id)
    before = await contents(me, document_id)
    await journal.section_written(written)
    assert await contents(me, document_id) == before
    assert len(await section_events(me, document_id)) == 1
    composer.go_on.set()
    await running


async def test_deleting_the_document_stops_its_run_quietly(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    composer = PausingComposer(good=1)
    running = asyncio.create_task(run_job(tools(me, composers=always(composer)), payload(job_id)))
    await composer.stands_still(me.house, job_id)
    assert (await me.ask("DELETE", f"/documents/{document_id}")).status_code == 204
    composer.go_on.set()
    await asyncio.wait_for(running, 20)
    assert (await me.ask("GET", f"/jobs/{job_id}/status")).status_code == 404


async def test_a_failure_after_the_document_was_deleted_is_quiet_too(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    composer = PausingComposer(failure=FaultyText("too late"))
    running = asyncio.create_task(run_job(tools(me, composers=always(composer)), payload(job_id)))
    await composer.stands_still(me.house, job_id)
    await me.ask("DELETE", f"/documents/{document_id}")
    composer.go_on.set()
    await asyncio.wait_for(running, 20)


async def test_a_cancelled_run_leaves_the_job_to_the_next_worker(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    composer = PausingComposer(good=1)
    running = asyncio.create_task(run_job(tools(me, composers=always(composer)), payload(job_id)))
    await composer.stands_still(me.house, job_id)
    kept = await contents(me, document_id)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await status(me, job_id))["status"] == "running"
    await run_job(me.house.tools, payload(job_id))
    assert (await status(me, job_id))["status"] == "completed"
    assert kept.items() <= (await contents(me, document_id)).items()


async def test_a_job_may_be_handed_back_as_often_as_workers_stop(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    for _ in range(MOST_ATTEMPTS + 1):
        composer = PausingComposer()
        running = asyncio.create_task(run_job(tools(me, composers=always(composer)), payload(job_id)))
        await composer.stands_still(me.house, job_id)
        running.cancel()
        await asyncio.wait({running}, timeout=20)
        assert running.cancelled()
    await run_job(me.house.tools, payload(job_id))
    assert (await status(me, job_id))["status"] == "completed"


async def test_a_job_that_reached_another_stage_has_all_its_attempts_again(me):
    job_id = await request(me, await make_ready(me))
    await rows(me, "UPDATE jobs SET attempt = 4 WHERE id = :id RETURNING 1", id=job_id)
    composer = PausingComposer()
    running = asyncio.create_task(run_job(tools(me, composers=always(composer)), payload(job_id)))
    await composer.stands_still(me.house, job_id)
    assert [tuple(row) for row in await rows(me, "SELECT attempt FROM jobs WHERE id = :id", id=job_id)] == [
        (1,)
    ]
    composer.go_on.set()
    await running
