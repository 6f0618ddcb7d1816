"""What the user wants written, checked."""

from dataclasses import dataclass

from tesigo.writing.errors import InvalidBrief

LANGUAGES = ("en", "uk", "it")
"""The languages of a document's connective text; sources may be in any."""

FEWEST_PAGES, MOST_PAGES = 5, 200
SHORTEST_TITLE, LONGEST_TITLE = 3, 300
LONGEST_REQUIREMENTS = 100_000
LONGEST_AUTHOR = 200


@dataclass(frozen=True, slots=True)
class Brief:
    """The wish that a document fulfils; `make_brief` is the way to a valid one.

    pages: of the exported PDF, everything included, 5 to 200.
    language: "en", "uk" or "it". citation_style: a CSL style. norm: a formatting norm.
    requirements: the university's rules as text, "" for none. author: for the title page, "" for none.
    """

    title: str
    pages: int
    language: str = "en"
    citation_style: str = "apa"
    norm: str = "generic"
    requirements: str = ""
    author: str = ""


def make_brief(
    title: str,
    *,
    pages: int = 10,
    language: str = "en",
    citation_style: str = "apa",
    norm: str = "generic",
    requirements: str = "",
    author: str = "",
) -> Brief:
    """Return the wish with blanks folded.

    Raises InvalidBrief naming every rule that is broken; whether the style and the norm exist is for `export`.
    """
    brief = Brief(
        title=" ".join(title.split()),
        pages=pages,
        language=language.strip().lower(),
        citation_style=citation_style.strip(),
        norm=norm.strip(),
        requirements=requirements.strip(),
        author=" ".join(author.split()),
    )
    broken = _broken_rules(brief)
    if broken:
        raise InvalidBrief("; ".join(f"{field}: {rule}" for field, rule in broken), fields=broken)
    return brief


def _broken_rules(brief: Brief) -> list[tuple[str, str]]:
    rules = (
        (
            "title",
            SHORTEST_TITLE <= len(brief.title) <= LONGEST_TITLE and any(map(str.isalnum, brief.title)),
            f"give a title of {SHORTEST_TITLE} to {LONGEST_TITLE} characters",
        ),
        (
            "pages",
            FEWEST_PAGES <= brief.pages <= MOST_PAGES,
            f"ask for {FEWEST_PAGES} to {MOST_PAGES} pages",
        ),
        ("language", brief.language in LANGUAGES, f"choose one of {', '.join(LANGUAGES)}"),
        ("citation_style", bool(brief.citation_style), "name a citation style, for example apa"),
        ("norm", bool(brief.norm), "name a formatting norm, for example generic"),
        (
            "requirements",
            len(brief.requirements) <= LONGEST_REQUIREMENTS,
            f"keep the requirements within {LONGEST_REQUIREMENTS:,} characters",
        ),
        ("author", len(brief.author) <= LONGEST_AUTHOR, f"keep the name within {LONGEST_AUTHOR} characters"),
    )
    return [(field, rule) for field, holds, rule in rules if not holds]
