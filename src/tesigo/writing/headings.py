"""Names for topics: the phrase that tells a group of texts from its neighbours, as a heading of the language."""

import math
from collections.abc import Collection, Sequence

from tesigo.writing.phrases import Phrase, in_sentence_case, in_title_case, phrase_key

_BY_LENGTH = {1: 0.12, 2: 1.0, 3: 1.1, 4: 0.8}
_TITLE_BONUS = 0.6
_ACRONYM_WORTH = 0.5
_HELD_ONCE = 0.3
_TITLES_ALONE = 0.3


def label_groups(
    groups: Sequence[Collection[int]], phrases: Sequence[Phrase], *, barred: Collection[str]
) -> list[list[Phrase]]:
    """Return for each group of text numbers its phrases, most telling first; no phrase is in two lists.

    A phrase belongs to the group that it sets apart best: frequent inside, rare outside.
    barred: keys that no group may have (the document's title, headings in use).
    """
    sizes = [max(1, len(group)) for group in groups]
    place = {number: index for index, group in enumerate(groups) for number in group}
    lists: list[list[tuple[float, Phrase]]] = [[] for _ in groups]
    for phrase in phrases:
        if phrase.key in barred:
            continue
        inside = [0] * len(groups)
        for number in phrase.holders:
            if number in place:
                inside[place[number]] += 1
        best = max(range(len(groups)), key=lambda index: (inside[index] / sizes[index] ** 0.5, -index))
        if inside[best]:
            lists[best].append(
                (_tellingness(phrase, inside[best], sizes[best], sum(inside), len(place)), phrase)
            )
    return [
        [phrase for _, phrase in sorted(found, key=lambda pair: (-pair[0], pair[1].key))] for found in lists
    ]


def choose_heading(telling: Sequence[Phrase], *, used: Collection[str], title: str) -> Phrase | None:
    """Return the most telling phrase that can stand as a heading beside those in use, or None.

    One that only repeats the title's words, or contains or lies in a heading in use, is passed over.
    """
    title_words = set(phrase_key(title).split())
    for phrase in telling:
        words = set(phrase.key.split())
        if words <= title_words or any(_overlap(phrase.key, other) for other in used):
            continue
        return phrase
    return None


def heading_text(phrase: Phrase, language: str, *, is_native: bool, frame: str) -> str:
    """Return the heading: in English in title case; elsewhere native phrases alone, foreign ones in a frame."""
    if language == "en":
        return in_title_case(phrase.surface)
    if is_native:
        return in_sentence_case(phrase.surface)
    return in_sentence_case(frame.format(term=phrase.surface))


def _tellingness(phrase: Phrase, inside: int, size: int, everywhere: int, texts: int) -> float:
    """Return how well the phrase names a group of `size` texts, `inside` of which hold it."""
    purity = inside / everywhere
    rarity = math.log(1 + texts / everywhere)
    worth = (
        (inside / size) ** 0.7 * math.pow(inside, 0.3) * purity * rarity * _BY_LENGTH.get(phrase.length, 0.5)
    )
    worth *= 1 + _TITLE_BONUS * phrase.in_titles / max(1, len(phrase.holders))
    if phrase.count == phrase.in_titles:
        worth *= _TITLES_ALONE
    if phrase.length == 1 and any(map(str.isupper, phrase.surface)):
        worth *= _ACRONYM_WORTH
    return float(round(worth * (_HELD_ONCE if inside == 1 and size > 2 else 1.0), 9))


def _overlap(key: str, other: str) -> bool:
    mine, theirs = set(key.split()), set(other.split())
    shared = len(mine & theirs)
    return shared == min(len(mine), len(theirs)) or shared >= 2
