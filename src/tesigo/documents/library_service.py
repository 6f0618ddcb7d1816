"""The library: sources that every document of this installation may find."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import library_store
from tesigo.documents.models import LibrarySourceRow
from tesigo.manuscript import Source
from tesigo.manuscript.keys import issue_key
from tesigo.research.identifiers import normalise_doi, normalise_title
from tesigo.research.merging import merge_sources

_CHOICE_PER_ANSWER = 4
_SMALLEST_CHOICE = 500


async def add_to_library(tx: AsyncSession, sources: Sequence[Source], now: datetime) -> int:
    """Add the works that the library does not have; return how many those were."""
    taken = await library_store.get_keys(tx)
    rows: list[dict[str, object]] = []
    for source in merge_sources(sources):
        key = issue_key(source.csl, taken)
        taken.add(key)
        rows.append(
            {
                "key": key,
                "identity": _identity(source),
                "csl": {**source.csl, "id": key},
                "abstract": source.abstract,
                "full_text": source.full_text,
                "page_starts": list(source.page_starts),
                "first_page": source.first_page,
                "added_at": now,
            }
        )
    return await library_store.add_new(tx, rows)


async def search_library(tx: AsyncSession, query: str, *, limit: int) -> list[Source]:
    """Return sources that hold some word of the query, best match first.

    limit: how many the caller will keep; a few times as many come back, because this order is coarse.
    """
    choice = max(_SMALLEST_CHOICE, limit * _CHOICE_PER_ANSWER)
    return [_to_source(row) for row in await library_store.find_matches(tx, query, limit=choice)]


async def list_library(tx: AsyncSession, *, after_id: int, limit: int) -> Sequence[LibrarySourceRow]:
    """Return at most `limit` sources in the order in which they were added."""
    return await library_store.get_page(tx, after_id=after_id, limit=limit)


async def count_library(tx: AsyncSession) -> int:
    """Return how many sources the library holds."""
    return await library_store.count_sources(tx)


def _identity(source: Source) -> str:
    doi = normalise_doi(source.csl.get("DOI"))
    told = doi or f"{normalise_title(source.title)}|{source.year}|{source.author_names[:1]}"
    return hashlib.sha256(told.encode()).hexdigest()


def _to_source(row: LibrarySourceRow) -> Source:
    return Source(
        key=row.key,
        csl=row.csl,
        abstract=row.abstract,
        full_text=row.full_text,
        found_by="library",
        page_starts=tuple(row.page_starts),
        first_page=row.first_page,
    )
