"""The SQL of a document's sources."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import String, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents.errors import SourceNotFound
from tesigo.documents.models import CitationRow, SourceRow


async def get_sources(tx: AsyncSession, document_id: int) -> Sequence[SourceRow]:
    """Return the document's sources in the order in which they were added."""
    query = select(SourceRow).where(SourceRow.document_id == document_id).order_by(SourceRow.id)
    return (await tx.scalars(query)).all()


async def get_records(
    tx: AsyncSession, document_id: int, *, after_id: int | None, limit: int
) -> Sequence[Row[int, str, dict[str, Any], str, bool, bool]]:
    """Return (id, key, csl, found_by, has_full_text, has_abstract) of sources in the order of their coming."""
    query = select(
        SourceRow.id,
        SourceRow.key,
        SourceRow.csl,
        SourceRow.found_by,
        (SourceRow.full_text != "").label("has_full_text"),
        (SourceRow.abstract != "").label("has_abstract"),
    ).where(SourceRow.document_id == document_id)
    if after_id is not None:
        query = query.where(SourceRow.id > after_id)
    return (await tx.execute(query.order_by(SourceRow.id).limit(limit))).all()


async def get_pages(tx: AsyncSession, document_id: int) -> Sequence[Row[str, list[int], int]]:
    """Return (key, page_starts, first_page) of each source; texts stay where they are."""
    query = select(SourceRow.key, SourceRow.page_starts, SourceRow.first_page)
    return (await tx.execute(query.where(SourceRow.document_id == document_id))).all()


async def get_source(tx: AsyncSession, document_id: int, source_id: int) -> SourceRow:
    """Return one source of the document. Raises SourceNotFound."""
    query = select(SourceRow).where(SourceRow.document_id == document_id, SourceRow.id == source_id)
    source = await tx.scalar(query)
    if source is None:
        raise SourceNotFound
    return source


async def get_source_ids(tx: AsyncSession, document_id: int) -> dict[str, int]:
    """Return the id of each key of the document."""
    rows = await tx.execute(select(SourceRow.key, SourceRow.id).where(SourceRow.document_id == document_id))
    return {row.key: row.id for row in rows}


async def find_source_ids(tx: AsyncSession, document_id: int, keys: Iterable[str]) -> dict[str, int]:
    """Return the id of each of these keys that the document has."""
    # one parameter, however many keys: the statement stays the same and is prepared once
    wanted = any_(literal(list(keys), ARRAY(String)))
    query = select(SourceRow.key, SourceRow.id).where(SourceRow.document_id == document_id)
    return {row.key: row.id for row in await tx.execute(query.where(SourceRow.key == wanted))}


async def count_citations(tx: AsyncSession, source_ids: Sequence[int]) -> dict[int, int]:
    """Return how often each of these sources is cited; those never cited are left out."""
    query = (
        select(CitationRow.source_id, func.count().label("times"))
        .where(CitationRow.source_id.in_(source_ids))
        .group_by(CitationRow.source_id)
    )
    return {row.source_id: row.times for row in await tx.execute(query)}


async def get_cited(tx: AsyncSession, document_id: int) -> Sequence[Row[str, dict[str, Any], int]]:
    """Return (key, csl, times) of each source that the document's text cites; texts stay where they are."""
    query = (
        select(SourceRow.key, SourceRow.csl, func.count().label("times"))
        .join(CitationRow, CitationRow.source_id == SourceRow.id)
        .where(SourceRow.document_id == document_id)
        .group_by(SourceRow.id)
        .order_by(SourceRow.id)
    )
    return (await tx.execute(query)).all()


async def add_sources(tx: AsyncSession, sources: Sequence[SourceRow]) -> None:
    """Add the sources; they have their ids afterwards."""
    tx.add_all(sources)
    await tx.flush()


async def delete_source(tx: AsyncSession, source: SourceRow) -> None:
    """Delete a source that nothing cites."""
    await tx.delete(source)
    await tx.flush()
