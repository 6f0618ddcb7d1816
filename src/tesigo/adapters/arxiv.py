"""Sources from arXiv, whose answers are Atom feeds, read by a parser that resolves and fetches nothing."""

import re
from typing import Any

from lxml import etree

from tesigo.adapters.search_http import Manners, SearchHttp, Service
from tesigo.adapters.search_names import split_name
from tesigo.adapters.search_records import date, make_sources, query_words
from tesigo.manuscript import Source
from tesigo.research.identifiers import find_arxiv_id

SERVICE = Service("arXiv", "ARXIV", "https://export.arxiv.org/api", every_s=3.0)
"""One request every three seconds, over one connection at a time."""

_MOST = 100
_MOST_WORDS = 12
_SHORTEST_WORD = 3
_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_ERRORS = "arxiv.org/api/errors"


class Arxiv:
    """Finds preprints that hold some word of the query, those first that hold the most.

    A preprint that tells the DOI of its published form keeps it as `custom.published_doi`: the text is the preprint's.
    From: info.arxiv.org/help/api, "User's Manual" (search_query, `all:`, sortBy=relevance, Atom and its `arxiv:`
    elements, errors as an entry) and "Terms of Use for arXiv APIs" (three seconds, one connection); read 2026-11-30.
    """

    name = SERVICE.name

    def __init__(self, manners: Manners, *, base_url: str = "") -> None:
        self._http = SearchHttp(SERVICE, manners, base_url=base_url)

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return preprints, best match first. Raises SourcesUnavailable."""
        words = [word for word in query_words(query) if len(word) >= _SHORTEST_WORD][:_MOST_WORDS]
        if not words:
            return []
        asked: dict[str, str | int] = {
            "search_query": " OR ".join(f"all:{word.lower()}" for word in words),
            "start": 0,
            "max_results": min(limit, _MOST),
            "sortBy": "relevance",
            "sortOrder": "descending",
        }
        return (await self._http.get("/query", asked, read_feed))[:limit]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def read_feed(body: bytes) -> list[Source]:
    """Return the preprints of an Atom feed. Raises ValueError for anything else, and for a feed that tells an error.

    A declaration of a document type is refused: a feed has none, and entities begin there.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        feed = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise ValueError("no XML") from None
    if feed.getroottree().docinfo.internalDTD is not None or feed.tag != f"{_ATOM}feed":
        raise ValueError("no Atom feed")
    entries = feed.findall(f"{_ATOM}entry")
    if any(_ERRORS in _text(entry, f"{_ATOM}id") for entry in entries):
        raise ValueError("an error instead of entries")
    return make_sources(map(_to_csl, entries), found_by=SERVICE.name)


def _to_csl(entry: etree._Element) -> dict[str, Any]:
    arxiv = find_arxiv_id(_text(entry, f"{_ATOM}id"))
    published_doi = _text(entry, f"{_ARXIV}doi")
    names = (_text(author, f"{_ATOM}name") for author in entry.findall(f"{_ATOM}author"))
    return {
        "type": "article",
        "genre": "Preprint",
        "title": _text(entry, f"{_ATOM}title"),
        "author": [split_name(name) for name in names],
        "issued": date(_text(entry, f"{_ATOM}published")),
        "publisher": "arXiv",
        "number": f"arXiv:{arxiv}" if arxiv else "",
        "DOI": f"10.48550/arXiv.{arxiv}" if re.match(r"\d", arxiv) else "",
        "URL": f"https://arxiv.org/abs/{arxiv}" if arxiv else "",
        "abstract": _text(entry, f"{_ATOM}summary"),
        "custom": {"arxiv": arxiv, "published_doi": published_doi},
    }


def _text(element: etree._Element, tag: str) -> str:
    found = element.find(tag)
    return " ".join(str(found.xpath("string()")).split()) if found is not None else ""
