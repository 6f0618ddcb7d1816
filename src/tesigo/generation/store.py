"""The SQL of jobs and their events."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents.models import DocumentRow
from tesigo.generation.errors import JobNotFound, JobTakenOver
from tesigo.generation.models import UNFINISHED, EventRow, JobRow


async def get_job(tx: AsyncSession, job_id: uuid.UUID, *, user_id: int) -> JobRow:
    """Return the user's job. Raises JobNotFound, also for another's."""
    job = await tx.scalar(select(JobRow).where(JobRow.id == job_id, JobRow.user_id == user_id))
    if job is None:
        raise JobNotFound
    return job


async def find_latest_job(tx: AsyncSession, document_id: int) -> JobRow | None:
    """Return the document's newest job."""
    query = select(JobRow).where(JobRow.document_id == document_id)
    return await tx.scalar(query.order_by(JobRow.created_at.desc(), JobRow.id).limit(1))


async def find_unfinished_job(tx: AsyncSession, document_id: int) -> JobRow | None:
    """Return the document's job that waits, runs or is paused."""
    return await tx.scalar(
        select(JobRow).where(JobRow.document_id == document_id, JobRow.status.in_(UNFINISHED))
    )


async def add_job(tx: AsyncSession, job: JobRow) -> None:
    """Add the job."""
    tx.add(job)
    await tx.flush()


async def lock_job(tx: AsyncSession, job_id: uuid.UUID) -> JobRow | None:
    """Return the job, which nobody else changes before this transaction ends; None when it is gone.

    Its document is locked first, as by everybody: the other order meets a deletion in a deadlock.
    """
    document = select(DocumentRow.id).join(JobRow, JobRow.document_id == DocumentRow.id)
    await tx.execute(document.where(JobRow.id == job_id).with_for_update(of=DocumentRow, key_share=True))
    query = select(JobRow).where(JobRow.id == job_id).with_for_update()
    return await tx.scalar(query.execution_options(populate_existing=True))


async def lock_own_job(tx: AsyncSession, job_id: uuid.UUID, fence: uuid.UUID) -> JobRow:
    """Return the job of the worker that holds this fence, locked.

    Raises JobTakenOver when another worker has it, when it ended, or when it is gone.
    """
    job = await lock_job(tx, job_id)
    if job is None or job.fence != fence or job.status != "running":
        raise JobTakenOver("this run of the job is over: another worker has it, or its document is gone")
    return job


async def has_fence(tx: AsyncSession, job_id: uuid.UUID, fence: uuid.UUID) -> bool:
    """Return whether the job still runs under this fence; nothing is locked."""
    query = select(JobRow.id).where(JobRow.id == job_id, JobRow.fence == fence, JobRow.status == "running")
    return await tx.scalar(query) is not None


async def add_event(tx: AsyncSession, job: JobRow, kind: str, *, section: str | None, at: datetime) -> None:
    """Add what happened, as the document's next event; the job must be locked, so that no number repeats."""
    last = select(func.coalesce(func.max(EventRow.seq), 0)).where(EventRow.document_id == job.document_id)
    event = insert(EventRow).values(
        document_id=job.document_id,
        seq=last.scalar_subquery() + 1,
        job_id=job.id,
        type=kind,
        status=job.status,
        stage=job.stage,
        progress=job.progress,
        sections_done=job.sections_done,
        sections_total=job.sections_total,
        section=section,
        error=job.error,
        at=at,
    )
    await tx.execute(event)


async def get_events(tx: AsyncSession, document_id: int, *, after: int, limit: int) -> Sequence[EventRow]:
    """Return at most `limit` events after this number, in their order."""
    query = select(EventRow).where(EventRow.document_id == document_id, EventRow.seq > after)
    return (await tx.scalars(query.order_by(EventRow.seq).limit(limit))).all()


async def get_event(tx: AsyncSession, document_id: int, seq: int) -> EventRow:
    """Return the event of that number, which must be there."""
    return await tx.get_one(EventRow, (document_id, seq))


async def count_events(tx: AsyncSession, document_id: int, *, first: int, last: int) -> int:
    """Return how many of the events of these numbers are kept."""
    query = select(func.count()).select_from(EventRow).where(EventRow.document_id == document_id)
    return await tx.scalar(query.where(EventRow.seq.between(first, last))) or 0


async def is_document_there(tx: AsyncSession, document_id: int) -> bool:
    """Return whether there is such a document, whoever it belongs to."""
    return await tx.scalar(select(DocumentRow.id).where(DocumentRow.id == document_id)) is not None


async def get_last_state(tx: AsyncSession, document_id: int) -> tuple[JobRow | None, int]:
    """Return (newest job, number of the last event), 0 when there is none: both of the same moment."""
    seq = select(func.max(EventRow.seq)).where(EventRow.document_id == document_id).scalar_subquery()
    query = select(JobRow, seq).where(JobRow.document_id == document_id)
    row = (await tx.execute(query.order_by(JobRow.created_at.desc(), JobRow.id).limit(1))).one_or_none()
    return (row[0], row[1] or 0) if row else (None, 0)
