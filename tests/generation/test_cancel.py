import asyncio
import contextlib
import time
from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.composers import always
from tests.generation.jobs import (
    OUTLINE,
    PARTS,
    FailingComposer,
    PausingComposer,
    claim,
    make_ready,
    payload,
    request,
    rows,
    status,
    until_somebody_waits,
)

from tesigo.generation.errors import JobTakenOver
from tesigo.generation.service import topic_of_run
from tesigo.generation.tasks import run_job
from tesigo.kit.errors import LimitReached
from tesigo.kit.queue import RetryIn
from tesigo.manuscript import Manuscript

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def cancel(me, job_id):
    return await me.ask("POST", f"/jobs/{job_id}/cancel")


async def document(me, document_id: int) -> dict:
    return (await me.ask("GET", f"/documents/{document_id}")).json()


def tasks_of_runs() -> list[str]:
    """Return the code of the tasks that write documents here, beside those of the server's errands."""
    running = (str(getattr(task.get_coro(), "cr_code", "")) for task in asyncio.all_tasks())
    return [code for code in running if "/tesigo/generation/" in code or "/tesigo/writing/" in code]


async def test_a_cancelled_job_stops_in_the_middle_of_a_section_even_when_nobody_hears_the_news(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    composer = PausingComposer(good=1)
    running = asyncio.create_task(
        run_job(replace(me.house.tools, composers=always(composer), section_concurrency=1), payload(job_id))
    )
    await composer.stands_still(me.house, job_id)
    assert tasks_of_runs()
    before = await document(me, document_id)
    answer = await cancel(me, job_id)
    began_s = time.monotonic()
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    await asyncio.wait_for(running, 20)
    assert time.monotonic() - began_s < 2
    assert not composer.go_on.is_set()
    assert not tasks_of_runs()
    after = await document(me, document_id)
    assert before["content"]
    assert (after["content"], after["status"]) == (before["content"], "paused")
    assert (await status(me, job_id))["status"] == "cancelled"


async def test_cancelling_wakes_the_run_at_once(me):
    job_id = await request(me, await make_ready(me))
    listening = asyncio.create_task(me.house.news.run())
    try:
        async with contextlib.aclosing(me.house.news.wake_ups(topic_of_run(job_id), pause_s=60)) as wake_ups:
            await anext(wake_ups)
            async with asyncio.timeout(20):
                await anext(wake_ups)  # the connection for news is made
            await cancel(me, job_id)
            async with asyncio.timeout(20):
                assert await anext(wake_ups)
    finally:
        listening.cancel()
        await asyncio.wait({listening})


async def test_whoever_takes_a_job_over_stops_the_run_before(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    composer = PausingComposer(good=1)
    running = asyncio.create_task(
        run_job(replace(me.house.tools, composers=always(composer)), payload(job_id))
    )
    await composer.stands_still(me.house, job_id)
    taken = await claim(me, job_id)
    with pytest.raises(RetryIn):  # its end must not end the queue's entry, which may be its worker's again
        await asyncio.wait_for(running, 20)
    assert not composer.go_on.is_set()
    await taken.journal.warned("The second worker has it.")


async def test_a_job_that_waits_leaves_the_queue_and_its_document_is_a_draft_again(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    (entry,) = (await rows(me, "SELECT queue_id FROM jobs WHERE id = :id", id=job_id))[0]
    assert await rows(me, "SELECT 1 FROM pgqueuer WHERE id = :id", id=entry)
    assert (await cancel(me, job_id)).json()["queue_position"] is None
    assert not await rows(me, "SELECT 1 FROM pgqueuer WHERE id = :id", id=entry)
    assert (await document(me, document_id))["status"] == "draft"
    assert await claim(me, job_id) is None
    assert await request(me, document_id) != job_id


async def test_a_paused_job_can_be_cancelled(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    composer = FailingComposer(LimitReached("Enough for today.", retry_after_s=60), good=1)
    await run_job(replace(me.house.tools, composers=always(composer)), payload(job_id))
    assert (await cancel(me, job_id)).json()["status"] == "cancelled"
    assert (await document(me, document_id))["status"] == "paused"


async def test_cancelling_again_changes_nothing_and_what_has_ended_cannot_be_cancelled(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    first = await cancel(me, job_id)
    kept = await rows(me, "SELECT * FROM jobs WHERE id = :id", id=job_id)
    events = "SELECT count(*) FROM generation_events WHERE job_id = :id"
    told = await rows(me, events, id=job_id)
    again = await cancel(me, job_id)
    assert (again.status_code, again.json()) == (202, first.json())
    assert await rows(me, "SELECT * FROM jobs WHERE id = :id", id=job_id) == kept
    assert await rows(me, events, id=job_id) == told

    for end in ("completed", "failed"):
        ended = await request(me, document_id)
        run = await claim(me, ended)
        if end == "failed":
            await run.journal.failed("No more ink.")
            document_id = await make_ready(me)
        else:
            await run.journal.completed(Manuscript("t", "en", "apa", "generic", (), ()))
            document_id = await make_ready(me)
        answer = await cancel(me, ended)
        assert (answer.status_code, answer.json()["code"]) == (409, "job_ended")
        assert (await status(me, ended))["status"] == end


async def test_a_cancelled_run_can_write_nothing_more_and_its_watchers_are_told(me):
    document_id = await make_ready(me)
    run = await claim(me, await request(me, document_id))
    await run.journal.outline_ready(OUTLINE)
    await run.journal.section_written(PARTS[0])
    await cancel(me, run.claim.job_id)
    for writing in (run.journal.section_written(PARTS[1]), run.journal.failed("Too late.")):
        with pytest.raises(JobTakenOver):
            await writing
    events = await rows(
        me, "SELECT status FROM generation_events WHERE document_id = :id ORDER BY seq", id=document_id
    )
    assert events[-1].status == "cancelled"


async def test_cancelling_a_job_locks_its_document_first_as_everybody_does(me):
    """In another order it would wait for a deletion or a resumption that waits for it."""
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    async with me.house.database.transaction() as tx:
        document_first = text("SELECT 1 FROM documents WHERE id = :id FOR NO KEY UPDATE")
        await tx.execute(document_first, {"id": document_id})
        cancelling = asyncio.create_task(cancel(me, job_id))
        await until_somebody_waits(me)
        await tx.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE NOWAIT"), {"id": job_id})
    assert (await cancelling).json()["status"] == "cancelled"


async def test_the_text_of_a_cancelled_job_can_be_edited(me):
    document_id = await make_ready(me)
    run = await claim(me, await request(me, document_id))
    await run.journal.outline_ready(OUTLINE)
    await run.journal.section_written(PARTS[0])
    assert (await me.put(document_id, content="# Part 1\n\nMine.\n")).status_code == 409
    await cancel(me, run.claim.job_id)
    assert (await me.put(document_id, content="# Part 1\n\nMine.\n")).status_code == 200
