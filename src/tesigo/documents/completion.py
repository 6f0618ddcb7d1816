"""What the first page of a paper left open is completed by the record of its DOI, where somebody knows that."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import structlog

from tesigo.documents.ports import RecordLookup
from tesigo.intake.csl import clean_item
from tesigo.intake.reading import Reading
from tesigo.kit.errors import Failure
from tesigo.manuscript import Source
from tesigo.manuscript.keys import issue_key
from tesigo.research.identifiers import normalise_doi, normalise_title

log = structlog.get_logger(__name__)

_WITHIN_S = 5.0
_BEGINNING = 10_000


async def complete_records(
    reading: Reading, records: RecordLookup, *, taken: Collection[str] = ()
) -> Reading:
    """Return the reading with each paper of a known DOI under its registered record, and a key by that.

    A record that is of another work than the text is left aside; who does not answer in 5 s, or fails, changes nothing.
    taken: keys that the sources must not have.
    """
    used = {*taken, *(source.key for source in reading.sources)}
    sources = []
    for source in reading.sources:
        completed = await _completed(source, records, used - {source.key})
        used.add(completed.key)
        sources.append(completed)
    return replace(reading, sources=tuple(sources))


async def _completed(source: Source, records: RecordLookup, taken: Collection[str]) -> Source:
    doi = normalise_doi(source.csl.get("DOI"))
    if not doi or not source.full_text:
        return source
    try:
        async with asyncio.timeout(_WITHIN_S):
            record = await records.find_record(doi)
        item, abstract = clean_item(record) if record is not None else (None, "")
    except (Failure, TimeoutError) as failure:
        log.info("a record was not completed", failure=type(failure).__name__)
        return source
    if item is None or not _is_of(item, source):
        return source
    csl = {**source.csl, **item, "DOI": source.csl["DOI"]}
    key = issue_key(csl, taken)
    return replace(source, key=key, csl={**csl, "id": key}, abstract=source.abstract or abstract)


def _is_of(record: Mapping[str, Any], source: Source) -> bool:
    """Return whether the text begins with the record's title: a page may name the DOI of another work."""
    title = normalise_title(str(record["title"]))
    return bool(title) and title in normalise_title(source.full_text[:_BEGINNING])
