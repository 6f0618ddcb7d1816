"""What can be quoted for a title: the relevant sources, cut into blocks that each speak of one thing."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """A source that may enter the document: its worth for the title and the passages worth quoting."""

    source: Source
    relevance: float
    passages: tuple[Passage, ...]
    words: int


@lru_cache(maxsize=1)
def relevant_candidates(title: str, evidence: Evidence) -> tuple[Candidate, ...]:
    """Return the sources that serve the title and can be quoted, best first.

    Relevance is the evidence's own score blended with nearness to the best sources, so that a paper which says
    "essay scoring" and never "education" is found. A source far below the best is left out; own sources, when
    they are few, are held to a lower bar. The last answer is remembered: the outline and the allotment ask alike.
    """
    ranked = [item for item in evidence.sources if item.passages]
    if not ranked:
        return ()
    worth, subject = _blended(title, ranked)
    best = float(worth.max())
    own = sum(item.source.found_by == "upload" for item in ranked)
    found = []
    for item, relevance in zip(ranked, worth.tolist(), strict=True):
        is_own = item.source.found_by == "upload" and own <= _FEW_OWN
        if best > 0 and relevance < best * (_FLOOR_FOR_OWN if is_own else _FLOOR):
            continue
        passages = quotable_passages(item.passages)
        if item.source.full_text:
            passages = _on_subject(passages, subject)
        if passages:
            words = sum(len(passage.text.split()) for passage in passages)
            found.append(Candidate(item.source, min(1.0, relevance / best if best else 0.0), passages, words))
    return tuple(sorted(found, key=lambda one: (-_with_own_first(one, own), one.source.key)))


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


def _on_subject(passages: Sequence[Passage], subject: Mapping[str, float]) -> tuple[Passage, ...]:
    """Return those passages of a long text that stand where it speaks of the subject.

    A stretch of text is judged as a whole, against the strength of a good abstract; its apparatus and its
    digressions fall below.
    """
    if not subject:
        return tuple(passages)
    text = " ".join(passage.text for passage in passages[:_LANGUAGE_PASSAGES])
    language = guess_language(text[:_LANGUAGE_SAMPLE])
    kept: list[Passage] = []
    for start in range(0, len(passages), _STRETCH):
        stretch = passages[start : start + _STRETCH]
        if (
            _strength(tokens(" ".join(passage.text for passage in stretch), language), subject)
            >= _SUBJECT_FLOOR
        ):
            kept += [
                passage
                for passage in stretch
                if _strength(tokens(passage.text, language), subject) >= _PASSAGE_FLOOR
            ]
    return tuple(kept)


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
