"""What can be quoted for a title: the relevant sources, cut into blocks that each speak of one thing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tesigo.manuscript import Passage, Source
from tesigo.research.evidence import Evidence, RankedSource
from tesigo.research.terms import guess_language, tokens
from tesigo.writing.phrases import Usage
from tesigo.writing.quotable import quotability
from tesigo.writing.topics import term_weights

_LEAST_WORTH = 0.3
_BLOCK_WORDS = 260
_SAMPLE = 3_000
_USAGE_SOURCES = 500
_FEEDBACK_SOURCES = (15, 30, 60, 90)
_GOOD_ENOUGH = 0.42
_SHARE_OF_FEEDBACK = 0.75
_EVERYDAY_SHARE = 1.5
_FEEDBACK_TERMS = 200
_FLOOR = 0.16
_FLOOR_FOR_OWN = 0.1
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


def relevant_candidates(title: str, evidence: Evidence) -> list[Candidate]:
    """Return the sources that serve the title and can be quoted, best first.

    Relevance is the evidence's own score blended with nearness to the best sources, so that a paper which says
    "essay scoring" and never "education" is found. A source far below the best is left out; own sources, when
    they are few, are held to a lower bar.
    """
    ranked = [item for item in evidence.sources if item.passages]
    if not ranked:
        return []
    worth = _blended(title, ranked)
    best = float(np.mean(np.sort(worth)[::-1][:10]))
    own = sum(item.source.found_by == "upload" for item in ranked)
    found = []
    for item, relevance in zip(ranked, worth.tolist(), strict=True):
        is_own = item.source.found_by == "upload" and own <= _FEW_OWN
        if best > 0 and relevance < best * (_FLOOR_FOR_OWN if is_own else _FLOOR):
            continue
        passages = quotable_passages(item.passages)
        if passages:
            words = sum(len(passage.text.split()) for passage in passages)
            found.append(Candidate(item.source, min(1.0, relevance / best if best else 0.0), passages, words))
    return sorted(found, key=lambda one: (-_with_own_first(one, own), one.source.key))


def collection_usage(evidence: Evidence) -> Usage:
    """Return how words are used in the most relevant part of what is at hand."""
    return Usage((item.source.abstract or item.source.body)[:_SAMPLE] for item in evidence.sources[:_USAGE_SOURCES])


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
        language = guess_language(source.body)
        title = tokens(source.title, language) * _TITLE_TWICE
        for passages in _in_blocks(candidate.passages):
            text = " ".join(passage.text for passage in passages) if source.full_text else source.abstract
            words = sum(len(passage.text.split()) for passage in passages)
            stems = (*title, *tokens(text, language))
            blocks.append(Block(source.key, passages, stems, candidate.relevance, words))
    return blocks


def _with_own_first(candidate: Candidate, own: int) -> float:
    return candidate.relevance + (1.0 if candidate.source.found_by == "upload" and own <= _FEW_OWN else 0.0)


def _blended(title: str, ranked: Sequence[RankedSource]) -> NDArray[np.float64]:
    """Return the evidence's relevance, made 0 to 1, blended with nearness to its best sources."""
    scores = np.array([item.relevance for item in ranked], dtype=np.float64)
    if scores.max() > 0:
        scores = scores / scores.max()
    table = term_weights([_sampled_stems(item.source) for item in ranked])
    everyday = np.asarray(table.mean(axis=0)).ravel()
    blended = scores
    for most in _FEEDBACK_SOURCES:
        good = int(np.count_nonzero(blended >= _GOOD_ENOUGH * blended.max()))
        best = np.argsort(-blended, kind="stable")[: max(3, min(most, good, len(ranked) // 4))]
        middle = np.asarray(table[best].T @ blended[best]).ravel() / (blended[best].sum() or 1.0)
        middle = np.clip(middle - _EVERYDAY_SHARE * everyday, 0, None)
        middle[np.argsort(-middle, kind="stable")[_FEEDBACK_TERMS:]] = 0
        length = float(np.linalg.norm(middle))
        if not length:
            return scores
        nearness = np.asarray(table @ (middle / length)).ravel()
        if nearness.max() > 0:
            nearness = nearness / nearness.max()
        blended = np.asarray(np.round((1 - _SHARE_OF_FEEDBACK) * scores + _SHARE_OF_FEEDBACK * nearness, 9))
    return blended


def _sampled_stems(source: Source) -> list[str]:
    text = source.abstract or source.body[:_SAMPLE]
    language = guess_language(text)
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
