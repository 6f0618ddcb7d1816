"""Which section each source is meant for: the model's choice, completed by what is nearest in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tesigo.research.terms import guess_language, tokens
from tesigo.writing.evidence_blocks import Candidate
from tesigo.writing.topics import term_weights

_SAMPLE, _LANGUAGE_SAMPLE = 3_000, 700
_TITLE_TWICE = 2
_ROOM = 1.8


@dataclass(frozen=True, slots=True)
class Home:
    """A section that sources can be meant for. shared: keys that the model named for its chapter as a whole."""

    heading: str
    purpose: str
    keys: tuple[str, ...]
    shared: tuple[str, ...] = ()


def give_homes(candidates: Sequence[Candidate], homes: Sequence[Home]) -> list[tuple[str, ...]]:
    """Return each section's keys, the model's order first; every candidate is in one of them at least.

    A full text may be meant for several sections. An abstract is one block, which only one section can quote: the
    first that names it has it. What nobody names goes to the nearest section with room, within its chapter if the
    model named it for that one.
    """
    held: list[list[str]] = [[] for _ in homes]
    placed: set[str] = set()
    is_long = {one.source.key: bool(one.source.full_text) for one in candidates}
    for place, home in enumerate(homes):
        for key in home.keys:
            if key in is_long and (key not in placed or is_long[key]):
                held[place].append(key)
                placed.add(key)
    left = [row for row, one in enumerate(candidates) if one.source.key not in placed]
    if left:
        _place_left(candidates, homes, left, held)
    return [tuple(keys) for keys in held]


def _place_left(
    candidates: Sequence[Candidate], homes: Sequence[Home], left: Sequence[int], held: list[list[str]]
) -> None:
    """Give each source that is left to the nearest section: to those without any first, then while there is room."""
    rows = {one.source.key: row for row, one in enumerate(candidates)}
    texts: list[Sequence[str]] = [_stems(one) for one in candidates]
    profiles = [tokens(f"{home.heading} {home.heading} {home.purpose}") for home in homes]
    table = term_weights([*texts, *profiles])
    centres = np.asarray(table[len(candidates) :].todense())
    for place, keys in enumerate(held):
        if keys:
            centres[place] += np.asarray(table[[rows[key] for key in keys]].mean(axis=0)).ravel()
    nearness = np.round(np.asarray(table[: len(candidates)] @ centres.T), 9)
    room = [_ROOM * sum(one.words for one in candidates) / len(homes)] * len(homes)
    for place, keys in enumerate(held):
        room[place] -= sum(candidates[rows[key]].words for key in keys)
    pairs = sorted(
        (-float(nearness[row, place]), row, -room[place], place)
        for row in left
        for place in _possible(candidates[row].source.key, homes)
    )
    given: set[int] = set()
    rounds: tuple[Callable[[int], bool], ...] = (
        lambda place: not held[place],
        lambda place: room[place] > 0,
        lambda _: True,
    )
    for may_take in rounds:
        for _, row, _, place in pairs:
            if row not in given and may_take(place):
                given.add(row)
                held[place].append(candidates[row].source.key)
                room[place] -= candidates[row].words


def _possible(key: str, homes: Sequence[Home]) -> list[int]:
    named = [place for place, home in enumerate(homes) if key in home.shared]
    return named or list(range(len(homes)))


def _stems(candidate: Candidate) -> list[str]:
    source = candidate.source
    text = source.abstract or source.body[:_SAMPLE]
    language = guess_language(text[:_LANGUAGE_SAMPLE])
    return tokens(source.title, language) * _TITLE_TWICE + tokens(text, language)
