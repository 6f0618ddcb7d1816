"""The SQL of all jobs of one person."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.generation.models import CheckpointRow, EventRow, JobRow


async def get_jobs(
    tx: AsyncSession, user_id: int, *, document_id: int
) -> Sequence[tuple[JobRow, CheckpointRow | None]]:
    """Return the user's jobs of one document, each with its checkpoint; oldest first."""
    query = select(JobRow, CheckpointRow).outerjoin(CheckpointRow, CheckpointRow.job_id == JobRow.id)
    query = query.where(JobRow.user_id == user_id, JobRow.document_id == document_id)
    rows = await tx.execute(query.order_by(JobRow.created_at, JobRow.id))
    return [(job, checkpoint) for job, checkpoint in rows]


async def get_job_ids(tx: AsyncSession, user_id: int) -> Sequence[uuid.UUID]:
    """Return the ids of the user's jobs."""
    return (await tx.scalars(select(JobRow.id).where(JobRow.user_id == user_id))).all()


async def get_events(tx: AsyncSession, document_id: int) -> Sequence[EventRow]:
    """Return what happened to the document's jobs, in its order."""
    query = select(EventRow).where(EventRow.document_id == document_id).order_by(EventRow.seq)
    return (await tx.scalars(query)).all()
