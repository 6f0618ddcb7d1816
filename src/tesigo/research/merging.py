"""One work, one source: records of the same work found in several places become one."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tesigo.manuscript import Source

_DOI = re.compile(r"10\.\d{4,9}/\S+", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W_]+")
_UPLOAD = "upload"


def merge_sources(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Return each work once, in the order of its first record, under the key of its first record.

    The same work: the same DOI; else the same title (letters and digits compared) and year, unless both name
    authors and share none. An upload's fields win over found ones, then the first record's; what it lacks is
    taken from the others. The longest abstract and any full text are kept.
    """
    merged: list[Source] = []
    places: dict[tuple[object, ...], int] = {}
    for source in sources:
        place = _find_place(source, merged, places)
        if place is None:
            place = len(merged)
            merged.append(source)
        else:
            merged[place] = _joined(merged[place], source)
        for mark in _marks(merged[place]):
            places.setdefault(mark, place)
    return tuple(merged)


def normalise_doi(doi: object) -> str:
    """Return the DOI in lower case without its address, "" when it is none."""
    match = _DOI.search(str(doi or ""))
    return match[0].lower().rstrip(".,;") if match else ""


def normalise_title(title: str) -> str:
    """Return the letters and digits of the title, small and without accents, words apart by a space."""
    decomposed = unicodedata.normalize("NFKD", title.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(_LETTERS.findall(bare))


def _find_place(source: Source, merged: list[Source], places: Mapping[tuple[object, ...], int]) -> int | None:
    for mark in _marks(source):
        place = places.get(mark)
        if place is not None and (mark[0] == "doi" or _may_be_one(merged[place], source)):
            return place
    return None


def _marks(source: Source) -> list[tuple[object, ...]]:
    doi, title = normalise_doi(source.csl.get("DOI")), normalise_title(source.title)
    marks: list[tuple[object, ...]] = [("doi", doi)] if doi else []
    return [*marks, ("title", title, source.year)] if title else marks


def _may_be_one(one: Source, other: Source) -> bool:
    """Return whether two records of the same title and year can be one work: "Editorial" is many."""
    names, others = (set(map(normalise_title, source.author_names)) for source in (one, other))
    return not names or not others or not names.isdisjoint(others)


def _joined(kept: Source, added: Source) -> Source:
    better, other = (added, kept) if _UPLOAD == added.found_by != kept.found_by else (kept, added)
    csl: dict[str, Any] = {
        **{field: value for field, value in other.csl.items() if value},
        **{field: value for field, value in better.csl.items() if value},
    }
    return replace(
        better,
        key=kept.key,
        csl={**csl, "id": kept.key},
        abstract=max(better.abstract, other.abstract, key=len),
        full_text=better.full_text or other.full_text,
    )
