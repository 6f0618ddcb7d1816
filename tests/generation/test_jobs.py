import asyncio
import uuid
from dataclasses import replace

import httpx
import pytest
from structlog.testing import capture_logs
from tests.generation.jobs import (
    OUTLINE,
    PARTS,
    claim,
    make_ready,
    request,
    rows,
    status,
    until_somebody_waits,
)
from tests.houses import HERE

from tesigo.accounts.service import find_user
from tesigo.adapters.library_search import LibrarySearch
from tesigo.documents.service import own_document
from tesigo.entry.api import make_app
from tesigo.generation.claims import MOST_ATTEMPTS
from tesigo.generation.errors import JobTakenOver
from tesigo.generation.service import request_job, tell
from tesigo.kit.db import Database
from tesigo.manuscript import Manuscript, Outline, Source
from tesigo.writing.stages import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def all_that_is_kept(me, document_id: int) -> list[list]:
    return [
        await rows(me, query, id=document_id)
        for query in (
            "SELECT * FROM documents WHERE id = :id",
            "SELECT * FROM sections WHERE document_id = :id ORDER BY id",
            "SELECT * FROM sources WHERE document_id = :id ORDER BY id",
            "SELECT * FROM jobs WHERE document_id = :id ORDER BY id",
            "SELECT * FROM generation_events WHERE document_id = :id ORDER BY seq",
        )
    ]


async def test_of_twenty_requests_at_once_one_gets_the_job(me):
    document_id = await make_ready(me)
    body = {"document_id": document_id}
    answers = await asyncio.gather(
        *(me.ask("POST", "/generate/document-async", json=body) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"job_runs"}
    assert len(await rows(me, "SELECT 1 FROM jobs WHERE document_id = :id", id=document_id)) == 1


async def test_a_request_that_is_rolled_back_leaves_neither_job_nor_place_in_the_queue(me):
    document_id = await make_ready(me)
    before = await all_that_is_kept(me, document_id), await rows(me, "SELECT * FROM pgqueuer ORDER BY id")
    (user_id,) = (await rows(me, "SELECT user_id FROM documents WHERE id = :id", id=document_id))[0]
    with pytest.raises(ZeroDivisionError):
        await request_and_fail(me, user_id, document_id)
    assert (
        await all_that_is_kept(me, document_id),
        await rows(me, "SELECT * FROM pgqueuer ORDER BY id"),
    ) == before
    await request(me, document_id)
    assert len(await rows(me, "SELECT * FROM pgqueuer")) == len(before[1]) + 1


async def request_and_fail(me, user_id: int, document_id: int) -> None:
    async with me.house.database.transaction() as tx:
        user = await find_user(tx, user_id)
        document = await own_document(tx, user_id, document_id)
        await request_job(tx, user, document, budget=me.house.tools.budget, now=me.house.clock())
        _ = 1 / 0


async def test_who_has_lost_a_job_can_write_nothing_more(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    old = await claim(me, job_id)
    await old.journal.outline_ready(OUTLINE)
    await old.journal.section_written(PARTS[0])
    new = await claim(me, job_id)
    assert new.claim.fence != old.claim.fence
    assert new.assignment.so_far.sections.keys() == {"1"}
    before = await all_that_is_kept(me, document_id)
    lost = old.journal
    manuscript = Manuscript("t", "en", "apa", "generic", (), ())
    for writing in (
        lost.stage_started(Stage.CHECK),
        lost.evidence_found((Source("new2020", {"id": "new2020", "title": "New"}),), ("a warning",)),
        lost.outline_ready(Outline("t", ())),
        lost.section_written(PARTS[1]),
        lost.warned("a warning"),
        lost.completed(manuscript),
        lost.failed("a reason"),
    ):
        with pytest.raises(JobTakenOver):
            await writing
    assert await all_that_is_kept(me, document_id) == before
    await new.journal.section_written(PARTS[1])


async def test_the_sixth_claim_fails_the_job_with_a_sentence(me):
    job_id = await request(me, await make_ready(me))
    for _ in range(MOST_ATTEMPTS):
        assert await claim(me, job_id) is not None
    assert await claim(me, job_id) is None
    told = await status(me, job_id)
    assert told["status"] == "failed"
    assert "start it again" in told["error"]
    assert await claim(me, job_id) is None  # and it stays so
    assert (await me.ask("GET", f"/documents/{told['document_id']}")).json()["status"] == "failed"


async def test_there_is_nothing_to_claim_of_a_job_that_is_not_there(me):
    assert await claim(me, uuid.uuid4()) is None


async def test_events_are_numbered_without_a_gap_and_progress_never_falls(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    claimed = await claim(me, job_id)
    journal = claimed.journal
    for stage in (Stage.BRIEF, Stage.RESEARCH, Stage.OUTLINE):
        await journal.stage_started(stage)
    await journal.outline_ready(OUTLINE)
    await journal.stage_started(Stage.SECTIONS)
    await asyncio.gather(*(journal.section_written(part) for part in PARTS))  # several are written at a time
    await journal.stage_started(Stage.BRIEF)  # as a run that goes on after a crash begins
    await journal.completed(Manuscript("t", "en", "apa", "generic", tuple(PARTS), ()))
    query = "SELECT seq, progress, sections_done FROM generation_events WHERE document_id = :id ORDER BY seq"
    events = await rows(me, query, id=document_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.progress for event in events] == sorted(event.progress for event in events)
    assert (events[0].progress, events[-1].progress) == (0, 100)
    assert [event.sections_done for event in events][-1] == 4


async def test_a_job_that_goes_on_where_another_failed_counts_what_is_written(me):
    document_id = await make_ready(me)
    claimed = await claim(me, await request(me, document_id))
    journal = claimed.journal
    await journal.outline_ready(OUTLINE)
    for part in PARTS[:3]:
        await journal.section_written(part)
    await journal.failed("No more ink.")
    again = await request(me, document_id)
    claimed = await claim(me, again)
    assert claimed.assignment.so_far.sections.keys() == {"1", "2", "3"}
    told = await status(me, again)
    assert (told["sections_done"], told["sections_total"]) == (3, 4)
    await claimed.journal.section_written(PARTS[3])
    assert 0 < (await status(me, again))["progress"] < 100


async def test_deleting_a_document_and_writing_it_never_block_each_other(me):
    """Whoever comes second waits; in another order of locks each would wait for the other."""
    document_id = await make_ready(me)
    claimed = await claim(me, await request(me, document_id))
    journal = claimed.journal
    async with journal._own_job() as (tx, job):
        deleting = asyncio.create_task(me.ask("DELETE", f"/documents/{document_id}"))
        await until_somebody_waits(me)
        await tx.refresh(job)
        job.progress = 7
        await tell(tx, job, "section", at=me.house.clock(), section="1")
    assert (await deleting).status_code == 204
    with pytest.raises(JobTakenOver):
        await journal.stage_started(Stage.CHECK)


async def test_a_finished_text_is_not_written_over(me):
    document_id = await make_ready(me)
    claimed = await claim(me, await request(me, document_id))
    await claimed.journal.completed(Manuscript("t", "en", "apa", "generic", (), ()))
    typed = await me.create()
    await me.put(typed, content="# Mine\n\nTyped by hand.\n")
    for each in (document_id, typed):
        answer = await me.ask("POST", "/generate/document-async", json={"document_id": each})
        assert (answer.status_code, answer.json()["code"]) == (409, "already_written")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"document_id": 1, "title": "Both"},
        {"document_id": 1, "pages": 5},
        {"document_id": 0},
        {"title": "T!", "x": 1},
    ],
)
async def test_a_request_names_one_document_and_nothing_besides(me, body):
    for path in ("/generate/document-async", "/generate/outline"):
        assert (await me.ask("POST", path, json=body)).status_code == 422


async def test_an_outline_is_proposed_and_nothing_is_kept_of_it(me):
    document_id = await make_ready(me)
    before = await all_that_is_kept(me, document_id)
    answer = await me.ask("POST", "/generate/outline", json={"document_id": document_id})
    kinds = [section["kind"] for section in answer.json()["sections"]]
    assert kinds[:2] == ["abstract", "introduction"]
    assert kinds[-1] == "conclusion"
    assert await all_that_is_kept(me, document_id) == before
    nothing = await me.ask("POST", "/generate/outline", json={"title": "Volcanoes of Iceland"})
    assert (nothing.status_code, nothing.json()["code"]) == (400, "no_usable_source")


async def test_an_outline_is_not_refused_for_want_of_sources_while_the_database_is_away(me):
    app = make_app(me.house)
    nowhere = LibrarySearch(Database("postgresql://nobody@127.0.0.1:1/x"))
    app.state.tools = replace(me.house.tools, searches=(nowhere,))
    headers = {"Authorization": me.client.headers["authorization"]}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers) as client:
        with capture_logs():
            answer = await client.post("/api/v1/generate/outline", json={"title": "Feedback on essays"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert "try again" in answer.json()["detail"]


async def test_waiting_jobs_know_how_many_are_served_before_them(me):
    await rows(me, "UPDATE jobs SET status = 'cancelled' WHERE status = 'queued' RETURNING 1")
    long, short = await make_ready(me, pages=200), await make_ready(me, pages=5)
    jobs = [await request(me, document_id) for document_id in (long, short)]
    assert [(await status(me, job))["queue_position"] for job in jobs] == [1, 0]
