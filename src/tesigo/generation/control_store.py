"""The SQL of what can be resumed."""

import uuid
from collections.abc import Sequence

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tesigo.documents.models import DocumentRow, SectionRow
from tesigo.documents.sections_service import AUTHOR
from tesigo.generation.models import DISPATCHED, JobRow


async def get_dispatched(tx: AsyncSession, user_id: int) -> Sequence[JobRow]:
    """Return the user's jobs that wait or run."""
    query = select(JobRow).where(JobRow.user_id == user_id, JobRow.status.in_(DISPATCHED))
    return (await tx.scalars(query)).all()


async def get_recoverable(
    tx: AsyncSession, user_id: int, *, lost_jobs: Sequence[uuid.UUID], limit: int
) -> Sequence[tuple[str, JobRow]]:
    """Return (title, newest job) of the user's documents that can be gone on with, newest job first.

    lost_jobs: those of them that still wait or run by now count; the others have ended since they were looked for.
    """
    newest = (
        select(JobRow)
        .where(JobRow.document_id == DocumentRow.id)
        .order_by(JobRow.created_at.desc(), JobRow.id)
        .limit(1)
        .lateral()
    )
    job = aliased(JobRow, newest)
    planned = func.count(SectionRow.id)
    written = func.count(SectionRow.content)
    by_author = planned.filter(SectionRow.content.is_not(None), SectionRow.written_by == AUTHOR)
    counts = (
        select(planned.label("planned"), written.label("written"), by_author.label("by_author"))
        .where(SectionRow.document_id == DocumentRow.id)
        .lateral()
    )
    of_its_user = and_(
        counts.c.planned == counts.c.written,
        or_(counts.c.by_author > 0, counts.c.planned < job.sections_total),
        counts.c.planned > 0,
    )
    query = (
        select(DocumentRow.title, job)
        .join(newest, newest.c.user_id == DocumentRow.user_id)
        .join(counts, counts.c.planned >= 0)
        .where(
            DocumentRow.user_id == user_id,
            ~of_its_user,
            or_(
                job.status == "paused",
                and_(job.status.in_(("failed", "cancelled")), counts.c.planned > 0),
                and_(job.id.in_(lost_jobs), job.status.in_(DISPATCHED)),
            ),
        )
        .order_by(job.created_at.desc(), job.id)
        .limit(limit)
    )
    return [(title, found) for title, found in await tx.execute(query)]
