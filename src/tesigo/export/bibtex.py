"""Sources as BibTeX, whole: titles keep their case, names their parts, and every text its letters."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tesigo.manuscript import Source

_TYPES = {
    "article": "article", "article-journal": "article", "article-magazine": "article", "article-newspaper": "article",
    "book": "book", "chapter": "incollection", "entry-dictionary": "incollection",
    "entry-encyclopedia": "incollection", "legislation": "misc", "manuscript": "unpublished",
    "paper-conference": "inproceedings", "pamphlet": "booklet", "report": "techreport", "software": "misc",
    "thesis": "phdthesis", "webpage": "online",
}  # fmt: skip
_INSIDE = frozenset({"incollection", "inproceedings"})
_TEXTS = (
    ("edition", "edition"), ("collection-title", "series"), ("volume", "volume"), ("page", "pages"),
    ("publisher-place", "address"), ("chapter-number", "chapter"), ("language", "language"), ("keyword", "keywords"),
    ("ISBN", "isbn"), ("ISSN", "issn"),
)  # fmt: skip
_VERBATIM = (("DOI", "doi"), ("URL", "url"))
_PUBLISHERS = {"phdthesis": "school", "techreport": "institution"}
_NUMBERS = {"techreport": ("number", "issue"), "article": ("issue", "number")}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "'": r"\textquotesingle{}", "`": r"\`{}",
    **{quote: f"{{{quote}}}" for quote in "‘’“”"},
}  # fmt: skip
_SPECIAL = re.compile(r"[\\{}$&%#_^~'`‘’“”]|(?<=-)(?=-)")
"""What TeX or those who read it would make something else of; the empty match keeps two hyphens two."""
_UNSAFE_ADDRESS = re.compile(r"[\\{}\s]")


def as_bibtex(sources: Iterable[Source]) -> bytes:
    """Return these sources as a BibTeX file in UTF-8, with their abstracts, each under its key.

    Pandoc's writer leaves out abstracts and languages and writes English titles in capitals; this one loses nothing
    that BibTeX has a field for. The day of a date, and other dates than that of the publication, it has none for.
    """
    return "\n".join(_entry(source) for source in sources).encode()


def _entry(source: Source) -> str:
    csl = source.csl
    kind = _TYPES.get(str(csl.get("type")), "misc")
    fields = [*_fields(csl, kind)]
    if source.abstract:
        fields.append(("abstract", f"{{{_escaped(source.abstract)}}}"))
    lines = "".join(f"  {name} = {value},\n" for name, value in fields)
    return f"@{kind}{{{source.key},\n{lines}}}\n"


def _fields(csl: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    for role in ("author", "editor", "translator"):
        names = [written for name in csl.get(role, ()) if (written := _name(name))]
        if names:
            yield role, f"{{{' and '.join(names)}}}"
    if csl.get("title"):
        yield "title", f"{{{{{_escaped(csl['title'])}}}}}"
    container = "booktitle" if kind in _INSIDE else "journal"
    texts = [("container-title", container), ("publisher", _PUBLISHERS.get(kind, "publisher")), *_TEXTS]
    texts += [(field, "number") for field in _number_field(csl, kind)]
    if csl.get("genre") and kind in ("phdthesis", "techreport", "misc"):
        texts.append(("genre", "type"))
    for field, name in texts:
        if csl.get(field):
            yield name, f"{{{_escaped(csl[field])}}}"
    for field, name in _VERBATIM:
        if csl.get(field):
            yield name, f"{{{_UNSAFE_ADDRESS.sub(_encoded, str(csl[field]))}}}"
    yield from _date(csl.get("issued"))


def _number_field(csl: Mapping[str, Any], kind: str) -> list[str]:
    """Return the one field that stands for `number`."""
    wanted = _NUMBERS.get(kind, ("collection-number", "number", "issue"))
    return [field for field in wanted if csl.get(field)][:1]


def _date(value: object) -> Iterator[tuple[str, str]]:
    parts = value.get("date-parts") if isinstance(value, Mapping) else None
    if parts and parts[0]:
        yield "year", f"{{{int(parts[0][0])}}}"
        if len(parts[0]) > 1 and 1 <= int(parts[0][1]) <= 12:
            yield "month", _MONTHS[int(parts[0][1]) - 1]


def _name(name: Mapping[str, str]) -> str:
    """Return "von Family, Suffix, Given", a body in braces; what BibTeX would take apart is held together by braces."""
    if literal := name.get("literal"):
        return f"{{{_escaped(literal)}}}"
    particles = (name.get("dropping-particle", ""), name.get("non-dropping-particle", ""))
    particle = " ".join(filter(None, particles))
    family, given, suffix = (_part(name.get(part, "")) for part in ("family", "given", "suffix"))
    if not family:
        return f"{{{_escaped(name.get('given', ''))}}}" if given else ""
    last = f"{_escaped(particle)} {family}" if particle else family
    return ", ".join((last, suffix, given)) if suffix else f"{last}, {given}" if given else last


def _part(text: str) -> str:
    """Return a part of a name, held together by braces where BibTeX would take it apart."""
    return f"{{{_escaped(text)}}}" if any(map(_is_odd, text.split())) else _escaped(text)


def _is_odd(word: str) -> bool:
    return word[:1].islower() or word == "and" or re.search(r"\.[^\W\d_]|,", word) is not None


def _escaped(text: object) -> str:
    return _SPECIAL.sub(lambda sign: _ESCAPED.get(sign[0], "{}"), str(text))


def _encoded(sign: re.Match[str]) -> str:
    return f"%{ord(sign[0]):02X}"
