"""One work, one source: records of the same work found in several places become one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tesigo.manuscript import Source
from tesigo.research.identifiers import arxiv_id_of, find_arxiv_id, normalise_doi, title_words
from tesigo.research.sameness import WEB, Mark, are_one, is_bare_text, is_of_id, is_preprint, marks_of

RETRACTED = "retracted"
"""The value of CSL's `status` for a work that was taken back.

From: docs.citationstyles.org, CSL 1.0.2, appendix IV, `status`, which names it; read 2026-11-30.
"""
_UPLOAD = "upload"
_MOST_ALIKE = 20
"""Works under one title that are looked at; beyond, another "Editorial" stays apart, and costs no more time."""
_OF_THE_WORK = frozenset({"title", "author", "language", "keyword", "PMID", "PMCID", "custom", "status"})
"""What holds for a work in all of its forms; the rest is of a preprint, or of what was published, alone."""


def merge_sources(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Return each work once, in the order of its first record, under the key of its first record.

    The same work: a DOI or a number at arXiv in common, whatever their case, address or version; else the same title
    (letters and digits compared), first author and year, where a year may be missing or, for a preprint and what was
    published, off by one; see `sameness`. Records that meet through a third are one as well.
    An upload's fields win over found ones, a published work's over its preprint's, a scholarly record's over a page of
    the web, then the first record's; what it lacks is taken from the others. Ids of the other form are kept in
    `custom`: arxiv, preprint_doi, published_doi. The longest abstract, any full text and the mark of a retraction are
    kept.
    """
    works = _Works(unites=True)
    for source in sources:
        works.add(source)
    return works.listed()


def join_found(
    own: Sequence[Source], found: Iterable[Source]
) -> tuple[tuple[Source, ...], tuple[Source, ...]]:
    """Return our works, completed by what was found of them, and the found works that are not among them.

    own: each work once. However many were found, none of our own goes: two stay two, also when a found
    record fits both.
    """
    works = _Works(unites=False)
    for source in own:
        works.keep(source)
    for source in merge_sources(found):
        works.add(source)
    listed = works.listed()
    return listed[: len(own)], listed[len(own) :]


def is_retracted(source: Source) -> bool:
    """Return whether the work was retracted, as far as its record says."""
    return str(source.csl.get("status") or "").casefold() == RETRACTED


class _Works:
    """The works so far, found by the marks of all their records, under the titles that those had.

    unites: whether a record that fits two of them makes them one.
    """

    def __init__(self, *, unites: bool) -> None:
        self._works: list[Source | None] = []
        self._titles: defaultdict[Mark, dict[int, str]] = defaultdict(dict)
        self._unites = unites

    def keep(self, source: Source) -> None:
        """Take a work as one of its own."""
        self._works.append(source)
        self._remember(len(self._works) - 1, source)

    def add(self, source: Source) -> None:
        """Take a record, which may be of a work that is there, or of several that were not known to be one.

        An id makes them one; a title does where nothing keeps them apart from each other either: a record without
        year, authors or subtitle fits many.
        """
        found = self._find(source)
        if not found:
            self.keep(source)
            return
        (first, is_first_by_id), *others = found if self._unites else found[:1]
        self._join(first, source)
        for place, is_by_id in others:
            if (is_first_by_id and is_by_id) or self._are_one(first, place):
                self._unite(first, place)

    def _unite(self, first: int, place: int) -> None:
        work, self._works[place] = self._works[place], None
        if work is not None:
            self._join(first, work)
        for titles in self._titles.values():
            if place in titles:
                titles.setdefault(first, titles.pop(place))

    def listed(self) -> tuple[Source, ...]:
        """Return the works in the order of their first records."""
        return tuple(work for work in self._works if work is not None)

    def _find(self, source: Source) -> list[tuple[int, bool]]:
        """Return the places of the works that the record fits, and whether by an id; those by an id first."""
        found: dict[int, bool] = {}
        for mark in marks_of(source):
            for place in self._titles.get(mark, ()):
                if not found.get(place) and self._fits(place, source, mark):
                    found[place] = is_of_id(mark)
        return sorted(found.items(), key=lambda item: (not item[1], item[0]))

    def _fits(self, place: int, source: Source, mark: Mark) -> bool:
        """Return whether the work, called by the title that brought the mark, and the record are one."""
        work = self._works[place]
        return work is not None and are_one(_called(work, self._titles[mark][place]), source, mark)

    def _are_one(self, first: int, second: int) -> bool:
        other = self._works[second]
        shared = (mark for mark, titles in self._titles.items() if first in titles and second in titles)
        return other is not None and any(
            self._fits(first, _called(other, self._titles[mark][second]), mark) for mark in shared
        )

    def _join(self, place: int, source: Source) -> None:
        work = self._works[place]
        self._works[place] = source if work is None else _joined(work, source)
        self._remember(place, source)

    def _remember(self, place: int, source: Source) -> None:
        for mark in marks_of(source):
            titles = self._titles[mark]
            if len(titles) < _MOST_ALIKE:
                titles.setdefault(place, source.title)


def _called(work: Source, title: str) -> Source:
    return work if work.title == title else replace(work, csl={**work.csl, "title": title})


def _joined(kept: Source, added: Source) -> Source:
    better, other = (added, kept) if _standing(added) > _standing(kept) else (kept, added)
    is_other_form = is_preprint(better.csl) != is_preprint(other.csl) and not is_bare_text(better)
    taken = _OF_THE_WORK if is_other_form else other.csl.keys()
    csl: dict[str, Any] = {
        **{field: value for field, value in other.csl.items() if value and field in taken},
        **{field: value for field, value in better.csl.items() if value},
        **_authors(better, other),
        **_title(better, other),
    }
    if custom := _all_ids(better, other, is_other_form=is_other_form):
        csl["custom"] = custom
    if is_retracted(better) or is_retracted(other):
        csl["status"] = RETRACTED
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


def _standing(source: Source) -> tuple[bool, ...]:
    """Return how much a record's own fields count: the greater one's win."""
    is_bare = is_bare_text(source)
    is_published = not is_preprint(source.csl)
    is_work = source.csl.get("type") not in WEB
    return not is_bare, source.found_by == _UPLOAD, is_work, is_published


def _authors(better: Source, other: Source) -> dict[str, Any]:
    """Return the authors of the other record where it names as many, and spells out more of their given names."""
    names, others = better.csl.get("author") or [], other.csl.get("author") or []
    is_fuller = len(names) == len(others) and _spelled_out(others) > _spelled_out(names)
    return {"author": others} if is_fuller and better.found_by != _UPLOAD else {}


def _title(better: Source, other: Source) -> dict[str, Any]:
    """Return the title of the other record where it has a subtitle that is lacking."""
    words, others = title_words(better.title), title_words(other.title)
    is_longer = len(others) > len(words) and others[: len(words)] == words
    return {"title": other.title} if is_longer and better.found_by != _UPLOAD else {}


def _spelled_out(names: Sequence[Mapping[str, str]]) -> int:
    return sum(len(str(name.get("given") or "").split(" ")[0].rstrip(".")) > 1 for name in names)


def _all_ids(better: Source, other: Source, *, is_other_form: bool) -> dict[str, Any]:
    """Return `custom` of both, with the ids of the work that the record's own fields have no place for."""
    custom = {**(other.csl.get("custom") or {}), **(better.csl.get("custom") or {})}
    arxiv = arxiv_id_of(better.csl) or arxiv_id_of(other.csl)
    if arxiv:
        custom["arxiv"] = arxiv
    doi = normalise_doi(other.csl.get("DOI"))
    if is_other_form and doi and not find_arxiv_id(doi):
        custom.setdefault("published_doi" if is_preprint(better.csl) else "preprint_doi", doi)
    if not is_preprint(better.csl):
        custom.pop("published_doi", None)
    return {field: value for field, value in custom.items() if value}
