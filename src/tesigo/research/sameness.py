"""Whether two records are of one work, and what they have in common that lets one find the other."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tesigo.manuscript import Source
from tesigo.research.identifiers import (
    arxiv_id_of,
    find_arxiv_id,
    is_preprint_doi,
    normalise_doi,
    normalise_title,
    title_words,
)

Mark = tuple[str, str]
_Person = tuple[tuple[str, ...], str]

_FEWEST_WORDS = 4
"""A title of fewer words ("Editorial", "Machine learning") says too little alone."""

_SERVERS = re.compile(
    r"\b(?:arxiv|biorxiv|medrxiv|chemrxiv|psyarxiv|socarxiv|edarxiv|techrxiv|ssrn|research square|preprints\.org|osf"
    r"|authorea|corr)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:part|volume|vol|chapter|book|teil|parte|частина|том|книга)?\s*(?:[ivx]+|\d+|one|two|three)\b.*"
)
WEB = frozenset({"webpage", "post-weblog", "post", "document"})
"""Kinds of records of which little is known: pages of the web, and files that nobody described."""
_OTHER_KINDS = ({"dataset", "software"}, {"review", "review-book"})
_PLACES = ("volume", "issue", "page", "number")


def marks_of(source: Source) -> Iterator[Mark]:
    """Yield what other records of the same work may share: ids, and the title, with and without its subtitle."""
    csl = source.csl
    for doi in (csl.get("DOI"), *(_custom(csl, field) for field in ("published_doi", "preprint_doi"))):
        normal = normalise_doi(doi)
        if normal and not find_arxiv_id(normal):
            yield "doi", normal
    if arxiv := arxiv_id_of(csl):
        yield "arxiv", arxiv
    if csl.get("type") == "webpage" and (page := _page_of(csl)):
        yield "page", page
    if words := title_words(source.title):
        yield "title", "".join(words)
        main = title_words(_main_title(source.title))
        if len(main) >= _FEWEST_WORDS and main != words:
            yield "title", "".join(main)


def is_of_id(mark: Mark) -> bool:
    """Return whether a mark names the work, which no other has; a title may."""
    return mark[0] != "title"


def are_one(one: Source, other: Source, mark: Mark) -> bool:
    """Return whether two records that share this mark are of one work."""
    if is_of_id(mark):
        return True
    if is_bare_text(one) or is_bare_text(other):
        return is_bare_text(one) != is_bare_text(other) and _is_telling(one)
    if _is_bare_page(one) != _is_bare_page(other):
        return (
            _is_telling(one)
            and title_words(one.title) == title_words(other.title)
            and _years_are_near(one, other)
        )
    return (
        _may_be_one(one.csl, other.csl) and _titles_agree(one, other) and _years_and_names_agree(one, other)
    )


def is_bare_text(source: Source) -> bool:
    """Return whether this is a text of which nothing is known but its title: a file beside its record."""
    return bool(source.full_text) and not (source.author_names or source.year or source.csl.get("DOI"))


def _is_bare_page(source: Source) -> bool:
    """Return whether this is a page of the web of which nobody is known to be the author."""
    return source.csl.get("type") == "webpage" and not source.author_names


def _years_are_near(one: Source, other: Source) -> bool:
    return one.year is None or other.year is None or abs(one.year - other.year) <= 1


def is_preprint(csl: Mapping[str, Any]) -> bool:
    """Return whether the record describes what lies on a preprint server, not a published work."""
    if doi := normalise_doi(csl.get("DOI")):
        return is_preprint_doi(doi)
    if csl.get("type") in WEB and find_arxiv_id(csl.get("URL")):
        return True
    places = (
        str(csl.get(field) or "") for field in ("publisher", "archive", "container-title", "genre", "number")
    )
    told = " ".join(places)
    return bool(_SERVERS.search(told)) or (csl.get("type") == "article" and "preprint" in told.casefold())


def _may_be_one(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether nothing that the records say keeps them apart: two DOIs, editions, or kinds of work.

    A preprint and what was published have two DOIs, and so have preprints on two servers.
    """
    dois = {doi for csl in (one, other) if (doi := normalise_doi(csl.get("DOI")))}
    if len(dois) == 2 and is_preprint(one) == is_preprint(other):
        prefixes = {doi.partition("/")[0] for doi in dois}
        return is_preprint(one) and len(prefixes) == 2
    editions = {str(csl["edition"]).casefold() for csl in (one, other) if csl.get("edition")}
    if len(editions) == 2:
        return False
    return all((one.get("type") in kinds) == (other.get("type") in kinds) for kinds in _OTHER_KINDS)


def _titles_agree(one: Source, other: Source) -> bool:
    """Return whether the titles are equal, or one is the other without a subtitle that is no number of a part."""
    words, others = title_words(one.title), title_words(other.title)
    if "".join(words) == "".join(others):
        return True
    shorter, longer = sorted((one.title, other.title), key=len)
    is_without = "".join(title_words(shorter)) == "".join(title_words(_main_title(longer)))
    return is_without and not _PART.fullmatch(normalise_title(longer[len(_main_title(longer)) :]))


def _years_and_names_agree(one: Source, other: Source) -> bool:
    """Return whether year and first author fit; a title that says little needs more of both.

    Years may differ by one between a preprint and what was published, and one may be missing, where the first authors
    are the same. Authors may be missing where the years are the same.
    """
    first = _first_authors_agree(one, other)
    if (one.year is None) != (other.year is None):
        are_near = first is True and _is_telling(one)
    elif one.year is not None and other.year is not None and one.year != other.year:
        is_first_public = is_preprint(one.csl) != is_preprint(other.csl)
        are_near = is_first_public and first is True and abs(one.year - other.year) == 1 and _is_telling(one)
    else:
        are_near = first is not False
    if _is_telling(one):
        return are_near
    return are_near and first is True and not _are_at_different_places(one.csl, other.csl)


def _is_telling(source: Source) -> bool:
    return len(title_words(source.title)) >= _FEWEST_WORDS


def _are_at_different_places(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether both name a volume, an issue or a page, and not the same: an editor writes many editorials."""
    return any(
        one.get(field) and other.get(field) and _first_number(one[field]) != _first_number(other[field])
        for field in _PLACES
    )


def _first_number(value: object) -> str:
    match = re.search(r"\w+", str(value))
    return match[0].casefold() if match else ""


def _first_authors_agree(one: Source, other: Source) -> bool | None:
    """Return whether the first author of one is among the first ones of the other; None when one names nobody.

    Among the first two, because some lists are in the order of the alphabet; family names and initials are compared.
    """
    names, others = (_people(source) for source in (one, other))
    if not names or not others:
        return None
    return any(_is_same_person(names[0], name) for name in others[:2]) or any(
        _is_same_person(others[0], name) for name in names[:2]
    )


def _people(source: Source) -> list[_Person]:
    """Return (the words of the family name, the first initial) of each author."""
    people = []
    for author in source.csl.get("author") or ():
        family = title_words(str(author.get("family") or ""))
        given = title_words(str(author.get("given") or ""))
        if not family:
            *first, last = title_words(str(author.get("literal") or "")) or given or ("",)
            family, given = (last,), tuple(first)
        people.append((family, given[0][0] if given else ""))
    return [person for person in people if person[0] != ("",)]


def _is_same_person(one: _Person, other: _Person) -> bool:
    (family, initial), (other_family, other_initial) = one, other
    are_named_alike = "".join(family) == "".join(other_family) or family[-1] == other_family[-1]
    return are_named_alike and (not initial or not other_initial or initial == other_initial)


def _main_title(title: str) -> str:
    """Return the title up to its first colon, question mark or dash: what stands before a subtitle."""
    match = re.search(r"\s*(?::\s|[?.]\s(?=[A-ZА-ЯІЇЄҐ])|\s[\u2013\u2014-]+\s)", title)
    return title[: match.start()] if match else title


def _page_of(csl: Mapping[str, Any]) -> str:
    """Return an address without what makes the same page look like two: its scheme, "www." and a last slash."""
    return re.sub(r"^https?://(?:www\.)?", "", str(csl.get("URL") or "").partition("#")[0]).rstrip("/")


def _custom(csl: Mapping[str, Any], field: str) -> object:
    custom = csl.get("custom")
    return custom.get(field) if isinstance(custom, Mapping) else None
