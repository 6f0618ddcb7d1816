"""Sources as RIS, which every reference manager reads."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tesigo.manuscript import Source

_TYPES = {
    "article": "INPR", "article-journal": "JOUR", "article-magazine": "MGZN", "article-newspaper": "NEWS",
    "bill": "BILL", "book": "BOOK", "chapter": "CHAP", "classic": "CLSWK", "dataset": "DATA",
    "entry-dictionary": "DICT", "entry-encyclopedia": "ENCYC", "figure": "FIGURE", "graphic": "ART",
    "hearing": "HEAR", "legal_case": "CASE", "legislation": "STAT", "manuscript": "UNPB", "map": "MAP",
    "motion_picture": "VIDEO", "musical_score": "MUSIC", "pamphlet": "PAMP", "paper-conference": "CONF",
    "patent": "PAT", "periodical": "JFULL", "personal_communication": "PCOMM", "post-weblog": "BLOG",
    "regulation": "LEGAL", "report": "RPRT", "software": "COMP", "song": "SOUND", "speech": "SLIDE",
    "standard": "STAND", "thesis": "THES", "webpage": "ELEC",
}  # fmt: skip
_TEXTS = (
    ("original-title", "OP"), ("title-short", "ST"), ("publisher", "PB"), ("publisher-place", "CY"),
    ("edition", "ET"), ("volume", "VL"), ("number-of-volumes", "NV"), ("section", "SE"),
    ("language", "LA"), ("DOI", "DO"), ("URL", "UR"), ("genre", "M3"), ("PMCID", "C2"),
)  # fmt: skip
_NAMES = (("author", "AU"), ("editor", "ED"), ("collection-editor", "A3"), ("translator", "A4"))
_PAGES = re.compile(r"([^\s-]+)[-–]([^\s-]+)")


def as_ris(sources: Iterable[Source]) -> bytes:
    """Return these sources as a RIS file, with their abstracts, each under its key.

    What RIS has no place for is left out: days of an event, roles of people other than author, editor and translator.
    """
    return "".join(f"{_record(source)}\n" for source in sources).encode()


def _record(source: Source) -> str:
    fields = [("TY", _TYPES.get(str(source.csl.get("type")), "GEN")), ("ID", source.key)]
    fields += [(tag, value) for tag, value in _fields(source.csl) if value]
    if source.abstract:
        fields.append(("AB", source.abstract))
    return "".join(f"{tag}  - {' '.join(value.split())}\n" for tag, value in [*fields, ("ER", "")])


def _fields(csl: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "TI", str(csl.get("title", ""))
    for role, tag in _NAMES:
        for name in csl.get(role, ()):
            yield tag, _name(name)
    yield from _containers(csl)
    yield from _numbers(csl)
    for field, tag in _TEXTS:
        yield tag, str(csl.get(field, ""))
    for keyword in str(csl.get("keyword", "")).split(", "):
        yield "KW", keyword
    if csl.get("PMID"):
        yield "DB", "PubMed"
        yield "AN", str(csl["PMID"])
    issued = _date(csl.get("issued"))
    yield "PY", issued.partition("/")[0]
    yield "DA", issued
    yield "Y2", _date(csl.get("accessed"))


def _name(name: Mapping[str, str]) -> str:
    """Return "Family, Given, Suffix"; the name of a body ends with a comma, as EndNote has it."""
    if literal := name.get("literal"):
        return f"{literal},"
    particles = (name.get("dropping-particle", ""), name.get("non-dropping-particle", ""))
    family = " ".join(filter(None, (*particles, name.get("family", ""))))
    given, suffix = name.get("given", ""), name.get("suffix", "")
    if not family:
        return f"{given},"
    return ", ".join((family, given, suffix)) if suffix else f"{family}, {given}" if given else family


def _containers(csl: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    whole, event = str(csl.get("container-title", "")), str(csl.get("event-title", ""))
    if event and csl.get("type") in ("paper-conference", "speech"):
        yield "T2", event
        yield "C3", whole
    else:
        yield "T2" if csl.get("type") in ("chapter", "paper-conference") else "JF", whole
    yield "JA", str(csl.get("container-title-short", ""))
    yield "T3", str(csl.get("collection-title", ""))


def _numbers(csl: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "IS", str(csl.get("number") or csl.get("issue") or "")
    page = str(csl.get("page", ""))
    pages = _PAGES.fullmatch(page)
    is_range = pages is not None and pages[1] != pages[2]
    yield "SP", pages[1] if pages and is_range else page
    yield "EP", pages[2] if pages and is_range else ""
    yield "SN", str(csl.get("ISBN", ""))
    yield "SN", str(csl.get("ISSN", ""))


def _date(value: object) -> str:
    """Return the date as YYYY/MM/DD as far as it is known, "" for none."""
    parts = value.get("date-parts") if isinstance(value, Mapping) else None
    if not parts or not parts[0]:
        return ""
    year, *rest = parts[0]
    return "/".join([f"{int(year):04}", *(f"{int(part):02}" for part in rest[:2])])
