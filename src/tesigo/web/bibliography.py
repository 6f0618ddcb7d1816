"""Sources as a reader on a screen sees them: a short name for the text, a full entry for the list."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import quote

from tesigo.export.records import clean_record
from tesigo.manuscript import Source
from tesigo.web.words import Words

_DOI = re.compile(r"10\.\d{4,9}/\S+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_MOST_AUTHORS = 8
_MOST_AUTHORS_BEFORE_ET_AL = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A source in words. address: where its work is to be found, "" when that is not known."""

    key: str
    short: str
    authors: str
    year: str
    title: str
    container: str
    address: str
    address_text: str


def describe(csl: Mapping[str, Any], words: Words) -> Entry:
    """Return the entry of a bibliographic record; what the record lacks is left out."""
    source = Source(key=str(csl.get("id") or ""), csl=csl)
    record = clean_record(source)
    year = str(source.year) if source.year is not None else words("entry.no_date")
    title = _plain(record.get("title")) or words("entry.no_title")
    doi = _DOI.search(str(record.get("DOI") or ""))
    url = str(record.get("URL") or "")
    return Entry(
        key=source.key,
        short=f"{_short_names(record, words) or title[:40]}, {year}",
        authors=_full_names(record, words),
        year=year,
        title=title,
        container=_container(record, words),
        address=f"https://doi.org/{quote(doi[0], safe='/:;().-_')}" if doi else url,
        address_text=f"doi:{doi[0]}" if doi else url,
    )


def describe_all(sources: Iterable[Source], words: Words) -> dict[str, Entry]:
    """Return the entry of each key, ordered as a bibliography; equal short names get a letter."""
    entries = [describe({**source.csl, "id": source.key}, words) for source in sources]
    entries.sort(key=lambda entry: (entry.short.casefold(), entry.title.casefold()))
    counted: dict[str, int] = {}
    total: dict[str, int] = {}
    for entry in entries:
        total[entry.short] = total.get(entry.short, 0) + 1
    told = {}
    for entry in entries:
        place = counted.get(entry.short, 0)
        counted[entry.short] = place + 1
        letter = chr(ord("a") + place) if total[entry.short] > 1 and place < 26 else ""
        told[entry.key] = replace(entry, short=entry.short + letter, year=entry.year + letter)
    return told


def _short_names(record: Mapping[str, Any], words: Words) -> str:
    names = [name for author in record.get("author") or () if (name := _family(author))]
    if len(names) > _MOST_AUTHORS_BEFORE_ET_AL:
        return words("entry.et_al", first=names[0])
    return words("entry.and").join(names)


def _full_names(record: Mapping[str, Any], words: Words) -> str:
    names = [name for author in record.get("author") or () if (name := _name(author))]
    if len(names) > _MOST_AUTHORS:
        return words("entry.et_al", first=", ".join(names[:_MOST_AUTHORS]))
    return ", ".join(names)


def _family(author: Mapping[str, str]) -> str:
    return _plain(author.get("family") or author.get("literal") or author.get("given"))


def _name(author: Mapping[str, str]) -> str:
    family, given = _family(author), _plain(author.get("given"))
    if not author.get("family") or not given:
        return family
    initials = " ".join(f"{part[0]}." for part in re.split(r"[\s.]+", given) if part)
    return f"{family} {initials}"


def _container(record: Mapping[str, Any], words: Words) -> str:
    volume, issue = _plain(record.get("volume")), _plain(record.get("issue"))
    numbers = f"{volume}({issue})" if volume and issue else volume or issue
    pages = _plain(record.get("page")).replace("-", "–")
    parts = (
        _plain(record.get("container-title")),
        numbers,
        words("entry.pages", pages=pages) if pages else "",
        _plain(record.get("publisher")),
    )
    return ", ".join(part for part in parts if part)


def _plain(value: object) -> str:
    return unescape(_TAG.sub("", str(value))) if value else ""
