"""Sources from Crossref, what publishers themselves say of their works; retractions among it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tesigo.adapters.search_http import Manners, SearchHttp, Service
from tesigo.adapters.search_records import (
    items,
    make_sources,
    part,
    plain_abstract,
    query_words,
    records_at,
    text,
)
from tesigo.manuscript import Source
from tesigo.research.identifiers import normalise_doi

_BASE_URL = "https://api.crossref.org"
POLITE = Service("Crossref", "CROSSREF", _BASE_URL, every_s=0.35, at_once=3)
PUBLIC = Service("Crossref", "CROSSREF", _BASE_URL, every_s=1.1, at_once=1)
"""Whoever names an address may ask three times a second for a list, whoever does not once."""

_MOST = 50
_TYPES = {
    "journal-article": "article-journal",
    "proceedings-article": "paper-conference",
    "posted-content": "article",
    "book": "book",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "book-chapter": "chapter",
    "book-section": "chapter",
    "book-part": "chapter",
    "dissertation": "thesis",
    "report": "report",
    "dataset": "dataset",
    "standard": "standard",
    "reference-entry": "entry-encyclopedia",
}
"""What can be cited; journals, issues, grants, components and peer reviews are left out."""

_TAKEN_BACK = frozenset({"retraction", "removal", "withdrawal", "partial_retraction"})
_ROLES = ("author", "editor", "translator")


class Crossref:
    """Finds works by what a bibliography says of them: title, authors, year, journal.

    Retracted works come with `status` "retracted", by what publishers or Retraction Watch have registered; the notices
    that say so are no sources.
    From: crossref.org/documentation, "REST API", "Access and authentication" (mailto, pools and their limits, as of
    December 2025), "Tips for using the REST API", "Retraction Watch" (`updated-by` of a work, `update-to` of a notice),
    and "REST API JSON format"; read 2026-11-30.
    """

    name = POLITE.name

    def __init__(self, manners: Manners, *, base_url: str = "") -> None:
        self._http = SearchHttp(POLITE if manners.contact else PUBLIC, manners, base_url=base_url)
        self._contact = manners.contact

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return works, best match first. Raises SourcesUnavailable."""
        words = " ".join(query_words(query))
        if not words:
            return []
        asked: dict[str, str | int] = {"query.bibliographic": words, "rows": min(limit, _MOST)}
        if self._contact:
            asked["mailto"] = self._contact
        return (await self._http.get("/works", asked, _read))[:limit]

    async def find_record(self, doi: str) -> dict[str, Any] | None:
        """Return the record of this DOI as CSL-JSON, with `abstract` where there is one; None when it is not known.

        Implements `RecordLookup`. Raises SourcesUnavailable.
        """
        if "," in doi:
            return None  # it would end the filter
        asked: dict[str, str | int] = {"filter": f"doi:{doi}", "rows": 1}
        if self._contact:
            asked["mailto"] = self._contact
        for source in await self._http.get("/works", asked, _read):
            if normalise_doi(source.csl.get("DOI")) == normalise_doi(doi):
                return {**source.csl, "abstract": source.abstract}
        return None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _read(body: bytes) -> list[Source]:
    works = records_at(json.loads(body), "message", "items")
    told_of = {doi for work in works for doi in _takes_back(work)}
    csl = (
        _to_csl(work, told_of)
        for work in works
        if text(work, "type") in _TYPES and not any(True for _ in _takes_back(work))
    )
    return make_sources(csl, found_by=POLITE.name)


def _takes_back(work: Mapping[str, Any]) -> Iterator[str]:
    """Yield the DOIs of the works that this one takes back, which makes it a notice."""
    for update in items(work, "update-to"):
        if text(update, "type").lower() in _TAKEN_BACK:
            yield normalise_doi(text(update, "DOI"))


def _to_csl(work: Mapping[str, Any], retracted: set[str]) -> dict[str, Any]:
    kind = _TYPES[text(work, "type")]
    title, subtitle = text(work, "title", 0), text(work, "subtitle", 0)
    is_whole = not subtitle or subtitle.casefold() in title.casefold()
    item: dict[str, Any] = {
        "type": kind,
        "title": title if is_whole else f"{title.rstrip(':')}: {subtitle}",
        "issued": _issued(work),
        "DOI": text(work, "DOI"),
        "URL": text(work, "URL"),
        "ISBN": text(work, "ISBN", 0),
        "ISSN": text(work, "ISSN", 0),
        "language": text(work, "language"),
        "volume": text(work, "volume"),
        "issue": text(work, "issue"),
        "page": text(work, "page"),
        "abstract": plain_abstract(part(work, "abstract") if isinstance(part(work, "abstract"), str) else ""),
    }
    item |= {role: [_to_name(name) for name in items(work, role)] for role in _ROLES}
    item |= _place(work, kind)
    is_retracted = normalise_doi(item["DOI"]) in retracted or any(
        text(update, "type").lower() in _TAKEN_BACK for update in items(work, "updated-by")
    )
    return item | ({"status": "retracted"} if is_retracted else {})


def _place(work: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if kind == "article":
        return {
            "publisher": text(work, "institution", 0, "name") or text(work, "publisher"),
            "genre": "Preprint",
        }
    place = {"publisher": text(work, "publisher"), "publisher-place": text(work, "publisher-location")}
    if kind == "thesis":
        return {**place, "publisher": text(work, "institution", 0, "name") or place["publisher"]}
    number = {"number": text(work, "article-number")} if not text(work, "page") else {}
    return {"container-title": text(work, "container-title", 0), **place, **number}


def _issued(work: Mapping[str, Any]) -> dict[str, Any]:
    """Return the date; `issued` is the earliest of print and online, and may be [[null]]."""
    for field in ("issued", "published-print", "published-online", "posted"):
        parts = [number for number in items(work, field, "date-parts", 0) if isinstance(number, int)]
        if parts:
            return {"date-parts": [parts]}
    return {}


def _to_name(name: Any) -> dict[str, str]:
    """Return a person by the parts that the publisher gave, an institution by its one name."""
    if institution := text(name, "name"):
        return {"literal": institution}
    parts = {"family": text(name, "family"), "given": text(name, "given"), "suffix": text(name, "suffix")}
    return {field: value for field, value in parts.items() if value}
