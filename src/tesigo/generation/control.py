"""Jobs under their user's hand: cancelled, resumed, and found again after a crash."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.identity import User
from tesigo.documents.models import DocumentRow
from tesigo.generation import control_store, store
from tesigo.generation.budgets import Budget
from tesigo.generation.errors import JobEnded, JobNotFound, JobRuns, NothingToResume
from tesigo.generation.models import JobRow
from tesigo.generation.service import end_job, queue_again, request_job, topic_of_run
from tesigo.kit.notify import announce
from tesigo.kit.queue import find_entries, find_held, withdraw

_MOST_RECOVERABLE = 100


@dataclass(frozen=True, slots=True)
class Recoverable:
    """A document whose writing stopped before its end and can go on, with its newest job."""

    title: str
    job: JobRow


async def cancel_job(tx: AsyncSession, job_id: uuid.UUID, *, now: datetime) -> JobRow:
    """Return the job, which is cancelled; what is written stays, and can be gone on from.

    One that waits is taken out of the queue; one that runs is woken to stop, and can write no more from now on.
    Cancelled once more, nothing changes. Whose it is, is for the caller to have checked.
    Raises JobNotFound when it has gone since, and JobEnded.
    """
    job = await store.lock_job(tx, job_id)
    if job is None:
        raise JobNotFound
    if job.status == "cancelled":
        return job
    if job.status in ("completed", "failed"):
        raise JobEnded
    if job.queue_id is not None:
        await withdraw(tx, job.queue_id)
    await end_job(tx, job, "cancelled", at=now)
    await announce(tx, topic_of_run(job.id))
    return job


async def resume_document(
    tx: AsyncSession, user: User, document: DocumentRow, *, budget: Budget, now: datetime
) -> JobRow:
    """Return the job that goes on with the user's document, which is locked, from what is written.

    A paused job, one that waits, and one whose worker is lost go on as they are, and are in the queue afterwards;
    where a job failed or was cancelled, it is a new one. Any number of calls make one job.
    Raises NothingToResume, AlreadyWritten, TokenLimitReached, and JobRuns while a worker has the job.
    """
    job = await store.find_unfinished_job(tx, document.id)
    if job is not None and job.status != "paused":
        return await _make_sure_of(tx, job, now)
    if job is None and await store.find_latest_job(tx, document.id) is None:
        raise NothingToResume
    return await request_job(tx, user, document, budget=budget, now=now)


async def find_recoverable(tx: AsyncSession, user_id: int) -> Sequence[Recoverable]:
    """Return the user's documents that wait for somebody to resume them, newest job first, at most 100.

    Their newest job rests, or failed or was cancelled after something had been planned or written, or it should be
    running but no worker has it. Jobs that run or wait their turn, texts that are finished, and those that
    their user has taken over are not among them.
    """
    lost = await _find_lost(tx, user_id)
    found = await control_store.get_recoverable(tx, user_id, lost_jobs=lost, limit=_MOST_RECOVERABLE)
    return [Recoverable(title, job) for title, job in found]


async def _make_sure_of(tx: AsyncSession, job: JobRow, now: datetime) -> JobRow:
    """Return the job, which is in the queue; its document is locked.

    A job with an entry is left alone, even if its worker seems lost: the queue brings it again, and a worker that
    only paused must not end the entry of a job that was fenced off from it.
    """
    entries = {job.queue_id} if job.queue_id is not None else set()
    if job.status == "running" and await find_held(tx, entries):
        raise JobRuns
    if not await find_entries(tx, entries):
        await queue_again(tx, job, at=now)
    return job


async def _find_lost(tx: AsyncSession, user_id: int) -> Sequence[uuid.UUID]:
    """Return the jobs that no worker has though they began, and those that no worker will ever get."""
    unfinished = await control_store.get_dispatched(tx, user_id)
    entries = {job.queue_id for job in unfinished if job.queue_id is not None}
    held, present = await find_held(tx, entries), await find_entries(tx, entries)
    return [
        job.id for job in unfinished if job.queue_id not in (held if job.status == "running" else present)
    ]
