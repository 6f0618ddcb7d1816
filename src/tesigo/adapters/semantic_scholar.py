"""Sources from Semantic Scholar's Academic Graph, with or without a key."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from tesigo.adapters.search_http import Manners, SearchHttp, Service
from tesigo.adapters.search_names import split_name
from tesigo.adapters.search_records import date, items, make_sources, part, query_words, records_at, text
from tesigo.manuscript import Source

SERVICE = Service(
    "Semantic Scholar", "SEMANTIC_SCHOLAR", "https://api.semanticscholar.org/graph/v1", every_s=1.1
)
"""A key may ask once in a second; without one, all who have none share a pool, and 429 is common."""

_MOST = 100
_FIELDS = "title,abstract,venue,year,externalIds,publicationTypes,publicationDate,publicationVenue,journal,authors,url"
_TYPES = {
    "JournalArticle": "article-journal",
    "Conference": "paper-conference",
    "Book": "book",
    "BookSection": "chapter",
    "Dataset": "dataset",
    "News": "article-newspaper",
}
_VENUES = {"journal": "article-journal", "conference": "paper-conference"}


class SemanticScholar:
    """Finds papers by relevance.

    From: api.semanticscholar.org/api-docs/graph, "Paper relevance search" (`query` plain, terms with hyphens find
    nothing, `limit` up to 100, `fields`, header `x-api-key`), and semanticscholar.org/product/api (one request a
    second with a key); read 2026-11-30.
    """

    name = SERVICE.name

    def __init__(self, manners: Manners, api_key: SecretStr | None = None, *, base_url: str = "") -> None:
        self._http = SearchHttp(SERVICE, manners, base_url=base_url, api_key=api_key, key_header="x-api-key")

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return papers, best match first. Raises SourcesUnavailable."""
        words = " ".join(query_words(query))
        if not words:
            return []
        asked: dict[str, str | int] = {"query": words, "limit": min(limit, _MOST), "fields": _FIELDS}
        return (await self._http.get("/paper/search", asked, _read))[:limit]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _read(body: bytes) -> list[Source]:
    """Return the papers. An answer that found nothing has `total` 0 and may lack `data`."""
    told = json.loads(body)
    records = [] if part(told, "total") == 0 else records_at(told, "data")
    return make_sources(map(_to_csl, records), found_by=SERVICE.name)


def _to_csl(paper: Mapping[str, Any]) -> dict[str, Any]:
    ids = part(paper, "externalIds") or {}
    arxiv, doi = text(ids, "ArXiv"), text(ids, "DOI")
    venue = text(paper, "publicationVenue", "name") or text(paper, "journal", "name") or text(paper, "venue")
    kind = _kind_of(paper)
    item = {
        "type": kind,
        "title": text(paper, "title"),
        "author": [split_name(text(author, "name")) for author in items(paper, "authors")],
        "issued": date(text(paper, "publicationDate")) or date(text(paper, "year")),
        "DOI": doi,
        "PMID": text(ids, "PubMed"),
        "URL": text(paper, "url"),
        "abstract": part(paper, "abstract") or "",
    }
    if arxiv and (not doi or doi.lower().startswith("10.48550/")):
        item |= {"type": "article", "publisher": "arXiv", "number": f"arXiv:{arxiv}", "genre": "Preprint"}
    elif kind != "book":
        item |= {"container-title": venue, "volume": text(paper, "journal", "volume")}
        item["page"] = text(paper, "journal", "pages").replace(" ", "")
    return item | ({"custom": {"arxiv": arxiv}} if arxiv else {})


def _kind_of(paper: Mapping[str, Any]) -> str:
    told = [kind for kind in items(paper, "publicationTypes") if isinstance(kind, str)]
    known = next((csl for kind, csl in _TYPES.items() if kind in told), "")
    return known or _VENUES.get(text(paper, "publicationVenue", "type"), "article-journal")
