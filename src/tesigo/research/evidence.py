"""From a question to evidence: the sources that answer it, ranked, with the passages that can be quoted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tesigo.kit.errors import Failure, HouseUnavailable
from tesigo.manuscript import Passage, Source
from tesigo.manuscript.keys import issue_key
from tesigo.research.errors import OnlyAnEarlierAnswer
from tesigo.research.merging import is_retracted, join_found, merge_sources
from tesigo.research.passages import cut_passages
from tesigo.research.ports import LIBRARY, SourceSearch
from tesigo.research.ranking import Scores, TextIndex

TITLE_WEIGHT = 4
"""How many times a title counts against an abstract: measured by `benchmarks/ranking.py`."""

MOST_FROM_OUTSIDE = 20
"""How many of the works that services outside answer to one query are kept (requirement 2.5)."""

_RANKED_CHARACTERS = 3_000
_UPLOAD = "upload"
_SHOWN = 120
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class RankedSource:
    """A source with how well it answers and what can be quoted from it.

    relevance: 0 to 1, 1 for the best of the evidence.
    passages: in reading order; empty when nothing can be quoted, the source may then be listed only.
    scores: how well each passage answers, 0 to 1, 1 for the best passage of the evidence; side by side with
    `passages`.
    """

    source: Source
    relevance: float
    passages: tuple[Passage, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to write from, the most relevant source first."""

    sources: tuple[RankedSource, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found: our own sources first, then found ones, best first; and a sentence for each trouble."""

    sources: tuple[Source, ...]
    warnings: tuple[str, ...] = ()


def rank_evidence(query: str, sources: Sequence[Source]) -> Evidence:
    """Return all of the sources, most relevant first, equals by key; the same for the same input.

    Titles count more than abstracts and beginnings of full texts. When no word of the query occurs anywhere
    (a Ukrainian title over English papers), nearness to the collection as a whole takes its place.
    Works that were retracted come last, and nothing can be quoted from them, unless the user brought them.
    """
    relevance = [
        0.0 if _is_out(source) else score
        for source, score in zip(
            sources, _relevance(query, [_described(source) for source in sources]), strict=True
        )
    ]
    cut = [() if _is_out(source) else cut_passages(source) for source in sources]
    scores = iter(_relevance(query, [passage.text for passages in cut for passage in passages]))
    ranked = [
        RankedSource(source, score, passages, tuple(next(scores) for _ in passages))
        for source, score, passages in zip(sources, relevance, cut, strict=True)
    ]
    return Evidence(tuple(sorted(ranked, key=lambda one: (-one.relevance, one.source.key))))


async def gather_sources(
    query: str,
    *,
    own: Sequence[Source],
    searches: Sequence[SourceSearch],
    limit: int,
    timeout_s: float,
) -> Gathered:
    """Ask all searches at once; return our own sources and the best of those found, each work once.

    limit: the most that are kept from the library; of those found outside, the best 20 are kept, besides retracted
    ones, which are shown and not quoted.
    Each search has `timeout_s`; one that fails or is late becomes a warning and the others serve. A found
    source whose key is taken gets another; our own keep theirs.
    Raises HouseUnavailable, as it is, when a search lacks a part of this installation: the others are stopped.
    """
    answers: list[Sequence[Source]] = [()] * len(searches)
    troubles: dict[int, str] = {}
    lacking: ExceptionGroup[HouseUnavailable] | None = None

    async def ask(place: int, search: SourceSearch) -> None:
        most = limit if search.name == LIBRARY else min(limit, MOST_FROM_OUTSIDE)
        try:
            async with asyncio.timeout(timeout_s):
                answers[place] = await search.find_sources(query, limit=most)
        except TimeoutError:
            troubles[place] = f"{search.name} did not answer within {timeout_s:g} s; its sources are missing."
        except HouseUnavailable:
            raise
        except OnlyAnEarlierAnswer as failure:
            answers[place] = failure.sources
            troubles[place] = (
                f"{search.name} did not answer ({failure.message.rstrip('.')}); what it answered on "
                f"{failure.answered_on.isoformat()} was used."
            )
        except Failure as failure:
            troubles[place] = f"{search.name} found nothing: {failure.message}"

    try:
        async with asyncio.TaskGroup() as group:
            for place, search in enumerate(searches):
                group.create_task(ask(place, search))
    except* HouseUnavailable as failures:
        lacking = failures
    if lacking:
        raise lacking.exceptions[0]
    works, found = join_found(merge_sources(own), [source for answer in answers for source in answer])
    best = _best(query, found, limit)
    warnings = (*(troubles[place] for place in sorted(troubles)), *_warn_of_retracted([*works, *best]))
    return Gathered(_with_distinct_keys((*works, *best)), warnings)


def _best(query: str, sources: Sequence[Source], limit: int) -> list[Source]:
    """Return the most relevant of the sources, best first; retracted ones take no place of another's."""
    relevance = _relevance(query, [_described(source) for source in sources])
    left = {True: limit, False: min(limit, MOST_FROM_OUTSIDE)}
    best = []
    for place in sorted(range(len(sources)), key=lambda place: -relevance[place]):
        source = sources[place]
        is_ours = source.found_by == LIBRARY
        if left[is_ours] > 0:
            best.append(source)
            left[is_ours] -= not is_retracted(source)
    return best


def _is_out(source: Source) -> bool:
    """Return whether nothing may be quoted from the source; what users bring they may have brought to discuss it."""
    return is_retracted(source) and source.found_by != _UPLOAD


def _warn_of_retracted(sources: Sequence[Source]) -> list[str]:
    """Return a sentence for each of the user's own works that was retracted, and one for all others."""
    retracted = [source for source in sources if is_retracted(source)]
    warnings = [
        f"Your source {_named(source)} was retracted: it is used as the others are, so look at what is quoted from it."
        for source in retracted
        if source.found_by == _UPLOAD
    ]
    if out := [source for source in retracted if source.found_by != _UPLOAD]:
        more = f" and {len(out) - _MOST_NAMED} more" if len(out) > _MOST_NAMED else ""
        names = "; ".join(map(_named, out[:_MOST_NAMED]))
        warnings.append(f"Retracted, and therefore listed but not quoted: {names}{more}.")
    return warnings


def _named(source: Source) -> str:
    title = source.title if len(source.title) <= _SHOWN else f"{source.title[:_SHOWN]}…"
    return f"“{title}” ({source.year or 'n.d.'})"


def _described(source: Source) -> str:
    return " ".join([source.title] * TITLE_WEIGHT + [source.abstract, source.full_text[:_RANKED_CHARACTERS]])


def _relevance(query: str, texts: Sequence[str]) -> list[float]:
    """Return 0 to 1 for each text, the best being 1; all 0 only when no text holds a word."""
    index = TextIndex(texts)
    scores: Scores = index.scores(query)
    if not scores.any():
        scores = index.centrality()
    best = float(np.max(scores, initial=0))
    return [float(score) / best if best else 0.0 for score in scores]


def _with_distinct_keys(sources: Sequence[Source]) -> tuple[Source, ...]:
    taken: set[str] = set()
    distinct = []
    for source in sources:
        key = source.key if source.key not in taken else issue_key(source.csl, taken)
        taken.add(key)
        distinct.append(
            source if key == source.key else replace(source, key=key, csl={**source.csl, "id": key})
        )
    return tuple(distinct)
