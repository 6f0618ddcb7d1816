"""Where jobs stand: taken with what they record, and read again from the nearest place that has it right."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.generation import checkpoints_store
from tesigo.generation.models import CheckpointRow, JobRow
from tesigo.generation.ports import Checkpoint, CheckpointCopies
from tesigo.kit.db import Database

_LEAST_LATER = timedelta(microseconds=1)


async def take_checkpoint(
    tx: AsyncSession,
    job: JobRow,
    *,
    sections_done: Sequence[str],
    current_sections: Sequence[str],
    now: datetime,
) -> Checkpoint:
    """Return the checkpoint of a job that is locked, kept in this transaction.

    Its time is `now`, or just after the job's earlier one: two of one job never have the same.
    """
    if job.checkpoint_at is not None:
        now = max(now, job.checkpoint_at + _LEAST_LATER)
    job.checkpoint_at = now
    checkpoint = Checkpoint(
        job_id=job.id,
        document_id=job.document_id,
        progress=job.progress,
        sections_done=tuple(sections_done),
        current_sections=tuple(current_sections),
        tokens_used=job.tokens_used,
        at=now,
    )
    await checkpoints_store.put_checkpoint(tx, checkpoint)
    return checkpoint


async def read_checkpoints(
    database: Database, copies: CheckpointCopies, jobs: Sequence[JobRow]
) -> dict[uuid.UUID, Checkpoint]:
    """Return the newest checkpoint of each of these jobs that has one.

    A copy is believed when it is of that job and document, and as old as the job's row says; for the others
    the database is asked once. Call it outside of a transaction. Raises DatabaseAway.
    """
    taken = {job.id: job for job in jobs if job.checkpoint_at is not None}
    if not taken:
        return {}
    copied = await copies.find(list(taken))
    found = {job_id: copy for job_id, copy in copied.items() if _is_copy_of(taken.get(job_id), copy)}
    if missing := [job_id for job_id in taken if job_id not in found]:
        async with database.transaction() as tx:
            rows = await checkpoints_store.get_checkpoints(tx, missing)
        found.update((row.job_id, _to_checkpoint(row)) for row in rows)
    return found


def _is_copy_of(job: JobRow | None, copy: Checkpoint) -> bool:
    if job is None:
        return False
    return (copy.job_id, copy.document_id, copy.at) == (job.id, job.document_id, job.checkpoint_at)


def _to_checkpoint(row: CheckpointRow) -> Checkpoint:
    return Checkpoint(
        job_id=row.job_id,
        document_id=row.document_id,
        progress=row.progress,
        sections_done=tuple(row.sections_done),
        current_sections=tuple(row.current_sections),
        tokens_used=row.tokens_used,
        at=row.at,
    )
