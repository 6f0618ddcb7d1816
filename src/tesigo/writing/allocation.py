"""Who may quote what: every passage and every term to one section, recomputed the same from outline and evidence.

Nothing is shared while sections are written, so that they can be written in any order, at the same time, and
again after a crash.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tesigo.manuscript import Outline, Passage, PlannedSection, SectionKind, Source
from tesigo.research.evidence import Evidence
from tesigo.research.terms import tokens
from tesigo.writing.evidence_blocks import (
    Block,
    Candidate,
    collection_usage,
    cut_blocks,
    relevant_candidates,
    share_out,
)
from tesigo.writing.headings import label_groups
from tesigo.writing.phrases import Usage, find_phrases, phrase_key
from tesigo.writing.topics import term_weights

_TERMS_OF_A_SECTION = 60
_OVERLOAD = 1.8
_INTRODUCTION_SOURCES = 8
_PAGES_PER_PASSAGE = 12


@dataclass(frozen=True, slots=True)
class Allotment:
    """What one section is written from: passages that no other section has, and terms that are its own."""

    passages: tuple[Passage, ...] = ()
    terms: tuple[str, ...] = ()


def allot(outline: Outline, evidence: Evidence, *, pages: int) -> dict[str, Allotment]:
    """Return the allotment of every section by its number; the same for the same outline and evidence.

    A section draws on the sources that the plan names for it; a source that several sections share is divided
    among them by what its blocks speak of. A section without named sources gets what suits its heading.
    """
    meant = {key for planned in outline.walk() for key in planned.keys}
    candidates = [
        one for one in relevant_candidates(outline.title, evidence, pages=pages) if one.source.key in meant
    ]
    candidates = share_out(candidates, sum(planned.target_words for planned in outline.walk()))
    reserved = _for_introduction(outline, candidates, pages)
    blocks = cut_blocks(_without(candidates, set(reserved)))
    leaves = [one for one in outline.walk() if one.kind is SectionKind.BODY and not one.children]
    rows = _rows_by_section(leaves, blocks)
    sources = {candidate.source.key: candidate.source for candidate in candidates}
    terms = _terms_by_section(
        leaves, rows, blocks, sources, outline=outline, usage=collection_usage(evidence)
    )
    allotments = {planned.number: Allotment() for planned in outline.walk()}
    for planned in outline.walk():
        if planned.kind is SectionKind.INTRODUCTION:
            allotments[planned.number] = Allotment(passages=reserved)
    for leaf in leaves:
        passages = tuple(passage for row in rows[leaf.number] for passage in blocks[row].passages)
        allotments[leaf.number] = Allotment(passages, terms[leaf.number])
    return allotments


def _for_introduction(outline: Outline, candidates: Sequence[Candidate], pages: int) -> tuple[Passage, ...]:
    """Return passages of the most relevant sources that speak of the title itself, one from each source.

    Only sources that have others left give one.
    """
    wanted = min(6, 1 + pages // _PAGES_PER_PASSAGE)
    title = set(tokens(outline.title))
    rated = []
    for place, candidate in enumerate(candidates[: _INTRODUCTION_SOURCES * wanted]):
        if len(candidate.passages) < 3:
            continue
        for passage in candidate.passages[:3]:
            words = passage.text.split()
            shared = len(title & set(tokens(passage.text)))
            if shared and len(words) <= 40 and " we " not in f" {passage.text.lower()} ":
                rated.append((-shared, place, passage.start, passage))
    found: dict[str, Passage] = {}
    for _, _, _, passage in sorted(rated, key=lambda one: one[:3]):
        found.setdefault(passage.source_key, passage)
    return tuple(list(found.values())[:wanted])


def _without(candidates: Sequence[Candidate], taken: set[Passage]) -> list[Candidate]:
    left = []
    said: set[str] = {" ".join(passage.text.lower().split()) for passage in taken}
    for candidate in candidates:
        passages = []
        for passage in candidate.passages:
            wording = " ".join(passage.text.lower().split())
            if wording not in said:
                said.add(wording)
                passages.append(passage)
        if passages:
            words = sum(len(passage.text.split()) for passage in passages)
            left.append(replace(candidate, passages=tuple(passages), words=words))
    return left


def _rows_by_section(leaves: Sequence[PlannedSection], blocks: Sequence[Block]) -> dict[str, list[int]]:
    """Return for each section the rows of its blocks, ascending; each block is in one section."""
    choices = {
        row: [leaf for leaf in leaves if block.source_key in leaf.keys or not leaf.keys]
        for row, block in enumerate(blocks)
    }
    rows: dict[str, list[int]] = {leaf.number: [] for leaf in leaves}
    for row, possible in choices.items():
        if len(possible) == 1:
            rows[possible[0].number].append(row)
    shared = [row for row, possible in choices.items() if len(possible) > 1]
    if shared:
        _divide_shared(leaves, blocks, choices, shared, rows)
    return {number: sorted(held) for number, held in rows.items()}


def _divide_shared(
    leaves: Sequence[PlannedSection],
    blocks: Sequence[Block],
    choices: Mapping[int, Sequence[PlannedSection]],
    shared: Sequence[int],
    rows: dict[str, list[int]],
) -> None:
    """Give each shared block to the section that it is nearest to, as long as that one has room."""
    texts: list[Sequence[str]] = [block.stems for block in blocks]
    profiles = [tuple(tokens(f"{leaf.heading} {leaf.heading} {leaf.purpose}")) for leaf in leaves]
    table = term_weights([*texts, *profiles])
    place = {leaf.number: index for index, leaf in enumerate(leaves)}
    centres = np.asarray(table[len(blocks) :].todense())
    for number, held in rows.items():
        if held:
            centres[place[number]] += np.asarray(table[held].mean(axis=0)).ravel()
    nearness = np.round(np.asarray(table[: len(blocks)] @ centres.T), 9)
    wanted = sum(leaf.target_words for leaf in leaves) or 1
    supply = sum(block.words for block in blocks)
    room = {leaf.number: _OVERLOAD * supply * leaf.target_words / wanted for leaf in leaves}
    for number, held in rows.items():
        room[number] -= sum(blocks[row].words for row in held)
    pairs = sorted(
        (-float(nearness[row, place[leaf.number]]), row, place[leaf.number], leaf.number)
        for row in shared
        for leaf in choices[row]
    )
    given: set[int] = set()
    for is_last_call in (False, True):
        for _, row, _, number in pairs:
            if row not in given and (is_last_call or room[number] > 0):
                given.add(row)
                rows[number].append(row)
                room[number] -= blocks[row].words


def _terms_by_section(
    leaves: Sequence[PlannedSection],
    rows: Mapping[str, Sequence[int]],
    blocks: Sequence[Block],
    sources: Mapping[str, Source],
    *,
    outline: Outline,
    usage: Usage,
) -> dict[str, tuple[str, ...]]:
    """Return for each section the phrases that its passages use, most telling first; no two sections share one."""
    texts = [
        (sources[block.source_key].title, " ".join(passage.text for passage in block.passages))
        for block in blocks
    ]
    barred = {
        phrase_key(outline.title),
        *phrase_key(outline.title).split(),
        *(phrase_key(planned.heading) for planned in outline.walk()),
    }
    lists = label_groups([rows[leaf.number] for leaf in leaves], find_phrases(texts, usage), barred=barred)
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for leaf, telling in zip(leaves, lists, strict=True):
        found[leaf.number] = tuple(phrase.surface for phrase in telling[:_TERMS_OF_A_SECTION])
    return found
