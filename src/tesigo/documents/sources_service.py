"""The sources of a document: brought by its user, or found for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import sources_store, store
from tesigo.documents.errors import SourceInUse, TooManySources
from tesigo.documents.mapping import from_source, to_source
from tesigo.documents.models import DocumentRow, SourceRow
from tesigo.documents.service import refuse_while_written
from tesigo.manuscript import Source
from tesigo.manuscript.keys import issue_key
from tesigo.research.merging import merge_sources

MOST_SOURCES = 5_000


@dataclass(frozen=True, slots=True)
class ListedSource:
    """A source's row with how often the text cites it."""

    row: SourceRow
    times_cited: int


async def add_sources(
    tx: AsyncSession, document: DocumentRow, sources: Sequence[Source], now: datetime
) -> list[ListedSource]:
    """Add what is new and complete what is there; return a row for each work that was given.

    The same work given again does not come in twice; what its record lacked is filled in, unless the text
    cites it already (its passages would no longer be where they were). Keys that are taken are issued anew.
    Raises TooManySources, and BeingWritten during a job.
    """
    await store.get_document(tx, document.id, owner_id=None, lock=True)
    refuse_while_written(document)
    rows = list(await sources_store.get_sources(tx, document.id))
    known = [to_source(row) for row in rows]
    merged = merge_sources([*known, *_with_new_keys(sources, {source.key for source in known})])
    if len(merged) > MOST_SOURCES:
        raise TooManySources(MOST_SOURCES)
    times = await sources_store.count_citations(tx, [row.id for row in rows])
    for row, source in zip(rows, merged, strict=False):
        if row.id not in times:
            row.csl, row.abstract, row.full_text = dict(source.csl), source.abstract, source.full_text
    added = [from_source(source, document.id, now) for source in merged[len(rows) :]]
    await sources_store.add_sources(tx, added)
    document.updated_at = now
    given = {source.key for source in sources} | {source.title for source in sources}
    named_again = [row for row in rows if row.key in given or row.csl.get("title") in given]
    return [ListedSource(row, times.get(row.id, 0)) for row in [*named_again, *added]]


async def record_found(tx: AsyncSession, document_id: int, sources: Sequence[Source], now: datetime) -> None:
    """Add the sources that a job found; those whose keys the document has already are its own."""
    known = await sources_store.get_source_ids(tx, document_id)
    new = [from_source(source, document_id, now) for source in sources if source.key not in known]
    await sources_store.add_sources(tx, new)


async def list_sources(
    tx: AsyncSession, document: DocumentRow, *, after_id: int | None, limit: int
) -> list[ListedSource]:
    """Return at most `limit` sources in the order in which they came."""
    rows = await sources_store.get_sources(tx, document.id, after_id=after_id, limit=limit)
    times = await sources_store.count_citations(tx, [row.id for row in rows])
    return [ListedSource(row, times.get(row.id, 0)) for row in rows]


async def load_sources(tx: AsyncSession, document_id: int) -> tuple[Source, ...]:
    """Return all sources of the document in the order in which they came."""
    return tuple(to_source(row) for row in await sources_store.get_sources(tx, document_id))


async def remove_source(tx: AsyncSession, document: DocumentRow, source_id: int) -> None:
    """Remove a source that the text does not cite. Raises SourceNotFound, SourceInUse, BeingWritten."""
    refuse_while_written(document)
    row = await sources_store.get_source(tx, document.id, source_id)
    times = await sources_store.count_citations(tx, [row.id])
    if times:
        raise SourceInUse(row.key, times[row.id])
    await sources_store.delete_source(tx, row)


def _with_new_keys(sources: Sequence[Source], taken: set[str]) -> list[Source]:
    keyed = []
    for source in sources:
        key = source.key if source.key not in taken else issue_key(source.csl, taken)
        taken.add(key)
        keyed.append(replace(source, key=key, csl={**source.csl, "id": key}))
    return keyed
