"""From a question to evidence: the sources that answer it, ranked, with the passages that can be quoted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tesigo.kit.errors import Failure, HouseUnavailable
from tesigo.manuscript import Passage, Source
from tesigo.manuscript.keys import issue_key
from tesigo.research.merging import merge_sources
from tesigo.research.passages import cut_passages
from tesigo.research.ports import SourceSearch
from tesigo.research.ranking import Scores, TextIndex

TITLE_WEIGHT = 4
"""How many times a title counts against an abstract: measured by `benchmarks/ranking.py`."""

_RANKED_CHARACTERS = 3_000


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
    """
    relevance = _relevance(query, [_described(source) for source in sources])
    cut = [cut_passages(source) for source in sources]
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
    """Ask all searches at once; return our own sources and the best `limit` of those found, each work once.

    Each search has `timeout_s`; one that fails or is late becomes a warning and the others serve. A found
    source whose key is taken gets another; our own keep theirs.
    Raises HouseUnavailable, as it is, when a search lacks a part of this installation: the others are stopped.
    """
    answers: list[list[Source] | str] = [[] for _ in searches]
    lacking: ExceptionGroup[HouseUnavailable] | None = None

    async def ask(place: int, search: SourceSearch) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                answers[place] = await search.find_sources(query, limit=limit)
        except TimeoutError:
            answers[place] = f"{search.name} did not answer within {timeout_s:g} s; its sources are missing."
        except HouseUnavailable:
            raise
        except Failure as failure:
            answers[place] = f"{search.name} found nothing: {failure.message}"

    try:
        async with asyncio.TaskGroup() as group:
            for place, search in enumerate(searches):
                group.create_task(ask(place, search))
    except* HouseUnavailable as failures:
        lacking = failures
    if lacking:
        raise lacking.exceptions[0]
    found = [source for answer in answers if not isinstance(answer, str) for source in answer]
    merged = merge_sources([*own, *found])
    kept = len(merge_sources(own))
    best = _best(query, merged[kept:], limit)
    warnings = tuple(answer for answer in answers if isinstance(answer, str))
    return Gathered(_with_distinct_keys((*merged[:kept], *best)), warnings)


def _best(query: str, sources: Sequence[Source], limit: int) -> list[Source]:
    relevance = _relevance(query, [_described(source) for source in sources])
    order = sorted(range(len(sources)), key=lambda place: -relevance[place])
    return [sources[place] for place in order[:limit]]


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
