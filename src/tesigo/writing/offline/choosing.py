"""Which passages a section quotes, and which of them stand in one paragraph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tesigo.manuscript import Passage, Source
from tesigo.research.terms import guess_language, tokens
from tesigo.writing.quotable import quotability
from tesigo.writing.topics import term_weights

_RELEVANCE_SHARE = 0.72
_OWN_WORDS_PER_QUOTE = 19
_MOST_SOURCES_TOGETHER = 4
_MOST_QUOTES_TOGETHER = 5
_WORDS_FOR_A_VOICE = 38
_FIRST_QUOTE = 1.0
_SECOND_QUOTE = 0.14
_FOURTH_QUOTE = 0.4


@dataclass(frozen=True, slots=True)
class Strand:
    """The passages of one source that a paragraph quotes, in reading order."""

    source: Source
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What one paragraph is made of: strands that speak of the same term, "" when none is shared."""

    term: str
    strands: tuple[Strand, ...]


def choose_passages(
    passages: Sequence[Passage],
    sources: Sequence[Source],
    *,
    focus: str,
    words: int,
    quoted: Mapping[str, int],
) -> list[Passage]:
    """Return passages that fill about so many words with our own sentences around them, best first.

    Relevance to the section against likeness to what is chosen already (maximal marginal relevance); a source's
    second and third passage must earn their place, so that many voices are heard; where there is room for a
    sentence of each source, each has one before any has two.
    quoted: how many passages of each source the section has already.
    """
    if not passages:
        return []
    language = guess_language(" ".join(passage.text for passage in passages[:40]))
    stems = [tokens(passage.text, language) for passage in passages]
    table = term_weights([*stems, tokens(focus, language) * 2])
    worth = _worth(passages, table, sources)
    likeness = np.zeros(len(passages))
    used = dict(quoted)
    silent = {passage.source_key for passage in passages} - set(used)
    has_room = len(silent) * _WORDS_FOR_A_VOICE <= words
    left = list(range(len(passages)))
    chosen: list[Passage] = []
    filled = 0
    while left and filled < words:
        scores = [
            round(
                _RELEVANCE_SHARE * worth[row]
                - (1 - _RELEVANCE_SHARE) * float(likeness[row])
                - _cost_of_more(used.get(passages[row].source_key, 0))
                + (_FIRST_QUOTE if has_room and passages[row].source_key not in used else 0.0),
                9,
            )
            for row in left
        ]
        best = left.pop(int(np.argmax(scores)))
        chosen.append(passages[best])
        used[passages[best].source_key] = used.get(passages[best].source_key, 0) + 1
        filled += len(passages[best].text.split()) + _OWN_WORDS_PER_QUOTE
        near = np.asarray((table[: len(passages)] @ table[[best]].T).todense()).ravel()
        likeness = np.maximum(likeness, near)
    return chosen


def group_passages(chosen: Sequence[Passage], sources: Sequence[Source], terms: Sequence[str]) -> list[Group]:
    """Return the chosen passages as paragraphs-to-be: strands that share a term together, the best first."""
    by_key = {source.key: source for source in sources}
    strands = _strands(chosen, by_key)
    rank = {passage.source_key: place for place, passage in reversed(list(enumerate(chosen)))}
    speaks = [(term, [n for n, strand in enumerate(strands) if _speaks_of(strand, term)]) for term in terms]
    left = dict.fromkeys(range(len(strands)))
    groups: list[Group] = []
    while left:
        term, members = _largest_group(speaks, left)
        if len(members) < 2:
            break
        groups.append(Group(term, tuple(strands[n] for n in members)))
        for n in members:
            del left[n]
    groups += _rest([strands[n] for n in left], terms)
    groups.sort(key=lambda group: min(rank[strand.source.key] for strand in group.strands))
    return [_in_time_order(group) for group in groups]


def speaks_of(text: str, term: str) -> bool:
    """Return whether the text holds the term, in whatever case."""
    flat, wanted = f" {_flat(text)} ", _flat(term)
    return f" {wanted} " in flat or f" {wanted}s " in flat


def _cost_of_more(quoted: int) -> float:
    """Return what one more quotation of a source costs that is quoted so many times already."""
    return _SECOND_QUOTE * quoted + (_FOURTH_QUOTE if quoted >= 3 else 0.0)


def _worth(passages: Sequence[Passage], table: object, sources: Sequence[Source]) -> NDArray[np.float64]:
    """Return each passage's fitness to be quoted times its nearness to the section's middle and heading."""
    rows = table[: len(passages)]  # type: ignore[index]  # the stubs know no slices of this matrix
    middle = np.asarray(rows.sum(axis=0)).ravel() / max(1, len(passages))
    length = float(np.linalg.norm(middle)) or 1.0
    focus = np.asarray(table[[len(passages)]].todense()).ravel()  # type: ignore[index]  # the stubs know no slices of this matrix
    nearness = np.asarray(rows @ (middle / length + focus)).ravel()
    if nearness.max() > 0:
        nearness = nearness / nearness.max()
    place = {source.key: 1 - 0.25 * n / max(1, len(sources)) for n, source in enumerate(sources)}
    fitness = np.array(
        [quotability(passage.text) * place.get(passage.source_key, 0.8) for passage in passages]
    )
    return np.asarray(fitness * (0.45 + 0.55 * nearness), dtype=np.float64)


def _strands(chosen: Sequence[Passage], sources: dict[str, Source]) -> list[Strand]:
    held: dict[str, list[Passage]] = {}
    for passage in chosen:
        held.setdefault(passage.source_key, []).append(passage)
    strands = []
    for key, passages in held.items():
        ordered = sorted(passages, key=lambda passage: passage.start)
        starts = range(0, len(ordered), _MOST_QUOTES_TOGETHER - 1)
        strands += [
            Strand(sources[key], tuple(ordered[start : start + _MOST_QUOTES_TOGETHER - 1]))
            for start in starts
        ]
    return strands


def _speaks_of(strand: Strand, term: str) -> bool:
    return speaks_of(" ".join((strand.source.title, *(passage.text for passage in strand.passages))), term)


def _largest_group(speaks: Sequence[tuple[str, list[int]]], left: dict[int, None]) -> tuple[str, list[int]]:
    best: tuple[str, list[int]] = ("", [])
    for term, holders in speaks:
        members = [n for n in holders if n in left][:_MOST_SOURCES_TOGETHER]
        if len(members) > len(best[1]):
            best = (term, members)
    return best


def _rest(strands: Sequence[Strand], terms: Sequence[str]) -> list[Group]:
    """Return groups for strands without a shared term: each under a term of its own where it has one."""
    groups: list[Group] = []
    pair: list[Strand] = []
    taken: set[str] = set()
    for strand in strands:
        term = next((term for term in terms if term not in taken and _speaks_of(strand, term)), "")
        if len(strand.passages) > 1 and term:
            taken.add(term)
            groups.append(Group(term, (strand,)))
            continue
        pair.append(strand)
        if len(pair) == 3:
            groups.append(Group("", tuple(pair)))
            pair = []
    if pair:
        groups.append(Group("", tuple(pair)))
    return groups


def _in_time_order(group: Group) -> Group:
    years = [strand.source.year for strand in group.strands]
    if None in years or len(set(years)) < 2:
        return group
    ordered = sorted(group.strands, key=lambda strand: (strand.source.year or 0, strand.source.key))
    return Group(group.term, tuple(ordered))


def _flat(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
