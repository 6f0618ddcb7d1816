"""A job that harms whoever takes it up is taken up a few times, and not for ever."""

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
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
)

from tesigo.generation.claims import MOST_ATTEMPTS
from tesigo.generation.progress import progress_at
from tesigo.generation.tasks import run_job
from tesigo.kit.errors import LimitReached
from tesigo.kit.queue import RetryIn
from tesigo.writing.errors import FaultyText
from tesigo.writing.stages import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ROOT = Path(__file__).resolve().parents[2]


async def test_a_job_that_cannot_even_be_loaded_fails_after_its_attempts_with_a_sentence(me):
    document_id = await make_ready(me)
    job_id = await request(me, document_id)
    run = await claim(me, job_id)
    await run.journal.outline_ready(OUTLINE)
    await run.journal.section_written(PARTS[0])  # this run was the first attempt since
    await rows(
        me, "UPDATE sections SET keys = 'null'::jsonb WHERE document_id = :id RETURNING 1", id=document_id
    )
    for _ in range(MOST_ATTEMPTS - 1):
        with capture_logs(), pytest.raises(RetryIn):
            await run_job(me.house.tools, payload(job_id))
        assert (await status(me, job_id))["status"] == "running"
    await run_job(me.house.tools, payload(job_id))
    told = await status(me, job_id)
    assert told["status"] == "failed"
    assert "several times" in told["error"]
    assert await rows(
        me,
        "SELECT 1 FROM sections WHERE document_id = :id AND number = '1' AND content = :content",
        id=document_id,
        content=PARTS[0].content,
    )


async def test_a_writer_that_gives_itself_up_fails_the_job_instead_of_having_it_handed_back_for_ever(me):
    class SelfCancelling(FailingComposer):
        async def at_section(self) -> None:
            raise asyncio.CancelledError

    job_id = await request(me, await make_ready(me))
    composer = SelfCancelling(Exception())
    with capture_logs():
        await run_job(replace(me.house.tools, composers=always(composer)), payload(job_id))
    told = await status(me, job_id)
    assert told["status"] == "failed"
    assert "our side" in told["error"]


_UNSTORABLE = "The writer said \x00 and \ud800."


@pytest.mark.parametrize(
    ("failure", "ends"),
    [(FaultyText(_UNSTORABLE), "failed"), (LimitReached(_UNSTORABLE, retry_after_s=1), "paused")],
)
async def test_a_reason_that_no_database_keeps_ends_the_run_all_the_same(me, failure, ends):
    job_id = await request(me, await make_ready(me))
    composer = FailingComposer(failure)
    await run_job(replace(me.house.tools, composers=always(composer)), payload(job_id))
    told = await status(me, job_id)
    assert (told["status"], told["error"]) == (ends, "The writer said \ufffd and \ufffd.")


async def test_a_job_that_kills_its_worker_each_time_fails_after_its_attempts(me):
    await rows(me, "DELETE FROM pgqueuer RETURNING 1")
    job_id = await request(me, await make_ready(me))
    spared = 3  # a process takes its time to start
    await rows(
        me, "UPDATE jobs SET attempt = :spared, progress = :reached WHERE id = :id RETURNING 1",
        id=job_id, spared=spared, reached=progress_at(Stage.SECTIONS),
    )  # fmt: skip
    killed = 0
    async with asyncio.timeout(180):
        while not (code := await work_until_killed_or_failed(me, job_id)):
            killed += 1
        assert code == "failed"
    assert killed == MOST_ATTEMPTS - spared
    assert "several times" in (await status(me, job_id))["error"]


async def work_until_killed_or_failed(me, job_id) -> str:
    """Run a worker; return "" when it was killed, or the status in which the job ended."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.generation.poisoned_worker",
        me.house.database.url, str(me.house.settings.data_dir), "1",
        stdout=asyncio.subprocess.DEVNULL, cwd=_ROOT,
    )  # fmt: skip
    ending = asyncio.create_task(worker.wait())
    try:
        while not ending.done():
            if (told := (await status(me, job_id))["status"]) in ("failed", "completed"):
                return told
            await asyncio.wait({ending}, timeout=0.2)
        assert ending.result() == -signal.SIGKILL
        return ""
    finally:
        if worker.returncode is None:
            worker.send_signal(signal.SIGTERM)
        await ending
