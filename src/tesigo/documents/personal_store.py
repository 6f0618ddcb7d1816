"""The SQL of all documents of one person."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

from sqlalchemy import Function, delete, func, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from tesigo.documents.models import CitationRow, DocumentRow, DraftRow, SectionRow, SourceRow

_BYTES_AT_ONCE = 128 * 1024
"""As they are stored: compressed, and text of people grows to about three times that, anything else to far more."""
_ROWS_AT_ONCE = 100


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
    sizes = select(SourceRow.id, _stored(SourceRow.abstract) + _stored(SourceRow.full_text))
    sizes = sizes.where(SourceRow.document_id == document_id).order_by(SourceRow.id)
    for ids in _in_groups((await tx.execute(sizes)).all()):
        for source in await tx.scalars(select(SourceRow).where(SourceRow.id.in_(ids)).order_by(SourceRow.id)):
            yield source


async def stream_drafts(tx: AsyncSession, document_id: int) -> AsyncIterator[DraftRow]:
    """Yield the document's drafts, oldest first, a few at a time in memory."""
    of_document = DraftRow.document_id == document_id
    sizes = select(DraftRow.version, _stored(DraftRow.content)).where(of_document).order_by(DraftRow.version)
    for versions in _in_groups((await tx.execute(sizes)).all()):
        query = select(DraftRow).where(of_document, DraftRow.version.in_(versions))
        for draft in await tx.scalars(query.order_by(DraftRow.version)):
            yield draft


async def delete_documents(tx: AsyncSession, user_id: int) -> None:
    """Delete all documents of the user with all that hangs on them, also what other features keep of them."""
    own = select(DocumentRow.id).where(DocumentRow.user_id == user_id)
    sections = select(SectionRow.id).where(SectionRow.document_id.in_(own))
    await tx.execute(delete(CitationRow).where(CitationRow.section_id.in_(sections)))
    await tx.execute(delete(DocumentRow).where(DocumentRow.user_id == user_id))


def _stored(column: InstrumentedAttribute[str]) -> Function[int]:
    """Return how many bytes a text takes in the table, which is known without reading it."""
    return func.pg_column_size(column)


def _in_groups(sizes: Iterable[Row[int, int]]) -> Iterator[list[int]]:
    """Yield keys together whose rows fit into memory together; (key, bytes) of each row, in their order.

    Not by a cursor: the driver reads 50 rows ahead, and each may be many megabytes long.
    """
    group: list[int] = []
    group_bytes = 0
    for key, size_bytes in sizes:
        if group and (group_bytes + size_bytes > _BYTES_AT_ONCE or len(group) == _ROWS_AT_ONCE):
            yield group
            group, group_bytes = [], 0
        group.append(key)
        group_bytes += size_bytes
    if group:
        yield group
