"""The SQL over all jobs, whoever's they are."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tesigo.generation.models import ENDED, CheckpointRow, EventRow, JobRow


async def count_by_status(tx: AsyncSession) -> dict[str, int]:
    """Return how many jobs there are in each status that any is in."""
    query = select(JobRow.status, func.count()).group_by(JobRow.status)
    return {status: int(count) for status, count in await tx.execute(query)}


async def find_running(tx: AsyncSession) -> Sequence[uuid.UUID]:
    """Return the jobs that run."""
    return (await tx.scalars(select(JobRow.id).where(JobRow.status == "running"))).all()


async def add_tokens(tx: AsyncSession, job_id: uuid.UUID, tokens: int) -> None:
    """Add to what the job used; one that is gone is no error."""
    added = update(JobRow).where(JobRow.id == job_id).values(tokens_used=JobRow.tokens_used + tokens)
    await tx.execute(added.execution_options(synchronize_session=False))


async def delete_events(tx: AsyncSession, *, ended_before: datetime, limit: int) -> int:
    """Delete at most `limit` events of jobs that ended before this time, and none that is its document's newest.

    Return how many. The numbering goes on from the newest: without it a number would come again.
    """
    newer = aliased(EventRow)
    chosen = (
        select(EventRow.document_id, EventRow.seq)
        .join(JobRow, JobRow.id == EventRow.job_id)
        .where(
            EventRow.document_id == JobRow.document_id,
            JobRow.status.in_(ENDED),
            JobRow.finished_at < ended_before,
            exists().where(newer.document_id == EventRow.document_id, newer.seq > EventRow.seq),
        )
        .limit(limit)
    )
    gone = await tx.execute(
        delete(EventRow).where(tuple_(EventRow.document_id, EventRow.seq).in_(chosen)).returning(EventRow.seq)
    )
    return len(gone.all())


async def delete_checkpoints(tx: AsyncSession, *, ended_before: datetime, limit: int) -> int:
    """Delete at most `limit` checkpoints of jobs that ended before this time; return how many."""
    chosen = (
        select(CheckpointRow.job_id)
        .join(JobRow, JobRow.id == CheckpointRow.job_id)
        .where(JobRow.status.in_(ENDED), JobRow.finished_at < ended_before)
        .limit(limit)
        .with_for_update(of=CheckpointRow, skip_locked=True)
    )
    gone = await tx.execute(
        delete(CheckpointRow)
        .where(CheckpointRow.job_id.in_(chosen))
        .returning(CheckpointRow.job_id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
