"""The sources of a document: brought by its user, or found for it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import sources_store, store
from tesigo.documents.errors import SourceInUse
from tesigo.documents.mapping import from_source, to_source
from tesigo.documents.models import DocumentRow, SourceRow
from tesigo.documents.quotas import Quotas
from tesigo.documents.service import refuse_while_written
from tesigo.manuscript import Source
from tesigo.manuscript.keys import issue_key
from tesigo.research.identifiers import normalise_doi, normalise_title
from tesigo.research.merging import merge_sources


@dataclass(frozen=True, slots=True)
class ListedSource:
    """A source without its texts, with how often the document cites it."""

    id: int
    key: str
    csl: Mapping[str, Any]
    found_by: str
    has_full_text: bool
    has_abstract: bool
    times_cited: int


@dataclass(frozen=True, slots=True)
class CitedSource:
    """The record of a source with how often the text cites it."""

    key: str
    csl: Mapping[str, Any]
    times: int


async def add_sources(
    tx: AsyncSession, document: DocumentRow, sources: Sequence[Source], *, quotas: Quotas, now: datetime
) -> list[ListedSource]:
    """Add what is new and complete what is there; return a row for each work that was given.

    The same work given again does not come in twice; what its record lacked is filled in, unless the text
    cites it already (its passages would no longer be where they were). Keys that are taken are issued anew.
    Raises QuotaReached, and BeingWritten during a job.
    """
    await store.get_document(tx, document.id, owner_id=None, lock=True)
    refuse_while_written(document)
    rows = await sources_store.get_sources(tx, document.id)
    known = [to_source(row) for row in rows]
    keys = {source.key for source in known}
    given = _with_new_keys(sources, set(keys))
    merged = {source.key: source for source in merge_sources([*known, *given])}
    added = [from_source(source, document.id, now) for key, source in merged.items() if key not in keys]
    quotas.check_sources(len(rows) + len(added))
    times = await sources_store.count_citations(tx, [row.id for row in rows])
    _complete([row for row in rows if row.id not in times], merged)
    await sources_store.add_sources(tx, added)
    await quotas.check_stored(tx, document.user_id)
    document.updated_at = now
    again = _keys_of_the_same(known, given)
    listed = [*(row for row in rows if row.key in again), *added]
    return [
        ListedSource(
            id=row.id,
            key=row.key,
            csl=row.csl,
            found_by=row.found_by,
            has_full_text=bool(row.full_text),
            has_abstract=bool(row.abstract),
            times_cited=times.get(row.id, 0),
        )
        for row in listed
    ]


async def record_found(tx: AsyncSession, document_id: int, sources: Sequence[Source], now: datetime) -> None:
    """Keep the sources that a job gathered: new ones are added, those that gained something are completed.

    Nothing cites them yet; what the job writes, it writes from them as they are kept here.
    """
    rows = await sources_store.get_sources(tx, document_id)
    _complete(rows, {source.key: source for source in sources})
    known = {row.key for row in rows}
    new = [from_source(source, document_id, now) for source in sources if source.key not in known]
    await sources_store.add_sources(tx, new)


async def list_sources(
    tx: AsyncSession, document: DocumentRow, *, after_id: int | None, limit: int
) -> list[ListedSource]:
    """Return at most `limit` sources in the order in which they came."""
    rows = await sources_store.get_records(tx, document.id, after_id=after_id, limit=limit)
    times = await sources_store.count_citations(tx, [row.id for row in rows])
    return [
        ListedSource(
            id=row.id,
            key=row.key,
            csl=row.csl,
            found_by=row.found_by,
            has_full_text=row.has_full_text,
            has_abstract=row.has_abstract,
            times_cited=times.get(row.id, 0),
        )
        for row in rows
    ]


async def list_cited(tx: AsyncSession, document: DocumentRow) -> list[CitedSource]:
    """Return what the text cites, in the order in which the sources came, without their texts."""
    return [
        CitedSource(row.key, row.csl, row.times) for row in await sources_store.get_cited(tx, document.id)
    ]


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


def _complete(rows: Iterable[SourceRow], merged: Mapping[str, Source]) -> None:
    for row in rows:
        source = merged.get(row.key)
        if source is not None and source != to_source(row):
            row.csl, row.abstract, row.full_text = dict(source.csl), source.abstract, source.full_text
            row.page_starts, row.first_page = list(source.page_starts), source.first_page


def _keys_of_the_same(known: Sequence[Source], given: Sequence[Source]) -> set[str]:
    """Return the keys of those known sources that are the same work as one that is given."""
    by_mark: defaultdict[object, list[Source]] = defaultdict(list)
    for source in known:
        for mark in _marks(source):
            by_mark[mark].append(source)
    return {
        source.key
        for one in given
        for mark in _marks(one)
        for source in by_mark.get(mark, ())
        if len(merge_sources((source, one))) == 1
    }


def _marks(source: Source) -> tuple[str, str]:
    return normalise_doi(source.csl.get("DOI")) or f"no DOI: {source.key}", normalise_title(source.title)


def _with_new_keys(sources: Sequence[Source], taken: set[str]) -> list[Source]:
    keyed = []
    for source in sources:
        key = source.key if source.key not in taken else issue_key(source.csl, taken)
        taken.add(key)
        keyed.append(replace(source, key=key, csl={**source.csl, "id": key}))
    return keyed
