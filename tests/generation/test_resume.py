import asyncio
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.composers import always
from tests.generation.jobs import (
    OUTLINE,
    PARTS,
    FailingComposer,
    claim,
    make_ready,
    payload,
    request,
    rows,
    status,
    until_somebody_waits,
)

from tesigo.generation.tasks import run_job
from tesigo.kit.errors import LimitReached
from tesigo.manuscript import Manuscript
from tesigo.writing.errors import FaultyText

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = LimitReached("You have used up your tokens of today: go on tomorrow.", retry_after_s=3600)


async def resume(me, document_id: int):
    return await me.ask("POST", f"/documents/{document_id}/resume")


async def resumed(me, document_id: int) -> uuid.UUID:
    answer = await resume(me, document_id)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "queued"
    return uuid.UUID(answer.json()["job_id"])


async def content(me, document_id: int) -> str:
    return (await me.ask("GET", f"/documents/{document_id}")).json()["content"]


async def document_status(me, document_id: int) -> str:
    return (await me.ask("GET", f"/documents/{document_id}")).json()["status"]


async def written(me, document_id: int) -> set:
    query = "SELECT number, content, written_at FROM sections WHERE document_id = :id AND content IS NOT NULL"
    return {tuple(row) for row in await rows(me, query, id=document_id)}


async def entries(me, job_id: uuid.UUID) -> list[int]:
    query = "SELECT id FROM pgqueuer WHERE convert_from(payload, 'UTF8')::jsonb ->> 'job_id' = :id"
    return [row.id for row in await rows(me, query, id=str(job_id))]


async def stopped_by(me, failure: Exception, *, good: int = 2) -> tuple[int, uuid.UUID]:
    """Return a document whose job was stopped by this failure after so many sections."""
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    for entry in await entries(me, job_id):  # as a worker does that has run it
        await rows(me, "DELETE FROM pgqueuer WHERE id = :id RETURNING 1", id=entry)
    composer = FailingComposer(failure, good=good)
    await run_job(replace(me.house.tools, composers=always(composer), section_concurrency=1), payload(job_id))
    return document_id, job_id


async def half_written(me) -> tuple[int, uuid.UUID]:
    """Return a document with two of four sections, and the job that a worker has."""
    document_id = await make_ready(me)
    run = await claim(me, await request(me, document_id))
    await run.journal.outline_ready(OUTLINE)
    for part in PARTS[:2]:
        await run.journal.section_written(part)
    return document_id, run.claim.job_id


async def test_a_limit_that_is_used_up_lets_the_job_rest_and_it_goes_on_as_the_same_job(me):
    document_id, job_id = await stopped_by(me, LIMIT)
    told = await status(me, job_id)
    assert (told["status"], told["error"]) == ("paused", LIMIT.message)
    assert await document_status(me, document_id) == "paused"
    (event,) = await rows(
        me, "SELECT status, error FROM generation_events WHERE job_id = :id ORDER BY seq DESC LIMIT 1", id=job_id
    )  # fmt: skip
    assert tuple(event) == ("paused", LIMIT.message)
    assert await claim(me, job_id) is None  # it does not go on by itself
    kept = await written(me, document_id)
    assert len(kept) == 2
    (before,) = await rows(me, "SELECT progress FROM jobs WHERE id = :id", id=job_id)

    assert await resumed(me, document_id) == job_id
    (after,) = await rows(me, "SELECT progress FROM jobs WHERE id = :id", id=job_id)
    assert after == before
    assert await document_status(me, document_id) == "generating"
    assert len(await entries(me, job_id)) == 1
    assert (await status(me, job_id))["error"] is None
    await run_job(me.house.tools, payload(job_id))
    assert (await status(me, job_id))["status"] == "completed"
    assert kept <= await written(me, document_id)


async def test_a_job_that_rested_overtakes_nobody_by_its_rest(me):
    document_id, job_id = await stopped_by(me, LIMIT)
    rest = "UPDATE jobs SET priority = priority + 86400 WHERE id = :id RETURNING priority"
    ((of_yesterday,),) = await rows(me, rest, id=job_id)  # as though it had been asked for a day ago
    others = await request(me, await make_ready(me))
    await resumed(me, document_id)
    ((resumed_job,),) = await rows(me, "SELECT priority FROM jobs WHERE id = :id", id=job_id)
    ((other,),) = await rows(me, "SELECT priority FROM jobs WHERE id = :id", id=others)
    assert resumed_job <= other < of_yesterday


@pytest.mark.parametrize("end", ["failed", "cancelled"])
async def test_what_failed_or_was_cancelled_goes_on_in_a_new_job_from_what_is_written(me, end):
    document_id, job_id = await stopped_by(
        me, FaultyText("A promise is broken.") if end == "failed" else LIMIT
    )
    if end == "cancelled":
        assert (await me.ask("POST", f"/jobs/{job_id}/cancel")).status_code == 202
    kept = await written(me, document_id)
    new = await resumed(me, document_id)
    assert new != job_id
    told = await status(me, new)
    assert told["sections_done"] == 2
    assert told["progress"] > 15
    await run_job(me.house.tools, payload(new))
    assert (await status(me, new))["status"] == "completed"
    assert kept <= await written(me, document_id)
    progress = await rows(
        me, "SELECT progress FROM generation_events WHERE document_id = :id ORDER BY seq", id=document_id
    )
    assert [row.progress for row in progress] == sorted(row.progress for row in progress)


@pytest.mark.parametrize("how", ["paused", "failed", "lost"])
async def test_of_twenty_resumes_at_once_all_get_the_same_job(me, how):
    if how == "lost":
        document_id, job_id = await half_written(me)
        await rows(me, "DELETE FROM pgqueuer RETURNING 1")
    else:
        document_id, job_id = await stopped_by(me, LIMIT if how == "paused" else FaultyText("Broken."))
    jobs = set(await asyncio.gather(*(resumed(me, document_id) for _ in range(20))))
    assert len(jobs) == 1
    assert (job_id in jobs) == (how != "failed")
    assert len(await entries(me, jobs.pop())) == 1


async def test_a_job_that_waits_is_resumed_by_leaving_it_where_it_is(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    before = await rows(me, "SELECT * FROM jobs WHERE id = :id", id=job_id)
    entry = await entries(me, job_id)
    assert await resumed(me, document_id) == job_id
    assert await rows(me, "SELECT * FROM jobs WHERE id = :id", id=job_id) == before
    assert await entries(me, job_id) == entry


async def test_a_job_is_left_to_the_queue_while_its_lost_workers_entry_is_there_and_refused_while_one_lives(
    me,
):
    document_id, job_id = await half_written(me)
    before = await rows(me, "SELECT * FROM jobs WHERE id = :id", id=job_id)
    take = (
        "UPDATE pgqueuer SET status = 'picked', heartbeat = now() - make_interval(secs => :ago), "
        "queue_manager_id = gen_random_uuid() WHERE id = :id RETURNING 1"
    )
    (entry,) = await entries(me, job_id)
    await rows(me, take, id=entry, ago=3600)
    assert await resumed(me, document_id) == job_id
    await rows(me, take, id=entry, ago=0)
    answer = await resume(me, document_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_runs")
    assert await rows(me, "SELECT * FROM jobs WHERE id = :id", id=job_id) == before
    assert await entries(me, job_id) == [entry]


async def test_a_job_that_the_queue_has_lost_is_put_there_again(me):
    document_id, job_id = await half_written(me)
    await rows(me, "DELETE FROM pgqueuer RETURNING 1")
    assert await resumed(me, document_id) == job_id
    assert (await status(me, job_id))["status"] == "queued"
    await run_job(me.house.tools, payload(job_id))
    (row,) = await rows(me, "SELECT queue_id FROM jobs WHERE id = :id", id=job_id)
    assert await entries(me, job_id) == [row.queue_id]


async def test_what_is_finished_or_was_never_started_cannot_be_resumed(me):
    never = await make_ready(me)
    answer = await resume(me, never)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_resume")
    typed = await me.create()
    await me.put(typed, content="# Mine\n\nTyped by hand.\n")
    assert (await resume(me, typed)).json()["code"] == "nothing_to_resume"
    run = await claim(me, await request(me, never))
    await run.journal.completed(Manuscript("t", "en", "apa", "generic", (), ()))
    answer = await resume(me, never)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_written")


@pytest.mark.parametrize("state", ["picked", "queued"])
async def test_an_entry_that_the_paused_run_left_behind_does_not_take_the_resumed_job_over(me, state):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    (left,) = await entries(me, job_id)
    await run_job(replace(me.house.tools, composers=always(FailingComposer(LIMIT, good=1))), payload(job_id))
    leave = "UPDATE pgqueuer SET status = CAST(:state AS pgqueuer_status) WHERE id = :id RETURNING 1"
    await rows(me, leave, state=state, id=left)  # its worker was killed, or could not see the job end
    assert await resumed(me, document_id) == job_id
    (row,) = await rows(me, "SELECT queue_id FROM jobs WHERE id = :id", id=job_id)
    assert await entries(me, job_id) == [row.queue_id]
    assert row.queue_id != left


async def test_asking_for_a_paused_document_to_be_written_goes_on_with_its_job(me):
    document_id, job_id = await stopped_by(me, LIMIT)
    assert await request(me, document_id) == job_id
    again = await me.ask("POST", "/generate/document-async", json={"document_id": document_id})
    assert (again.status_code, again.json()["code"]) == (409, "job_runs")


@pytest.mark.parametrize("how", ["changed", "as it was"])
@pytest.mark.parametrize("end", [LIMIT, FaultyText("Broken.")])
async def test_a_text_that_its_user_took_over_is_not_written_on(me, end, how):
    document_id, _ = await stopped_by(me, end)
    text = await content(me, document_id)
    if how == "changed":
        text += "".join(f"\n# Chapter {n} of my own\n\nA sentence of mine.\n" for n in range(20))
    assert (await me.put(document_id, content=text)).status_code == 200
    body = {"document_id": document_id}
    for answer in (
        await resume(me, document_id),
        await me.ask("POST", "/generate/document-async", json=body),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "already_written")
        assert "edit" in answer.json()["detail"]
    assert (await content(me, document_id)).strip() == text.strip()
    assert document_id not in {item["document_id"] for item in await recoverable(me)}


async def test_a_document_whose_looks_changed_while_it_rested_goes_on(me):
    document_id, job_id = await stopped_by(me, LIMIT)
    assert (await me.put(document_id, citation_style="ieee")).status_code == 200
    assert await resumed(me, document_id) == job_id
    await run_job(me.house.tools, payload(job_id))
    assert (await status(me, job_id))["status"] == "completed"


async def recoverable(me) -> list[dict]:
    answer = await me.ask("GET", "/documents/recover")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_documents_that_can_be_resumed_are_listed_newest_first_with_where_they_stand(me, other):
    assert await recoverable(me) == []
    paused, paused_job = await stopped_by(me, LIMIT)
    failed, _ = await stopped_by(me, FaultyText("Broken."))
    cancelled, cancelled_job = await half_written(me)
    await me.ask("POST", f"/jobs/{cancelled_job}/cancel")
    crashed, _ = await half_written(me)
    lost = await make_ready(me)
    lost_job = await request(me, lost)
    await rows(me, "DELETE FROM pgqueuer WHERE id = ANY(:ids) RETURNING 1", ids=await entries(me, lost_job))
    items = await recoverable(me)
    assert [item["document_id"] for item in items] == [lost, crashed, cancelled, failed, paused]
    (item,) = [item for item in items if item["document_id"] == paused]
    (kept,) = await rows(me, "SELECT progress, checkpoint_at FROM jobs WHERE id = :id", id=paused_job)
    assert item.pop("checkpoint_at") == kept.checkpoint_at.isoformat().replace("+00:00", "Z")
    assert item == {
        "document_id": paused,
        "title": "Feedback on student essays",
        "job_id": str(paused_job),
        "progress": kept.progress,
        "resume_url": f"/api/v1/documents/{paused}/resume",
    }
    assert items[0]["checkpoint_at"] is None
    for each in items:
        answer = await me.client.post(each["resume_url"])
        assert answer.status_code == 202
    assert await recoverable(other) == []


async def test_what_runs_waits_is_finished_or_has_not_begun_is_not_listed(me):
    await request(me, await make_ready(me))
    _, job_id = await half_written(me)
    await rows(
        me,
        "UPDATE pgqueuer SET status = 'picked', heartbeat = now() + interval '1 hour' "
        "WHERE id = ANY(:ids) RETURNING 1",
        ids=await entries(me, job_id),
    )  # fmt: skip
    volcanoes = await me.create("Volcanoes of Iceland")
    await run_job(me.house.tools, payload(await request(me, volcanoes)))  # fails, with nothing to go on from
    assert await document_status(me, volcanoes) == "failed"
    done = await claim(me, await request(me, await make_ready(me)))
    await done.journal.completed(Manuscript("t", "en", "apa", "generic", (), ()))
    await request_and_cancel(me, await make_ready(me))
    again, _ = await stopped_by(me, FaultyText("Broken."))
    await resumed(me, again)
    assert await recoverable(me) == []


async def test_what_is_completed_while_the_list_is_made_is_not_listed(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    run = await claim(me, job_id)
    async with me.house.database.transaction() as tx:
        await tx.execute(text("LOCK TABLE pgqueuer"))
        listing = asyncio.create_task(recoverable(me))
        await until_somebody_waits(me)
        await run.journal.completed(Manuscript("t", "en", "apa", "generic", (), ()))
        await tx.execute(text("DELETE FROM pgqueuer"))
    assert document_id not in {item["document_id"] for item in await listing}


async def request_and_cancel(me, document_id: int) -> None:
    assert (await me.ask("POST", f"/jobs/{await request(me, document_id)}/cancel")).status_code == 202


async def test_at_most_the_hundred_newest_are_listed(me):
    document_id, job_id = await stopped_by(me, LIMIT)
    await rows(
        me,
        """
        WITH copies AS (
            INSERT INTO documents
                (user_id, title, status, pages, language, citation_style, norm, created_at, updated_at)
            SELECT user_id, 'Copy', 'paused', pages, language, citation_style, norm, created_at, updated_at
            FROM documents, generate_series(1, 105) WHERE id = :document RETURNING id
        )
        INSERT INTO jobs (id, document_id, user_id, status, priority, created_at)
        SELECT gen_random_uuid(), copies.id, user_id, 'paused', priority, jobs.created_at - interval '1 day'
        FROM copies, jobs WHERE jobs.id = :job RETURNING 1
        """,
        document=document_id,
        job=job_id,
    )
    items = await recoverable(me)
    assert len(items) == 100
    assert items[0]["document_id"] == document_id
