"""A job leaves where it stands with each section and by the interval, whole or not at all."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs
from tests.generation.jobs import (
    OUTLINE,
    PARTS,
    Run,
    account_of,
    claim,
    make_ready,
    payload,
    request,
    rows,
    until_somebody_waits,
)

from tesigo.generation.checkpoints import read_checkpoints
from tesigo.generation.errors import JobTakenOver
from tesigo.generation.journal import DatabaseJournal
from tesigo.generation.models import JobRow
from tesigo.generation.ports import Checkpoint, CheckpointCopies, NoCopies
from tesigo.generation.tasks import run_job
from tesigo.kit.db import Database

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLANNED = list(OUTLINE.walk())
WAITING = "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
NOWHERE = "postgresql://127.0.0.1:1/none"


class Copies(NoCopies):
    """Remembers what it was given, and gives what it is told to."""

    def __init__(self, *given: Checkpoint) -> None:
        self.kept: list[Checkpoint] = []
        self.given = {checkpoint.job_id: checkpoint for checkpoint in given}

    async def keep(self, checkpoint: Checkpoint) -> None:
        self.kept.append(checkpoint)

    async def find(self, job_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Checkpoint]:  # noqa: ARG002
        return self.given


async def begin(me) -> Run:
    """Give a run whose sections are planned and none is written."""
    run = await claim(me, await request(me, await make_ready(me)))
    await run.journal.outline_ready(OUTLINE)
    return run


def journal_of(me, run: Run, *, database: Database | None = None, copies: CheckpointCopies | None = None):
    return DatabaseJournal(
        database or me.house.database,
        me.house.clock,
        copies=copies or NoCopies(),
        account=account_of(me.house, job_id=run.claim.job_id, document_id=run.claim.document_id),
        job_id=run.claim.job_id,
        document_id=run.claim.document_id,
        fence=run.claim.fence,
    )


async def kept(me, run: Run) -> tuple | None:
    found = await rows(
        me,
        "SELECT c.document_id, c.sections_done, c.current_sections, c.progress, c.tokens_used, c.at, j.checkpoint_at "
        "FROM checkpoints c JOIN jobs j ON j.id = c.job_id WHERE c.job_id = :job",
        job=run.claim.job_id,
    )
    return found[0] if found else None


async def jobs_of(me, *job_ids: uuid.UUID) -> list[JobRow]:
    async with me.house.database.transaction() as tx:
        return list(await tx.scalars(select(JobRow).where(JobRow.id.in_(job_ids))))


async def until_kept(me, run: Run, is_so) -> tuple:
    async with asyncio.timeout(20):
        while not ((row := await kept(me, run)) and is_so(row)):  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.01)
    return row


@asynccontextmanager
async def in_the_background(work) -> AsyncIterator[asyncio.Task]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_each_section_leaves_a_checkpoint_of_what_is_done_and_what_is_under_way(me):
    run = await begin(me)
    await rows(me, "UPDATE jobs SET tokens_used = 4711 WHERE id = :id RETURNING 1", id=run.claim.job_id)
    before = me.house.clock()
    for planned in PLANNED[:3]:
        await run.journal.section_started(planned)
    await run.journal.section_written(PARTS[1])
    first = await kept(me, run)
    assert first.document_id == run.claim.document_id
    assert (first.sections_done, first.current_sections, first.tokens_used) == (["2"], ["1", "3"], 4711)
    assert before <= first.at == first.checkpoint_at <= me.house.clock()
    await run.journal.section_started(PLANNED[3])
    await run.journal.section_written(PARTS[0])
    second = await kept(me, run)
    assert (second.sections_done, second.current_sections) == (["1", "2"], ["3", "4"])
    assert second.at > first.at
    (job,) = await jobs_of(me, run.claim.job_id)
    assert job.sections_done == 2
    assert first.progress < second.progress == job.progress < 100


async def test_a_job_that_was_written_to_its_end_has_a_checkpoint_of_all_of_it(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    copies = Copies()
    await run_job(replace(me.house.tools, copies=copies), payload(job_id))
    (row,) = await rows(me, "SELECT * FROM checkpoints WHERE job_id = :job", job=job_id)
    numbers = await rows(
        me, "SELECT number FROM sections WHERE document_id = :id ORDER BY position", id=document_id
    )
    assert (row.progress, row.current_sections) == (100, [])
    assert row.sections_done == [number for (number,) in numbers]
    assert [len(copy.sections_done) for copy in copies.kept] == [*range(1, len(numbers) + 1), len(numbers)]
    assert copies.kept == sorted(copies.kept, key=lambda copy: copy.at)


async def test_a_job_that_rests_tells_why_and_where_and_writes_no_more(me):
    run = await begin(me)
    await run.journal.section_written(PARTS[0])
    await run.journal.section_started(PLANNED[1])
    await run.journal.paused("The day's tokens are used up: go on tomorrow.")
    (job,) = await jobs_of(me, run.claim.job_id)
    assert (job.status, job.error) == ("paused", "The day's tokens are used up: go on tomorrow.")
    assert job.finished_at is None
    document = (await me.ask("GET", f"/documents/{run.claim.document_id}")).json()
    assert document["status"] == "paused"
    row = await kept(me, run)
    assert (row.sections_done, row.current_sections) == (["1"], ["2"])
    (event,) = await rows(
        me, "SELECT status, error FROM generation_events WHERE job_id = :job ORDER BY seq DESC LIMIT 1", job=job.id
    )  # fmt: skip
    assert tuple(event) == ("paused", job.error)
    with pytest.raises(JobTakenOver):
        await run.journal.section_written(PARTS[1])


async def test_a_job_that_fails_leaves_what_was_under_way(me):
    run = await begin(me)
    await run.journal.section_started(PLANNED[2])
    await run.journal.failed("The sources do not suffice: add some.")
    row = await kept(me, run)
    assert (row.sections_done, row.current_sections) == ([], ["3"])


async def test_a_section_that_takes_long_is_in_a_checkpoint_by_the_interval_again_and_again(me):
    run = await begin(me)
    copies = Copies()
    journal = journal_of(me, run, copies=copies)
    await journal.section_started(PLANNED[1])
    async with in_the_background(journal.keep_checkpoints(0.02)):
        first = await until_kept(me, run, lambda row: row.current_sections == ["2"])
        assert first.sections_done == []
        second = await until_kept(me, run, lambda row: row.at > first.at)
        assert second.at - first.at >= timedelta(seconds=0.02)
        await journal.section_started(PLANNED[3])
        await until_kept(me, run, lambda row: row.current_sections == ["2", "4"])
    assert len(copies.kept) >= 3


async def test_a_run_asks_for_checkpoints_by_its_interval(me):
    job_id = await request(me, await make_ready(me))
    copies = Copies()
    tools = replace(me.house.tools, copies=copies, checkpoint_interval_s=0.02)
    await run_job(tools, payload(job_id))
    before_any = [copy for copy in copies.kept if not copy.sections_done]
    assert before_any  # while it looked for sources and planned, the interval went by
    assert copies.kept[-1].progress == 100


async def test_keeping_checkpoints_ends_quietly_when_another_worker_has_the_job(me):
    run = await begin(me)
    await run.journal.section_written(PARTS[0])
    await claim(me, run.claim.job_id)
    before = await kept(me, run)
    with capture_logs() as told:
        await asyncio.wait_for(run.journal.keep_checkpoints(0.01), 20)
    with pytest.raises(JobTakenOver):
        await run.journal.section_written(PARTS[1])
    assert await kept(me, run) == before
    assert told == []


async def test_while_the_database_is_away_the_checkpoint_is_tried_again(me):
    run = await begin(me)
    own = Database(me.house.database.url, pool_size=1)
    journal = journal_of(me, run, database=own)
    with capture_logs() as told:
        async with me.house.database.transaction() as tx:  # what is to be kept has to wait here
            await tx.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE"), {"id": run.claim.job_id})
            async with in_the_background(journal.keep_checkpoints(0.01)):
                for _ in range(3):
                    await until_somebody_waits(me)
                    await rows(me, f"SELECT pg_terminate_backend(pid) FROM {WAITING}")  # noqa: S608 - ours
                await until_somebody_waits(me)
                await tx.commit()
                await until_kept(me, run, lambda row: row.at == row.checkpoint_at)
    await own.close()
    assert {entry["event"] for entry in told} == {"no checkpoint, trying again"}
    assert 1 <= len(told) <= 3


@pytest.mark.parametrize("table", ["sections", "checkpoints"])
async def test_a_section_that_cannot_be_recorded_leaves_the_earlier_checkpoint_and_no_copy(me, table):
    run = await begin(me)
    copies = Copies()
    journal = journal_of(me, run, copies=copies)
    for planned in PLANNED[:3]:
        await journal.section_started(planned)
    await journal.section_written(PARTS[0])
    before, copied = await kept(me, run), list(copies.kept)
    async with refused_at_commit(me, table):
        with pytest.raises(DBAPIError):
            await journal.section_written(PARTS[1])
    assert await kept(me, run) == before
    assert copies.kept == copied
    written = await rows(
        me, "SELECT number FROM sections WHERE document_id = :id AND content IS NOT NULL", id=run.claim.document_id
    )  # fmt: skip
    assert [number for (number,) in written] == ["1"]
    await journal.section_written(PARTS[2])
    after = await kept(me, run)
    assert (after.sections_done, after.current_sections) == (["1", "3"], ["2"])


@asynccontextmanager
async def refused_at_commit(me, table: str) -> AsyncIterator[None]:
    """Let each transaction that changes a row of this table fail at its very end."""
    async with me.house.database.transaction() as tx:
        await tx.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'refused'; END $$"
            )
        )
        await tx.execute(
            text(
                f"CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    try:
        yield
    finally:
        async with me.house.database.transaction() as tx:
            await tx.execute(text("DROP FUNCTION refuse CASCADE"))


async def test_a_copy_is_of_what_is_committed(me):
    run = await begin(me)
    seen = []

    class Looking(NoCopies):
        async def keep(self, checkpoint: Checkpoint) -> None:
            seen.append((await kept(me, run)).at == checkpoint.at)

    journal = journal_of(me, run, copies=Looking())
    await journal.section_written(PARTS[0])
    await journal.section_written(PARTS[1])
    await journal.paused("Later.")
    assert seen == [True, True, True]


async def test_sections_that_end_together_wait_on_one_connection(me):
    run = await begin(me)
    async with asyncio.TaskGroup() as together, me.house.database.transaction() as tx:
        await tx.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE"), {"id": run.claim.job_id})
        for part in PARTS:
            together.create_task(run.journal.section_written(part))
        await until_somebody_waits(me)
        assert len(await rows(me, f"SELECT pid FROM {WAITING}")) == 1  # noqa: S608 - ours
    assert (await kept(me, run)).sections_done == [part.number for part in PARTS]


async def test_checkpoints_are_read_from_the_database_when_there_are_no_copies(me):
    runs = [await begin(me) for _ in range(3)]
    for run in runs[:2]:
        await run.journal.section_started(PLANNED[1])
        await run.journal.section_written(PARTS[0])
    job_ids = [run.claim.job_id for run in runs]
    found = await read_checkpoints(me.house.database, NoCopies(), await jobs_of(me, *job_ids))
    assert set(found) == set(job_ids[:2])
    for run in runs[:2]:
        checkpoint, row = found[run.claim.job_id], await kept(me, run)
        assert (checkpoint.job_id, checkpoint.document_id) == (run.claim.job_id, run.claim.document_id)
        assert (checkpoint.sections_done, checkpoint.current_sections) == (("1",), ("2",))
        assert (checkpoint.progress, checkpoint.tokens_used, checkpoint.at) == (row.progress, 0, row.at)
    assert await read_checkpoints(Database(NOWHERE), NoCopies(), []) == {}
    assert await read_checkpoints(Database(NOWHERE), NoCopies(), await jobs_of(me, job_ids[2])) == {}


async def test_a_copy_is_believed_when_it_is_the_jobs_newest_and_of_its_document(me):
    run, another = await begin(me), await begin(me)
    for one in (run, another):
        await one.journal.section_written(PARTS[0])
    jobs = await jobs_of(me, run.claim.job_id)
    right = (await read_checkpoints(me.house.database, NoCopies(), jobs))[run.claim.job_id]
    marked = replace(right, progress=99)  # to be told from the database's
    assert await read_checkpoints(Database(NOWHERE), Copies(marked), jobs) == {run.claim.job_id: marked}
    for wrong in (
        replace(marked, at=right.at - timedelta(microseconds=1)),
        replace(marked, at=right.at + timedelta(seconds=1)),
        replace(marked, at=right.at.replace(tzinfo=None)),
        replace(marked, document_id=another.claim.document_id),
    ):
        assert await read_checkpoints(me.house.database, Copies(wrong), jobs) == {run.claim.job_id: right}
    of_nobody = Copies(replace(marked, job_id=uuid.uuid4()), replace(marked, job_id=another.claim.job_id))
    assert await read_checkpoints(me.house.database, of_nobody, jobs) == {run.claim.job_id: right}


async def test_no_transaction_is_open_while_copies_are_asked_for(me):
    run = await begin(me)
    await run.journal.section_written(PARTS[0])
    own = Database(me.house.database.url)
    open_then = []

    class Looking(NoCopies):
        async def find(self, job_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Checkpoint]:  # noqa: ARG002
            open_then.append(own._engine.pool.checkedout())
            return {}

    await read_checkpoints(own, Looking(), await jobs_of(me, run.claim.job_id))
    await own.close()
    assert open_then == [0]
