"""The sentences of each language: complete, fillable, agreeing."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tesigo.writing.brief import LANGUAGES
from tesigo.writing.offline.wording import load_wording, needs

_NAMES = (
    "who who2 person person2 author names people titles works works_accusative term term2 terms title year "
    "venue kind span gap q heading topics number subject considered chosen kinds full abstracts chapters "
    "quotations part whole first last name"
)
FIELDS = frozenset(_NAMES.split())


def frames(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in table.items():
        if name in ("grammar", "headings", "purposes"):
            continue
        if isinstance(value, Mapping):
            yield from frames(value, (*path, name))
        else:
            for frame in [value] if isinstance(value, str) else value:
                yield (*path, name), frame


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_frame_can_be_filled_for_one_author_and_for_several(language: str) -> None:
    wording = load_wording(language)
    fields = {name: f"x{name}" for name in FIELDS}
    for path, frame in frames(wording.table):
        assert needs(frame) <= FIELDS, (path, frame)
        for is_plural in (False, True):
            filled = wording.fill(frame, fields, is_plural=is_plural)
            assert not set("{}|[]") & set(filled), (path, frame)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_plays_every_role(language: str) -> None:
    roles = {path for path, _ in frames(load_wording(language).table)}
    assert roles == {path for path, _ in frames(load_wording("en").table)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_frame_stands_twice_in_a_role(language: str) -> None:
    every = list(frames(load_wording(language).table))
    assert len(every) == len(set(every))
    assert len(every) > 150


@pytest.mark.parametrize(
    ("language", "number", "noun", "counted"),
    [
        ("en", 1, "work", "one work"),
        ("en", 12, "work", "twelve works"),
        ("uk", 1, "work", "одна праця"),
        ("uk", 3, "work", "три праці"),
        ("uk", 11, "work", "одинадцять праць"),
        ("uk", 22, "quotation", "22 цитати"),
        ("uk", 21, "work", "21 праця"),
        ("uk", 21, "works_accusative", "21 працю"),
        ("uk", 2, "year", "два роки"),
        ("it", 1, "source", "una fonte"),
        ("it", 5, "chapter", "cinque capitoli"),
    ],
)
def test_numbers_and_nouns_agree(language: str, number: int, noun: str, counted: str) -> None:
    assert load_wording(language).count(number, noun) == counted


def test_lists_are_joined_as_the_language_joins_them() -> None:
    assert load_wording("en").list_of(["a", "b", "c"]) == "a, b, and c"
    assert load_wording("it").list_of(["a", "b", "c"]) == "a, b e c"
    assert load_wording("uk").list_of(["a", "b"]) == "a і b"


def test_a_sentence_that_ends_in_et_al_has_one_stop() -> None:
    assert load_wording("en").fill("it is by {who}.", {"who": "Smith et al."}) == "It is by Smith et al."
