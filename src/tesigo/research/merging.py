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
_FEWEST_BLANKS = 3


def merge_sources(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Return each work once, in the order of its first record, under the key of its first record.

    The same work: the same DOI; else the same title (letters and digits compared) and year, unless both name
    authors and share none; or the same title of four words and more, where one is a text without author and year
    (a file beside its record). An upload's fields win over found ones, then the first record's; what it lacks is
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
        if place is not None and _agree(mark[0], merged[place], source):
            return place
    return None


def _marks(source: Source) -> list[tuple[object, ...]]:
    doi, title = normalise_doi(source.csl.get("DOI")), normalise_title(source.title)
    marks: list[tuple[object, ...]] = [("doi", doi)] if doi else []
    if title:
        marks.append(("title", title, source.year))
    if title.count(" ") >= _FEWEST_BLANKS:
        marks.append(("long title", title))
    return marks


def _agree(kind: object, one: Source, other: Source) -> bool:
    """Return whether two records that share a mark of this kind are one work."""
    if kind == "doi":
        return True
    if kind == "title":
        return _may_be_one(one, other)
    return _is_bare_text(one) != _is_bare_text(other)


def _is_bare_text(source: Source) -> bool:
    """Return whether this is a text of which nothing is known but its title: a file beside its record."""
    return bool(source.full_text) and not (source.author_names or source.year or source.csl.get("DOI"))


def _may_be_one(one: Source, other: Source) -> bool:
    """Return whether two records of the same title and year can be one work: "Editorial" is many."""
    names, others = (set(map(normalise_title, source.author_names)) for source in (one, other))
    return not names or not others or not names.isdisjoint(others)


def _joined(kept: Source, added: Source) -> Source:
    is_added_better = _is_bare_text(kept) or (
        _UPLOAD == added.found_by != kept.found_by and not _is_bare_text(added)
    )
    better, other = (added, kept) if is_added_better else (kept, added)
    csl: dict[str, Any] = {
        **{field: value for field, value in other.csl.items() if value},
        **{field: value for field, value in better.csl.items() if value},
    }
    read = better if better.full_text else other
    return replace(
        better,
        key=kept.key,
        csl={**csl, "id": kept.key},
        abstract=max(better.abstract, other.abstract, key=len),
        full_text=read.full_text,
        page_starts=read.page_starts,
        first_page=read.first_page,
    )
