"""From a model's chapters to the outline of a document: every source in its place, every section with passages."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from tesigo.manuscript import Outline, PlannedSection, SectionKind
from tesigo.research.evidence import Evidence
from tesigo.writing.allocation import allot
from tesigo.writing.brief import Brief
from tesigo.writing.evidence_blocks import Candidate
from tesigo.writing.offline.outline_frame import body_words, frame_outline
from tesigo.writing.offline.wording import load_wording
from tesigo.writing.prompted.outline_reply import DraftChapter
from tesigo.writing.prompted.source_homes import Home, give_homes

_LEAD_IN_WORDS, _LEAD_IN_WORDS_PER_SECTION = 45, 8
_LEAD_IN_SHARE = 6
_LEAST_WEIGHT, _MOST_WEIGHT = 0.6, 1.7


def build_outline(
    brief: Brief,
    evidence: Evidence,
    candidates: Sequence[Candidate],
    chapters: Sequence[DraftChapter],
    *,
    words: int,
) -> Outline:
    """Return the whole outline of so many words; blocks for up to a second: call it in a thread.

    Each candidate is meant for a section: for the one that the model chose, else for the one whose sources and
    words are nearest. A section that no passage is left for is taken out, so that none is written from nothing.
    Longer sections are those with more to write from.
    """
    tree = [chapter if len(chapter.sections) != 1 else _collapsed(chapter) for chapter in chapters]
    while True:
        tree = _with_homes(tree, candidates)
        outline = _outline(brief, tree, candidates, words)
        allotments = allot(outline, evidence, pages=brief.pages)
        empty = {
            planned.heading
            for planned in outline.walk()
            if planned.kind is SectionKind.BODY
            and not planned.children
            and not (planned.keys and allotments[planned.number].passages)
        }
        smaller = _without(tree, empty)
        if not empty or not smaller:
            return outline
        tree = smaller


def _collapsed(chapter: DraftChapter) -> DraftChapter:
    """Return the chapter with its only section's sources as its own."""
    keys = (*chapter.keys, *(key for section in chapter.sections for key in section.keys))
    return replace(chapter, keys=tuple(dict.fromkeys(keys)), sections=())


def _with_homes(chapters: Sequence[DraftChapter], candidates: Sequence[Candidate]) -> list[DraftChapter]:
    homes = [
        Home(leaf.heading, leaf.purpose, leaf.keys, chapter.keys if chapter.sections else ())
        for chapter in chapters
        for leaf in chapter.sections or (chapter,)
    ]
    keys = iter(give_homes(candidates, homes))
    return [
        replace(
            chapter,
            keys=() if chapter.sections else next(keys),
            sections=tuple(replace(section, keys=next(keys)) for section in chapter.sections),
        )
        for chapter in chapters
    ]


def _without(chapters: Sequence[DraftChapter], headings: set[str]) -> list[DraftChapter]:
    left = []
    for chapter in chapters:
        sections = tuple(section for section in chapter.sections if section.heading not in headings)
        if sections or (not chapter.sections and chapter.heading not in headings):
            smaller = replace(chapter, sections=sections)
            left.append(_collapsed(smaller) if len(sections) == 1 else smaller)
    return left


def _outline(
    brief: Brief, chapters: Sequence[DraftChapter], candidates: Sequence[Candidate], words: int
) -> Outline:
    shares = _shares(chapters, candidates)
    body = body_words(brief, words)
    rank = {candidate.source.key: place for place, candidate in enumerate(candidates)}
    plain = load_wording(brief.language).topic_purpose(())
    planned = []
    for place, chapter in enumerate(chapters):
        number = str(place + 2)
        own = round(body * sum(shares[leaf.heading] for leaf in chapter.sections or (chapter,)))
        if not chapter.sections:
            planned.append(
                PlannedSection(
                    number, chapter.heading, SectionKind.BODY, chapter.purpose or plain, own, chapter.keys
                )
            )
            continue
        lead_in = min(
            _LEAD_IN_WORDS + _LEAD_IN_WORDS_PER_SECTION * len(chapter.sections), own // _LEAD_IN_SHARE
        )
        together = sum(shares[section.heading] for section in chapter.sections)
        children = tuple(
            PlannedSection(
                f"{number}.{index + 1}",
                section.heading,
                SectionKind.BODY,
                section.purpose or plain,
                round((own - lead_in) * shares[section.heading] / together),
                section.keys,
            )
            for index, section in enumerate(chapter.sections)
        )
        keys = {key for section in chapter.sections for key in section.keys}
        planned.append(
            PlannedSection(
                number,
                chapter.heading,
                SectionKind.BODY,
                chapter.purpose or plain,
                lead_in,
                tuple(sorted(keys, key=rank.__getitem__)),
                children,
            )
        )
    return frame_outline(brief, planned, [candidate.source for candidate in candidates], words=words)


def _shares(chapters: Sequence[DraftChapter], candidates: Sequence[Candidate]) -> dict[str, float]:
    """Return each section's share of the body by its heading: more for more to write from, within bounds."""
    leaves = [leaf for chapter in chapters for leaf in chapter.sections or (chapter,)]
    uses = Counter(key for leaf in leaves for key in leaf.keys)
    words = {
        candidate.source.key: candidate.words / max(1, uses[candidate.source.key]) for candidate in candidates
    }
    supply = [sum(words[key] for key in leaf.keys) for leaf in leaves]
    mean = sum(supply) / len(supply) or 1.0
    weights = [min(_MOST_WEIGHT, max(_LEAST_WEIGHT, one / mean)) for one in supply]
    return {leaf.heading: weight / sum(weights) for leaf, weight in zip(leaves, weights, strict=True)}
