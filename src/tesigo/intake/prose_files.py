"""A text that is itself a source: what it says about its title, author and year."""

import re
from dataclasses import dataclass

from tesigo.intake.csl import Item, clean_text

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<fields>(?:.*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(
    r"^(title|author|authors|date|year)[ \t]*:[ \t]*(.*(?:\n[ \t]*- .*)*)", re.MULTILINE | re.IGNORECASE
)
_HEADING = re.compile(r"^ {0,3}#{1,2}[ \t]+(\S.*)$", re.MULTILINE)
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_ATTRIBUTES = re.compile(r"\s*(?:\{[^{}]*\}|#+)\s*$")
_MARKUP = re.compile(r"[*_`]+|\{/\*.*?\*/\}|\[([^\]]*)\]\([^)]*\)")
_YEAR = re.compile(r"\b(1[5-9]\d\d|20\d\d)\b")
_FIRST_PART = 10_000
_LONGEST_HEADING = 1_000
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Described:
    """A record for a text without one."""

    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    doi: str = ""

    def item(self) -> Item:
        """Return it as a CSL-JSON item of the type "document"."""
        item: Item = {"type": "document", "title": self.title}
        if self.authors:
            item["author"] = [_name(author) for author in self.authors]
        if self.year:
            item["issued"] = {"date-parts": [[self.year]]}
        if self.doi:
            item["DOI"] = self.doi
        return item


def describe_text(name: str, text: str, *, is_markdown: bool) -> Described:
    """Return the record of a text: by its front matter, else its first heading, else the file's name."""
    beginning = text[:_FIRST_PART]
    front = _FRONT_MATTER.match(beginning)
    fields = {match[1].lower(): match[2] for match in _FIELD.finditer(front["fields"])} if front else {}
    year = _YEAR.search(fields.get("date", "") or fields.get("year", ""))
    title = _unquoted(fields.get("title", ""))
    if not title and is_markdown:
        heading = _HEADING.search(_FENCED.sub("", beginning[front.end() if front else 0 :]))
        title = plain_title(heading[1]) if heading else ""
    return Described(
        title=title[:_LONGEST_TITLE] or title_of_name(name),
        authors=_authors(fields.get("author", "") or fields.get("authors", "")),
        year=int(year[1]) if year else None,
    )


def title_of_name(name: str) -> str:
    """Return the file's name as a title: `my_great-paper.pdf` becomes "My great paper"."""
    stem = re.split(r"[/\\]", name)[-1]
    stem = stem.rpartition(".")[0] or stem
    words = clean_text(re.sub(r"[_\s-]+", " ", stem))
    if not any(map(str.isalnum, words)):
        return "Untitled"
    return f"{words[:1].upper()}{words[1:]}"[:_LONGEST_TITLE]


def plain_title(heading: str) -> str:
    """Return a Markdown heading's words."""
    return clean_text(
        _MARKUP.sub(lambda match: match[1] or "", _ATTRIBUTES.sub("", heading[:_LONGEST_HEADING]))
    )


def _authors(value: str) -> tuple[str, ...]:
    listed = re.findall(r"^[ \t]*- (.*)$", value, re.MULTILINE) or re.split(
        r";|,?\s+and\s+", value.strip(" []")
    )
    return tuple(filter(None, map(_unquoted, listed)))


def _unquoted(value: str) -> str:
    return clean_text(value.strip().strip("\"'"))


def _name(author: str) -> dict[str, str]:
    """Return the name in parts: "Family, Given", "Given Family", or one literal word."""
    family, comma, given = author.partition(", ")
    if not comma:
        given, _, family = author.rpartition(" ")
    return {"family": family, "given": given} if given else {"literal": family}
