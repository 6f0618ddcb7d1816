"""The SQL of what a user keeps."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents.models import DocumentRow, DraftRow, SectionRow, SourceRow


async def lock_amounts(tx: AsyncSession, user_id: int) -> None:
    """Let nobody else check this user's quotas before this transaction ends.

    Not the user's row, which an erasure locks before the documents, where those who add to a document have that first.
    """
    await tx.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"quotas of user {user_id}", 0)))
    )


async def count_documents(tx: AsyncSession, user_id: int) -> int:
    """Return how many documents the user has."""
    query = select(func.count()).select_from(DocumentRow).where(DocumentRow.user_id == user_id)
    return await tx.scalar(query) or 0


async def measure_stored(tx: AsyncSession, user_id: int) -> int:
    """Return how many bytes the user's texts take: requirements, sources with records and pages, sections, drafts.

    Texts count as long as they are, records as PostgreSQL keeps them; either way no long value is read.
    """
    texts = func.octet_length(SourceRow.full_text) + func.octet_length(SourceRow.abstract)
    records = func.pg_column_size(SourceRow.csl) + func.pg_column_size(SourceRow.page_starts)
    requirements = select(func.sum(func.octet_length(DocumentRow.requirements)))
    sources = select(func.sum(texts + records)).join(DocumentRow, DocumentRow.id == SourceRow.document_id)
    sections = select(func.sum(func.octet_length(SectionRow.content))).join(
        DocumentRow, DocumentRow.id == SectionRow.document_id
    )
    drafts = select(func.sum(func.octet_length(DraftRow.content))).join(
        DocumentRow, DocumentRow.id == DraftRow.document_id
    )
    sums = (
        query.where(DocumentRow.user_id == user_id).scalar_subquery()
        for query in (requirements, sources, sections, drafts)
    )
    return sum((await tx.execute(select(*(func.coalesce(each, 0) for each in sums)))).one())
