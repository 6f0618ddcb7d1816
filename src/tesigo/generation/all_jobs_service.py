"""Over the jobs of all users: how many there are, and what is forgotten of those that ended long ago."""

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.generation import all_jobs_store
from tesigo.generation.models import STATUSES
from tesigo.usage import service as usage

_EVENTS_KEPT_FOR = timedelta(days=30)
_CHECKPOINTS_KEPT_FOR = timedelta(days=7)
_BATCH = 1_000


async def count_jobs(tx: AsyncSession) -> Mapping[str, int]:
    """Return how many jobs are in each status, 0 where none is."""
    counted = await all_jobs_store.count_by_status(tx)
    return {status: counted.get(status, 0) for status in STATUSES}


async def write_off_forgotten_calls(tx: AsyncSession, now: datetime) -> int:
    """Record calls of models that nobody told of within an hour, with their jobs; return how many, at most 1,000.

    Those of jobs that run are left to their runs. Call it again, in a transaction of its own, until none is left.
    """
    running = await all_jobs_store.find_running(tx)
    lost = await usage.write_off_forgotten(tx, now, spared=running)
    by_job: Counter[uuid.UUID] = Counter()
    for job_id, tokens in lost:
        if job_id is not None:
            by_job[job_id] += tokens
    for job_id, tokens in by_job.items():
        await all_jobs_store.add_tokens(tx, job_id, tokens)
    return len(lost)


async def forget_old_events(tx: AsyncSession, now: datetime) -> int:
    """Remove events of jobs that ended more than 30 days ago, at most 1,000; return how many went.

    The newest event of each document stays: its number must never be given again.
    Call it again, in a transaction of its own, until nothing goes.
    """
    return await all_jobs_store.delete_events(tx, ended_before=now - _EVENTS_KEPT_FOR, limit=_BATCH)


async def forget_old_checkpoints(tx: AsyncSession, now: datetime) -> int:
    """Remove checkpoints of jobs that ended more than 7 days ago, at most 1,000; return how many went.

    What was written lies in the sections, so that a later job of the document still goes on from there.
    Call it again, in a transaction of its own, until nothing goes.
    """
    return await all_jobs_store.delete_checkpoints(tx, ended_before=now - _CHECKPOINTS_KEPT_FOR, limit=_BATCH)
