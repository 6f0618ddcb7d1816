"""What the six search services answer, in the shapes of their manuals, about works that nobody ever wrote."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """A work of our own invention, which every service knows in its own way."""

    title: str
    authors: tuple[str, ...] = ("Ada Quill", "Bruno van der Berg")
    year: int = 2021
    doi: str = ""
    arxiv: str = ""
    journal: str = "Journal of Imagined Pedagogy"
    abstract: str = ""
    is_retracted: bool = False


def semantic_scholar(works: Sequence[Work]) -> list[Record]:
    """Return papers of the Academic Graph."""
    return [
        {
            "paperId": f"{number:040x}",
            "url": f"https://www.semanticscholar.org/paper/{number:040x}",
            "title": work.title,
            "abstract": work.abstract or None,
            "venue": "arXiv.org" if work.arxiv and not work.doi else work.journal,
            "publicationVenue": {"id": f"venue-{number}", "name": work.journal, "type": "journal"},
            "year": work.year,
            "externalIds": {
                "CorpusId": number,
                **({"DOI": work.doi} if work.doi else {}),
                **({"ArXiv": work.arxiv} if work.arxiv else {}),
            },
            "publicationTypes": ["JournalArticle"],
            "publicationDate": f"{work.year}-03-04",
            "journal": {"name": work.journal, "volume": "7", "pages": "11 - 29"},
            "authors": [{"authorId": str(place), "name": name} for place, name in enumerate(work.authors)],
        }
        for number, work in enumerate(works)
    ]


def openalex(works: Sequence[Work]) -> list[Record]:
    """Return works of OpenAlex."""
    return [
        {
            "id": f"https://openalex.org/W{number}",
            "doi": f"https://doi.org/{work.doi.lower()}" if work.doi else None,
            "ids": {"openalex": f"https://openalex.org/W{number}"},
            "title": work.title,
            "publication_year": work.year,
            "publication_date": f"{work.year}-03-04",
            "type": "article",
            "language": "en",
            "is_retracted": work.is_retracted,
            "authorships": [
                {"author_position": "first", "author": {"id": None, "display_name": name}, "raw_author_name": name}
                for name in work.authors
            ],
            "biblio": {"volume": "7", "issue": "2", "first_page": "11", "last_page": "29"},
            "primary_location": {
                "landing_page_url": f"https://doi.org/{work.doi}" if work.doi else None,
                "source": {
                    "display_name": work.journal, "type": "journal", "host_organization_name": "Imagined Press"
                },
            },
            "locations": [{"landing_page_url": f"http://arxiv.org/abs/{work.arxiv}"}] if work.arxiv else [],
            "abstract_inverted_index": inverted(work.abstract) if work.abstract else None,
        }
        for number, work in enumerate(works)
    ]  # fmt: skip


def inverted(text: str) -> dict[str, list[int]]:
    """Return a text as OpenAlex tells it."""
    index: dict[str, list[int]] = {}
    for place, word in enumerate(text.split()):
        index.setdefault(word, []).append(place)
    return index


def crossref(works: Sequence[Work]) -> list[Record]:
    """Return works of Crossref."""
    return [
        {
            "DOI": work.doi or f"10.5555/imagined.{number}",
            "URL": f"https://doi.org/{work.doi}",
            "type": "journal-article",
            "title": [work.title],
            "container-title": [work.journal],
            "publisher": "Imagined Press",
            "volume": "7",
            "issue": "2",
            "page": "11-29",
            "language": "en",
            "issued": {"date-parts": [[work.year, 3, 4]]},
            "author": [
                {"given": name.partition(" ")[0], "family": name.partition(" ")[2], "sequence": "first"}
                for name in work.authors
            ],
            "abstract": f"<jats:title>Abstract</jats:title><jats:p>{escape(work.abstract)}</jats:p>",
            **(
                {
                    "updated-by": [
                        {"type": "retraction", "DOI": "10.5555/notice", "source": "retraction-watch"}
                    ]
                }
                if work.is_retracted
                else {}
            ),
        }
        for number, work in enumerate(works)
    ]


def arxiv(works: Sequence[Work]) -> list[Record]:
    """Return entries of arXiv: the XML of each."""
    return [{"xml": _entry(work)} for work in works]


def _entry(work: Work) -> str:
    names = "".join(f"<author><name>{escape(name)}</name></author>" for name in work.authors)
    doi = f"<arxiv:doi>{escape(work.doi)}</arxiv:doi>" if work.doi else ""
    return (
        f"<entry><id>http://arxiv.org/abs/{work.arxiv or '2101.00001'}v2</id>"
        f"<updated>{work.year}-06-07T08:09:10Z</updated><published>{work.year}-03-04T05:06:07Z</published>"
        f"<title>{escape(work.title)}</title><summary>\n  {escape(work.abstract)}\n</summary>{names}{doi}"
        '<link href="http://arxiv.org/abs/2101.00001v2" rel="alternate" type="text/html"/></entry>'
    )


def perplexity(works: Sequence[Work]) -> list[Record]:
    """Return the pages that a model of Perplexity searched."""
    return [
        {
            "title": work.title,
            "url": f"https://papers.example.org/{number}",
            "date": f"{work.year}-03-04",
            "last_updated": f"{work.year}-03-05",
            "snippet": work.abstract,
            "source": "web",
        }
        for number, work in enumerate(works)
    ]


def tavily(works: Sequence[Work]) -> list[Record]:
    """Return pages as Tavily found them."""
    return [
        {
            "title": work.title,
            "url": f"https://www.example.org/{number}",
            "content": work.abstract,
            "score": 0.9,
            "raw_content": None,
        }
        for number, work in enumerate(works)
    ]


def wrapped(service: str, records: Sequence[Record]) -> bytes:
    """Return the whole answer of a service."""
    if service == "arxiv":
        entries = "".join(record["xml"] for record in records)
        return (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
            'xmlns:arxiv="http://arxiv.org/schemas/atom"><title>ArXiv Query</title>'
            f"<id>http://arxiv.org/api/x</id>{entries}</feed>"
        ).encode()
    return json.dumps(_ENVELOPES[service](list(records)), ensure_ascii=False).encode()


_ENVELOPES: Mapping[str, Callable[[list[Record]], Any]] = {
    "semantic_scholar": lambda found: (
        {"total": len(found), "offset": 0, "data": found} if found else {"total": 0, "offset": 0}
    ),
    "openalex": lambda found: {"meta": {"count": len(found)}, "results": found, "group_by": []},
    "crossref": lambda found: {
        "status": "ok",
        "message-type": "work-list",
        "message": {"total-results": len(found), "items": found},
    },
    "perplexity": lambda found: {
        "id": "made-up",
        "model": "sonar",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {
                    "role": "assistant",
                    "content": "See Nobody (2020), “A work of prose”, doi:10.5555/prose [1].",
                },
            }
        ],
        "citations": [record["url"] for record in found],
        "search_results": found,
    },
    "tavily": lambda found: {
        "query": "",
        "answer": None,
        "images": [],
        "results": found,
        "response_time": 0.1,
    },
}

RECORDS: Mapping[str, Callable[[Sequence[Work]], list[Record]]] = {
    "semantic_scholar": semantic_scholar,
    "openalex": openalex,
    "crossref": crossref,
    "arxiv": arxiv,
    "perplexity": perplexity,
    "tavily": tavily,
}
"""How each service tells of works, by the name that its settings begin with, in small letters."""
