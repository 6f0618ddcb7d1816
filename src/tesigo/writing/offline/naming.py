"""How a work and its authors are named in running text, from its record alone."""

import re
from collections.abc import Sequence

from tesigo.manuscript import Source
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.offline.wording import Wording

_LONGEST_TITLE_WORDS = 18
_LONGEST_VENUE_WORDS = 9
_SHORT_NAME = re.compile(r"\(([A-Z][A-Za-z&*-]+(?: ?[’']?\d{2,4})?)\)")
_SERIES = re.compile(r"\b(?:proceedings|conference|workshop|symposium|meeting|volume|atti)\b", re.IGNORECASE)
_KINDS = {
    "article-journal": "article", "article-magazine": "article", "article-newspaper": "article",
    "paper-conference": "conference", "book": "book", "chapter": "book", "thesis": "thesis", "report": "report",
}  # fmt: skip


def authors(source: Source, wording: Wording) -> str:
    """Return "Smith", "Smith and Lee", "Smith and colleagues", or a phrase with the title when nobody is named."""
    names = [escape_markdown(name) for name in source.author_names]
    if not names:
        return wording.grammar("unnamed").format(title=title(source) or escape_markdown(source.key))
    if len(names) > 2:
        return wording.grammar("colleagues").format(first=names[0])
    if len(names) == 2 and names[0] == names[1]:
        return names[0]
    return f" {wording.grammar('and')} ".join(names)


def is_plural(source: Source) -> bool:
    """Return whether the authors are several (or unnamed, "the authors of …")."""
    return len(source.author_names) != 1


def all_authors(sources: Sequence[Source], wording: Wording) -> str:
    """Return the authors of several works as one list in which it stays clear who wrote together."""
    names = list(dict.fromkeys(_in_list(source, wording) for source in sources))
    return wording.list_of(names) if len(names) != 1 else authors(sources[0], wording)


def _in_list(source: Source, wording: Wording) -> str:
    names = [escape_markdown(name) for name in source.author_names]
    if len(names) > 2:
        return wording.grammar("and_others").format(first=names[0])
    return " & ".join(dict.fromkeys(names)) if names else authors(source, wording)


def title(source: Source) -> str:
    """Return the work's title in italics, "" when it is missing or too long to be named in a sentence."""
    plain = " ".join(source.title.split()).rstrip(".")
    if not plain or len(plain.split()) > _LONGEST_TITLE_WORDS or re.search(r"[*$\\<>{}“”«»]", plain):
        return ""
    return f"*{escape_markdown(plain)}*"


def venue(source: Source) -> str:
    """Return where it appeared, short enough for a sentence: a journal's name, or "BEA 2023"; else ""."""
    name = " ".join(str(source.csl.get("container-title") or "").split())
    short = _SHORT_NAME.search(name)
    if short:
        return escape_markdown(short[1])
    if not name or len(name.split()) > _LONGEST_VENUE_WORDS or _SERIES.search(name):
        return ""
    return f"*{escape_markdown(name)}*"


def kind(source: Source) -> str:
    """Return the name in the grammar of what kind of work it is: "article", "conference", …, "other"."""
    return _KINDS.get(str(source.csl.get("type") or ""), "other")
