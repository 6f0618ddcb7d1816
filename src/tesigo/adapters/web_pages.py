"""Pages of the web as sources: what search engines for the web find."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tesigo.adapters.search_records import date
from tesigo.research.identifiers import find_arxiv_id, normalise_doi

_LEFT_OUT = re.compile(r"\s*(?:\[(?:\.\.\.|…)\]|\.\.\.|…)\s*")
_MARKDOWN = re.compile(r"^\s*(?:#+|[-*>|])\s*|[*_`]{1,3}|\[([^\[\]]*)\]\([^()\s]*\)", re.MULTILINE)
_DOI_HOSTS = frozenset({"doi.org", "dx.doi.org", "www.doi.org"})


def describe_page(
    title: str, url: str, *, snippet: str, published: str, seen: datetime
) -> dict[str, Any] | None:
    """Return the record of a page in the form of CSL with its snippet as `abstract`, None without an address.

    snippet: word for word from the page, with gaps as "[...]" or "…"; they become ends of paragraphs, so that no
    quotation runs over one. An address at doi.org or arXiv names the work that it leads to.
    """
    try:
        split = urlsplit(url)
    except ValueError:
        return None
    if split.scheme not in {"http", "https"} or not split.hostname:
        return None
    arxiv = find_arxiv_id(url)
    doi = normalise_doi(url) if split.hostname in _DOI_HOSTS else ""
    page: dict[str, Any] = {
        "type": "webpage",
        "title": title or split.hostname,
        "URL": url,
        "container-title": split.hostname.removeprefix("www."),
        "issued": date(published),
        "accessed": {"date-parts": [[seen.year, seen.month, seen.day]]},
        "abstract": "\n\n".join(_pieces(snippet)),
    }
    if arxiv:
        page |= {"type": "article", "publisher": "arXiv", "number": f"arXiv:{arxiv}", "container-title": ""}
        page["custom"] = {"arxiv": arxiv}
    return page | ({"DOI": doi, "type": "article"} if doi else {})


def _pieces(snippet: str) -> Sequence[str]:
    plain = _MARKDOWN.sub(lambda mark: mark[1] or "", snippet)
    return [words for piece in _LEFT_OUT.split(plain) if (words := " ".join(piece.split()))]
