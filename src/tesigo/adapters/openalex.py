"""Sources from OpenAlex."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from tesigo.adapters.search_http import Manners, SearchHttp, Service
from tesigo.adapters.search_names import split_name
from tesigo.adapters.search_records import date, items, make_sources, part, query_words, records_at, text
from tesigo.manuscript import Source

SERVICE = Service("OpenAlex", "OPENALEX", "https://api.openalex.org", every_s=0.1, at_once=4)
"""It bears 100 requests a second; what is scarce is the day's allowance."""

_MOST = 100
_FIELDS = (
    "id,doi,ids,title,publication_year,publication_date,type,language,is_retracted,authorships,biblio"
    ",primary_location,locations,abstract_inverted_index"
)
_TYPES = {
    "article": "article-journal",
    "review": "article-journal",
    "letter": "article-journal",
    "editorial": "article-journal",
    "erratum": "article-journal",
    "preprint": "article",
    "book": "book",
    "book-chapter": "chapter",
    "dissertation": "thesis",
    "report": "report",
    "dataset": "dataset",
    "standard": "standard",
    "reference-entry": "entry-encyclopedia",
    "other": "document",
}
_ARXIV_PAGE = re.compile(r"https?://arxiv\.org/(?:abs|pdf)/([^/?#]+(?:/\d{7})?)", re.IGNORECASE)
_LONGEST = 20_000


class OpenAlex:
    """Finds works by relevance; those that were retracted come with `status` "retracted".

    A key is not required, and free: without one, a day allows about 100 searches, with one 1,000. It goes into the
    address, because the service takes it nowhere else.
    From: developers.openalex.org, "Authentication & Pricing" (api_key; $0.10 a day without, $1 with a free key, a
    search costs $0.001; 100 requests a second), "Work object" (abstract_inverted_index, is_retracted, biblio), "Select
    fields"; `mailto` is no longer asked for, and still accepted; read 2026-11-30.
    """

    name = SERVICE.name

    def __init__(self, manners: Manners, api_key: SecretStr | None = None, *, base_url: str = "") -> None:
        self._http = SearchHttp(SERVICE, manners, base_url=base_url, api_key=api_key, key_parameter="api_key")
        self._contact = manners.contact

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return works, best match first. Raises SourcesUnavailable."""
        words = " ".join(word.lower() for word in query_words(query))  # AND, OR and NOT are operators
        if not words:
            return []
        asked: dict[str, str | int] = {"search": words, "per_page": min(limit, _MOST), "select": _FIELDS}
        if self._contact:
            asked["mailto"] = self._contact
        return (await self._http.get("/works", asked, _read))[:limit]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def abstract_of(index: object) -> str:
    """Return the text of an abstract that is told as {word: [places]}, "" when it is none."""
    places = [
        (place, word)
        for word, told in (index.items() if isinstance(index, Mapping) else ())
        for place in (told if isinstance(told, list) else ())
        if isinstance(place, int) and isinstance(word, str)
    ]
    return " ".join(word for _, word in sorted(places)[:_LONGEST])


def _read(body: bytes) -> list[Source]:
    return make_sources(map(_to_csl, records_at(json.loads(body), "results")), found_by=SERVICE.name)


def _to_csl(work: Mapping[str, Any]) -> dict[str, Any]:
    kind = _kind_of(work)
    doi = text(work, "doi")
    arxiv = _arxiv_of(work)
    item: dict[str, Any] = {
        "type": kind,
        "title": text(work, "title"),
        "author": [split_name(_name_of(authorship)) for authorship in items(work, "authorships")],
        "issued": date(text(work, "publication_date")) or date(text(work, "publication_year")),
        "DOI": doi.removeprefix("https://doi.org/"),
        "PMID": text(work, "ids", "pmid").rpartition("/")[2],
        "URL": text(work, "primary_location", "landing_page_url") or text(work, "id"),
        "language": text(work, "language"),
        "abstract": _without_heading(abstract_of(part(work, "abstract_inverted_index"))),
    }
    item |= _place(work, kind, arxiv)
    if part(work, "is_retracted") is True:
        item["status"] = "retracted"
    return item | ({"custom": {"arxiv": arxiv}} if arxiv else {})


def _place(work: Mapping[str, Any], kind: str, arxiv: str) -> dict[str, Any]:
    """Return where the work appeared: the server of a preprint, the publisher of a book, a journal with its pages."""
    venue = text(work, "primary_location", "source", "display_name")
    publisher = text(work, "primary_location", "source", "host_organization_name")
    if kind == "article":
        number = {"number": f"arXiv:{arxiv}"} if arxiv else {}
        return {"publisher": "arXiv" if arxiv else venue, "genre": "Preprint", **number}
    first, last = text(work, "biblio", "first_page"), text(work, "biblio", "last_page")
    place = {
        "volume": text(work, "biblio", "volume"),
        "issue": text(work, "biblio", "issue"),
        "page": f"{first}-{last}" if last and last != first else first,
    }
    if kind in {"book", "thesis", "report"}:
        return {"publisher": publisher or venue}
    return {"container-title": venue, "publisher": publisher if kind == "chapter" else "", **place}


def _kind_of(work: Mapping[str, Any]) -> str:
    kind = _TYPES.get(text(work, "type"), "document")
    is_of_conference = text(work, "primary_location", "source", "type") == "conference"
    return "paper-conference" if kind == "article-journal" and is_of_conference else kind


def _name_of(authorship: Any) -> str:
    return text(authorship, "author", "display_name") or text(authorship, "raw_author_name")


def _arxiv_of(work: Mapping[str, Any]) -> str:
    pages = (text(location, "landing_page_url") for location in items(work, "locations"))
    found = next((match for page in pages if (match := _ARXIV_PAGE.match(page))), None)
    return re.sub(r"v\d+$", "", found[1].removesuffix(".pdf")) if found else ""


def _without_heading(abstract: str) -> str:
    return re.sub(r"^(?:Abstract|ABSTRACT)[:.]?\s+(?=[A-ZА-ЯІЇЄҐ])", "", abstract)
