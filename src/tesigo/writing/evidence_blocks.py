"""What can be quoted for a title: the relevant sources, cut into blocks that each speak of one thing."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tesigo.manuscript import Passage, Source
from tesigo.research.evidence import Evidence, RankedSource
from tesigo.research.terms import guess_language, tokens
from tesigo.writing.phrases import Usage
from tesigo.writing.quotable import quotability
from tesigo.writing.topics import weigh_terms

_LEAST_WORTH = 0.3
_BLOCK_WORDS = 260
_SAMPLE = 3_000
_LANGUAGE_SAMPLE = 700
_USAGE_SOURCES = 500
_FEEDBACK_SOURCES = (15, 30, 60, 90)
_GOOD_ENOUGH = 0.42
_SHARE_OF_FEEDBACK = 0.7
_TITLE_SHARE = 0.4
_SPREAD = 0.6
_EVERYDAY_SHARE = 1.5
_FEEDBACK_TERMS = 200
_FLOOR = 0.3
_STRETCH = 4
_SUBJECT_FLOOR = 0.12
_PASSAGE_FLOOR = 0.06
_LANGUAGE_PASSAGES = 8
_FLOOR_FOR_OWN = 0.2
_FEW_OWN = 40
_FEW_OWN_FOR_A_PAGE = 3
_ANSWERS = 0.1
_LEAST_PASSAGES = 4
_MOST_INDULGENCE = 0.95
_SUPPLY = 1.2
_STEEPNESS = 1.5
_LEAST_SUPPLY_WORDS = 120
_TITLE_TWICE = 2


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring passages of one source, with the stems that say what they speak of.

    relevance: of its source to the title, 0 to 1. words: how many its passages have together.
    """

    source_key: str
    passages: tuple[Passage, ...]
    stems: tuple[str, ...]
    relevance: float
    words: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source that may enter the document: its worth for the title and the passages worth quoting.

    strengths: how strongly passages of a long text speak of the subject.
    """

    source: Source
    relevance: float
    passages: tuple[Passage, ...]
    words: int
    strengths: Mapping[Passage, float] = field(default_factory=dict)


@lru_cache(maxsize=1)
def relevant_candidates(title: str, evidence: Evidence, *, pages: int) -> tuple[Candidate, ...]:
    """Return the sources that serve the title and can be quoted, best first.

    Relevance is the evidence's own score blended with nearness to the best sources, so that a paper which says
    "essay scoring" and never "education" is found. A source far below the best is left out; own sources, when
    they are few for so many pages, are held to a lower bar and are all heard. The last answer is remembered:
    the outline and the allotment ask alike.
    """
    ranked = [item for item in evidence.sources if item.passages]
    if not ranked:
        return ()
    worth, subject = _blended(title, ranked)
    best = float(worth.max())
    own = sum(item.source.found_by == "upload" for item in ranked)
    every_own = own <= few_own(pages)
    found = []
    for item, relevance in zip(ranked, worth.tolist(), strict=True):
        is_own = item.source.found_by == "upload" and own <= _FEW_OWN
        answers = is_own and every_own and item.relevance >= _ANSWERS
        if best > 0 and relevance < best * (_FLOOR_FOR_OWN if is_own else _FLOOR) and not answers:
            continue
        passages = quotable_passages(item.passages)
        strengths: dict[Passage, float] = {}
        if item.source.full_text:
            strengths = _strengths(passages, subject)
            passages = _on_subject(
                passages,
                subject,
                strengths,
                indulgence=min(_MOST_INDULGENCE, relevance / best if best else 0.0),
                least=_LEAST_PASSAGES if is_own and every_own else 0,
            )
        if passages:
            words = sum(len(passage.text.split()) for passage in passages)
            share = min(1.0, relevance / best if best else 0.0)
            found.append(Candidate(item.source, share, passages, words, strengths))
    return tuple(sorted(found, key=lambda one: (-_with_own_first(one, own), one.source.key)))


def few_own(pages: int) -> int:
    """Return up to how many own sources a document of so many pages quotes each of them."""
    return min(_FEW_OWN, _FEW_OWN_FOR_A_PAGE * pages)


def share_out(candidates: Sequence[Candidate], words: int) -> list[Candidate]:
    """Return the candidates with no more to quote from a long text than its relevance gives it a right to.

    What is at hand for so many words of body is shared out by relevance; what one has no use for goes to the
    others, so that nothing is held back while words are missing. Abstracts are short and stay whole.
    """
    allowed = _allowances(candidates, _SUPPLY * words)
    return [
        _reduced(candidate, allowed[place]) if candidate.source.full_text else candidate
        for place, candidate in enumerate(candidates)
    ]


@lru_cache(maxsize=1)
def collection_usage(evidence: Evidence) -> Usage:
    """Return how words are used in the most relevant part of what is at hand."""
    return Usage(
        (item.source.abstract or item.source.body)[:_SAMPLE] for item in evidence.sources[:_USAGE_SOURCES]
    )


def quotable_passages(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    """Return the passages that are worth quoting, each wording once, in their order."""
    kept: dict[str, Passage] = {}
    for passage in passages:
        if quotability(passage.text) >= _LEAST_WORTH:
            kept.setdefault(" ".join(passage.text.lower().split()), passage)
    return tuple(kept.values())


def cut_blocks(candidates: Sequence[Candidate]) -> list[Block]:
    """Return the candidates' passages as blocks: an abstract is one, a full text several."""
    blocks = []
    for candidate in candidates:
        source = candidate.source
        language = guess_language(source.body[:_LANGUAGE_SAMPLE])
        title = tokens(source.title, language) * _TITLE_TWICE
        for passages in _in_blocks(candidate.passages):
            text = " ".join(passage.text for passage in passages) if source.full_text else source.abstract
            words = sum(len(passage.text.split()) for passage in passages)
            stems = (*title, *tokens(text, language))
            blocks.append(Block(source.key, passages, stems, candidate.relevance, words))
    return blocks


def _with_own_first(candidate: Candidate, own: int) -> float:
    return candidate.relevance + (1.0 if candidate.source.found_by == "upload" and own <= _FEW_OWN else 0.0)


def _allowances(candidates: Sequence[Candidate], supply: float) -> list[float]:
    """Return how many words each may give: shares of the supply by relevance, none above what it has."""
    allowed = [0.0] * len(candidates)
    thirsty = list(range(len(candidates)))
    left = supply
    while thirsty and left > 1:
        weights = {place: candidates[place].relevance ** _STEEPNESS for place in thirsty}
        together = sum(weights.values()) or 1.0
        shares = {place: left * weight / together for place, weight in weights.items()}
        for place, share in shares.items():
            given = min(share, candidates[place].words - allowed[place])
            allowed[place] += given
            left -= given
        still = [place for place in thirsty if allowed[place] < candidates[place].words]
        if len(still) == len(thirsty):
            break
        thirsty = still
    return [max(_LEAST_SUPPLY_WORDS, words) for words in allowed]


def _reduced(candidate: Candidate, words: float) -> Candidate:
    """Return the candidate with its best passages, in their order, up to so many words."""
    if candidate.words <= words:
        return candidate
    strongest = sorted(candidate.passages, key=lambda one: (-candidate.strengths.get(one, 0.0), one.start))
    kept: list[Passage] = []
    filled = 0
    for passage in strongest:
        if filled < words:
            kept.append(passage)
            filled += len(passage.text.split())
    kept.sort(key=lambda passage: passage.start)
    return replace(candidate, passages=tuple(kept), words=filled)


def _on_subject(
    passages: Sequence[Passage],
    subject: Mapping[str, float],
    strengths: Mapping[Passage, float],
    *,
    indulgence: float,
    least: int,
) -> tuple[Passage, ...]:
    """Return those passages of a long text that stand where it speaks of the subject.

    A stretch of text is judged as a whole, against the strength of a good abstract; its apparatus and its
    digressions fall below.
    indulgence: how far the bar is lowered for a text that is as a whole on the subject, 0 to 1. least: so many
    of its strongest passages are kept in any case.
    """
    if not subject:
        return tuple(passages)
    text = " ".join(passage.text for passage in passages[:_LANGUAGE_PASSAGES])
    language = guess_language(text[:_LANGUAGE_SAMPLE])
    bar = 1 - indulgence
    kept: list[Passage] = []
    for start in range(0, len(passages), _STRETCH):
        stretch = passages[start : start + _STRETCH]
        whole = tokens(" ".join(passage.text for passage in stretch), language)
        if _strength(whole, subject) >= bar * _SUBJECT_FLOOR:
            kept += [passage for passage in stretch if strengths[passage] >= bar * _PASSAGE_FLOOR]
    if len(kept) < least:
        strongest = sorted(passages, key=lambda one: (-strengths[one], one.start))[:least]
        kept = [passage for passage in passages if passage in kept or passage in strongest]
    return tuple(kept)


def _strengths(passages: Sequence[Passage], subject: Mapping[str, float]) -> dict[Passage, float]:
    language = guess_language(" ".join(one.text for one in passages[:_LANGUAGE_PASSAGES])[:_LANGUAGE_SAMPLE])
    return {passage: _strength(tokens(passage.text, language), subject) for passage in passages}


def _strength(stems: Sequence[str], subject: Mapping[str, float]) -> float:
    """Return how strongly a text of these stems speaks of the subject."""
    counts = Counter(stems)
    strength = sum(subject.get(stem, 0.0) * (1 + math.log(count)) for stem, count in counts.items())
    size = math.sqrt(sum((1 + math.log(count)) ** 2 for count in counts.values()))
    return strength / size if size else 0.0


def _blended(title: str, ranked: Sequence[RankedSource]) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Return the evidence's relevance, 0 to 1, blended with nearness to the title and its best sources.

    With it come the stems that make out the subject, each with its weight.

    Relevance feedback (Rocchio) in a few rounds, each learning from more sources: only those that are not far
    below the best teach, and the words of the title keep their say, so that the subject does not drift.
    """
    scores = np.array([item.relevance for item in ranked], dtype=np.float64)
    if scores.max() > 0:
        scores = scores / scores.max()
    table, columns = weigh_terms([*(_sampled_stems(item.source) for item in ranked), tokens(title)])
    sources = table[: len(ranked)]
    asked = np.asarray(table[[len(ranked)]].todense()).ravel()
    everyday = np.asarray(sources.mean(axis=0)).ravel()
    blended = scores
    subject: dict[str, float] = {}
    for most in _FEEDBACK_SOURCES:
        good = int(np.count_nonzero(blended >= _GOOD_ENOUGH * blended.max()))
        best = np.argsort(-blended, kind="stable")[: max(3, min(most, good, len(ranked) // 4))]
        middle = np.clip(np.asarray(sources[best].mean(axis=0)).ravel() - _EVERYDAY_SHARE * everyday, 0, None)
        middle[np.argsort(-middle, kind="stable")[_FEEDBACK_TERMS:]] = 0
        length = float(np.linalg.norm(middle))
        if not length:
            return scores, {}
        query = middle / length + _TITLE_SHARE * asked
        subject = {columns[place]: float(query[place]) for place in np.flatnonzero(query).tolist()}
        nearness = np.asarray(sources @ query).ravel()
        if nearness.max() > 0:
            nearness = (nearness / nearness.max()) ** _SPREAD
        blended = np.asarray(np.round((1 - _SHARE_OF_FEEDBACK) * scores + _SHARE_OF_FEEDBACK * nearness, 9))
    return blended, subject


def _sampled_stems(source: Source) -> list[str]:
    text = source.abstract or source.body[:_SAMPLE]
    language = guess_language(text[:_LANGUAGE_SAMPLE])
    return tokens(source.title, language) * _TITLE_TWICE + tokens(text, language)


def _in_blocks(passages: Sequence[Passage]) -> list[tuple[Passage, ...]]:
    found: list[tuple[Passage, ...]] = []
    block: list[Passage] = []
    words = 0
    for passage in passages:
        block.append(passage)
        words += len(passage.text.split())
        if words >= _BLOCK_WORDS:
            found.append(tuple(block))
            block, words = [], 0
    if block and found and words < _BLOCK_WORDS // 3:
        found[-1] = (*found[-1], *block)
    elif block:
        found.append(tuple(block))
    return found
