"""The SQL of all documents of one person."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from sqlalchemy import Select, delete, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents.models import CitationRow, DocumentRow, DraftRow, SectionRow, SourceRow

_Read = TypeVar("_Read", SourceRow, DraftRow)
_ROWS_AT_ONCE = 4
"""A source's text, and a draft, may be many megabytes long."""


async def lock_documents(tx: AsyncSession, user_id: int) -> Sequence[int]:
    """Return the ids of the user's documents; nobody else changes these before this transaction ends."""
    query = select(DocumentRow.id).where(DocumentRow.user_id == user_id)
    return (await tx.scalars(query.order_by(DocumentRow.id).with_for_update())).all()


async def get_document_ids(tx: AsyncSession, user_id: int) -> Sequence[int]:
    """Return the ids of the user's documents, oldest first."""
    query = select(DocumentRow.id).where(DocumentRow.user_id == user_id)
    return (await tx.scalars(query.order_by(DocumentRow.id))).all()


async def get_titles(tx: AsyncSession, user_id: int) -> dict[int, str]:
    """Return the title of each of the user's documents by its id, oldest first."""
    query = select(DocumentRow.id, DocumentRow.title).where(DocumentRow.user_id == user_id)
    return {row.id: row.title for row in await tx.execute(query.order_by(DocumentRow.id))}


async def get_citations(tx: AsyncSession, document_id: int) -> Sequence[Row[CitationRow, str, str]]:
    """Return (citation, number of its section, key of its source), in reading order."""
    query = (
        select(CitationRow, SectionRow.number, SourceRow.key)
        .join(SectionRow, SectionRow.id == CitationRow.section_id)
        .join(SourceRow, SourceRow.id == CitationRow.source_id)
        .where(SectionRow.document_id == document_id)
        .order_by(SectionRow.position, CitationRow.position)
    )
    return (await tx.execute(query)).all()


async def stream_sources(tx: AsyncSession, document_id: int) -> AsyncIterator[SourceRow]:
    """Yield the document's sources in the order in which they were added, a few at a time in memory."""
    query = select(SourceRow).where(SourceRow.document_id == document_id).order_by(SourceRow.id)
    async for source in _streamed(tx, query):
        yield source


async def stream_drafts(tx: AsyncSession, document_id: int) -> AsyncIterator[DraftRow]:
    """Yield the document's drafts, oldest first, a few at a time in memory."""
    query = select(DraftRow).where(DraftRow.document_id == document_id).order_by(DraftRow.version)
    async for draft in _streamed(tx, query):
        yield draft


async def delete_documents(tx: AsyncSession, user_id: int) -> None:
    """Delete all documents of the user with all that hangs on them, also what other features keep of them."""
    own = select(DocumentRow.id).where(DocumentRow.user_id == user_id)
    sections = select(SectionRow.id).where(SectionRow.document_id.in_(own))
    await tx.execute(delete(CitationRow).where(CitationRow.section_id.in_(sections)))
    await tx.execute(delete(DocumentRow).where(DocumentRow.user_id == user_id))


async def _streamed(tx: AsyncSession, query: Select[_Read]) -> AsyncIterator[_Read]:
    rows = await tx.stream_scalars(query.execution_options(yield_per=_ROWS_AT_ONCE))
    async for row in rows:
        yield row
        tx.expunge(row)
