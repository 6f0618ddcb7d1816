"""How a work and its authors are named in running text, from its record alone."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tesigo.manuscript import Source
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.offline.wording import Wording

_LONGEST_TITLE_WORDS = 18
_SHORTENED_TO = 12
_LONGEST_VENUE_WORDS = 9
_SHORT_NAME = re.compile(r"\(([A-Z][A-Za-z&*-]+(?: ?[’']?\d{2,4})?)\)")
_SERIES = re.compile(r"\b(?:proceedings|conference|workshop|symposium|meeting|volume|atti)\b", re.IGNORECASE)
_KINDS = {
    "article-journal": "article", "article-magazine": "article", "article-newspaper": "article",
    "paper-conference": "conference", "book": "book", "chapter": "book", "thesis": "thesis", "report": "report",
}  # fmt: skip


class Names:
    """How the works chosen for one document are named, so that no two labels are the same.

    A work goes by its authors. When several of the chosen works are by the same authors, the year tells them
    apart where it differs; where it does not, and for a work that names nobody, the title's first part is the
    label, one voice in the singular.
    """

    def __init__(self, chosen: Iterable[Source], wording: Wording) -> None:
        self._wording = wording
        self._dated: set[str] = set()
        self._titled: set[str] = set()
        self._short = Counter[str]()
        by_authors: dict[tuple[str, ...], list[Source]] = defaultdict(list)
        for source in {source.key: source for source in chosen}.values():
            by_authors[source.author_names].append(source)
            self._short[_first_part(source)] += 1
        for names, works in by_authors.items():
            years = {work.year for work in works}
            alike = {work.key for work in works} if len(works) > 1 else set()
            if names and None not in years and len(years) == len(works):
                self._dated |= alike
            else:
                self._titled |= alike

    def is_titled(self, source: Source) -> bool:
        """Return whether the work goes by its title."""
        return source.key in self._titled or not source.author_names

    def is_plural(self, source: Source) -> bool:
        """Return whether the label stands for several people."""
        return len(source.author_names) > 1 and not self.is_titled(source)

    def who(self, source: Source) -> str:
        """Return "Smith", "Smith and Lee", "Smith and colleagues (2021)", "*A history of soil*"."""
        if self.is_titled(source):
            return self._wording.grammar("titled").format(title=self.short_title(source))
        return self._with_year(_authors(source, self._wording), source)

    def short_title(self, source: Source) -> str:
        """Return the title up to its colon in italics; more of it when another work begins alike."""
        first = _first_part(source)
        plain = first if first and self._short[first] < 2 else _whole(source)
        return f"*{escape_markdown(plain or source.key)}*"

    def fields(self, source: Source) -> dict[str, str]:
        """Return {who}; {person} and {author} too when people are the label, not a title."""
        who = self.who(source)
        if self.is_titled(source):
            return {"who": who, "person": "", "author": ""}
        number = 1 + self.is_plural(source)
        author = self._wording.noun(number, "author") if "author" in self._wording.table["grammar"] else ""
        return {
            "who": who,
            "person": who,
            "author": author,
            "year": "" if self._is_dated(source) else _year(source),
        }

    def list_fields(self, sources: Sequence[Source]) -> dict[str, str]:
        """Return {names} of several works, and the same as {people} or {titles}, whichever they are."""
        if any(map(self.is_titled, sources)):
            mixed = [self.short_title(one) if self.is_titled(one) else self._in_list(one) for one in sources]
            titles = self._wording.list_of([self.short_title(source) for source in sources])
            return {"names": self._wording.list_of(mixed), "people": "", "titles": titles}
        names = [self._in_list(source) for source in sources]
        if len(sources) == 1:
            names = [self.who(sources[0])]
        elif len(set(names)) == 1:
            names = [f"{name} ({_year(source)})" for name, source in zip(names, sources, strict=True)]
        listed = self._wording.list_of(list(dict.fromkeys(names)))
        return {"names": listed, "people": listed, "titles": ""}

    def _is_dated(self, source: Source) -> bool:
        return source.key in self._dated and not self.is_titled(source)

    def _with_year(self, name: str, source: Source) -> str:
        return f"{name} ({_year(source)})" if self._is_dated(source) else name

    def _in_list(self, source: Source) -> str:
        """Return the authors so that it stays clear in a list who wrote together."""
        names = [escape_markdown(name) for name in source.author_names]
        if len(names) > 2:
            return self._with_year(self._wording.grammar("and_others").format(first=names[0]), source)
        return self._with_year(" & ".join(dict.fromkeys(names)), source)


def _authors(source: Source, wording: Wording) -> str:
    names = [escape_markdown(name) for name in source.author_names]
    if len(names) > 2:
        return wording.grammar("colleagues").format(first=names[0])
    return f" {wording.grammar('and')} ".join(dict.fromkeys(names))


def _year(source: Source) -> str:
    return str(source.year or "")


def _first_part(source: Source) -> str:
    """Return the title up to its colon, question mark or dash; without the number that a filed note begins with."""
    plain = re.sub(r"^\d+\s*[:.]\s+", "", _tidy(source.title))
    return _shortened(re.split(r"[:?!;](?:\s|$)|\s[–—-]\s", plain)[0])


def _whole(source: Source) -> str:
    return _shortened(re.sub(r"[?!]", "", _tidy(source.title)))


def _tidy(title: str) -> str:
    return " ".join(re.sub(r"[*$\\<>{}`“”«»]", "", title).split()).rstrip(" .?!")


def _shortened(plain: str) -> str:
    words = plain.split()
    return plain if len(words) <= _LONGEST_TITLE_WORDS else " ".join(words[:_SHORTENED_TO]) + " …"


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
