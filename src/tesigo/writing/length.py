"""How long what is to be: words from pages before writing, corrections from counted pages while writing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tesigo.export.norms import load_norm
from tesigo.manuscript import (
    Citation,
    Manuscript,
    Outline,
    Passage,
    PlannedSection,
    Section,
    SectionKind,
    Source,
)
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.brief import Brief
from tesigo.writing.sentences import fold

_REFERENCES_PER_PAGE = 8.5
_FRONT_PAGES, _SHARED_FRONT_PAGES = 2.8, 1.9
_CONTENTS_ENTRIES_PER_PAGE = 30
_CHAPTER_REST, _SECTION_REST = 0.4, 0.05
_PARAGRAPHS_FILL = 0.93
_PARAGRAPH_WORDS = 110
_WORDS_PER_CITATION = 45
_CITATIONS_PER_SOURCE = 2
_LEAST_SHARE = 0.25
SHORT_PAGES = 8
"""Below this, what frames the body is kept to the least."""


def chapter_count(pages: int) -> int:
    """Return how many topic chapters a document of so many pages has: 5 → 3, 10 → 4, 50 → 8, 200 → 14."""
    return round(1.55 * math.pow(pages, 0.41))


def section_words(pages: int) -> int:
    """Return how long one section should be about: 10 → 270 words, 50 → 500, 200 → 870."""
    return round(110 * math.pow(pages, 0.39))


def words_per_source(pages: int) -> int:
    """Return how much text stands on one source: 10 pages → 94 words, 50 → 157, 200 → 245."""
    return round(45 * math.pow(pages, 0.32))


def words_for(brief: Brief) -> int:
    """Return how many words all sections have together, so that the export has about the asked pages.

    What is not running text is taken off: title page, contents, statement, bibliography, the white around
    headings. An estimate: pages are counted while the sections are written.
    """
    norm = load_norm(brief.norm)
    chapters = chapter_count(brief.pages) + 2
    front = _SHARED_FRONT_PAGES if norm.shares_front_page(brief.pages) else _FRONT_PAGES
    rest = _CHAPTER_REST if norm.starts_chapters_on_new_page(brief.pages) else 2 * _SECTION_REST
    per_page = norm.words_per_page(brief.language) * _PARAGRAPHS_FILL
    sections = 0.6 * brief.pages * per_page / section_words(brief.pages)
    fixed = front + rest * chapters + sections * (_SECTION_REST + 1 / (2 * _CONTENTS_ENTRIES_PER_PAGE))
    per_reference = per_page / (words_per_source(brief.pages) * _REFERENCES_PER_PAGE)
    return max(500, round((brief.pages - fixed) * per_page / (1 + per_reference)))


def summary_words(brief: Brief, words: int) -> dict[SectionKind, int]:
    """Return the targets of abstract, introduction and conclusion for a document of so many words."""
    if brief.pages < SHORT_PAGES:
        return {SectionKind.ABSTRACT: 75, SectionKind.INTRODUCTION: 150, SectionKind.CONCLUSION: 95}
    return {
        SectionKind.ABSTRACT: 100 if brief.pages < 20 else 125,
        SectionKind.INTRODUCTION: min(900, round(225 + 0.03 * words)),
        SectionKind.CONCLUSION: min(540, round(155 + 0.016 * words)),
    }


def planned_targets(outline: Outline) -> dict[str, int]:
    """Return the outline's target of each section by its number."""
    return {planned.number: planned.target_words for planned in outline.walk()}


def corrected_targets(
    targets: Mapping[str, int], *, missing_words: float, open_numbers: Sequence[str], most: Mapping[str, int]
) -> dict[str, int]:
    """Return the targets with the missing words (negative: too many) spread over the open sections by length.

    No section falls below a quarter of its target or rises above `most`, what its evidence carries; what one
    cannot take goes to the others.
    """
    corrected = dict(targets)
    least = {number: round(_LEAST_SHARE * targets[number]) for number in open_numbers}
    left = missing_words
    movable = [number for number in open_numbers if targets[number] > 0]
    while movable and abs(left) >= 1:
        together = sum(corrected[number] for number in movable)
        factor = 1 + left / together if together else 1.0
        stuck = []
        for number in list(movable):
            wish = corrected[number] * factor
            bound = min(max(wish, least[number]), max(most[number], least[number]))
            left -= round(bound) - corrected[number]
            corrected[number] = round(bound)
            if abs(bound - wish) > 1:
                stuck.append(number)
        movable = [number for number in movable if number not in stuck]
        if not stuck:
            break
    return corrected


def project_section(planned: PlannedSection, words: int, sources: Mapping[str, Source]) -> Section:
    """Return a stand-in of about so many words that fills a page as the real section will.

    It is made of the sources' own words with their citations, because bibliography and letters count too.
    """
    texts: list[tuple[str, list[str]]] = [
        (key, fold(sources[key].body).split()) for key in planned.keys if key in sources and sources[key].body
    ]
    texts = texts or [("", planned.heading.split() or ["word"])]
    wanted = max(1, round(words / _WORDS_PER_CITATION))
    texts = texts[: 1 + wanted // _CITATIONS_PER_SOURCE]
    pieces: list[str] = []
    citations: list[Citation] = []
    for turn in range(wanted):
        key, said = texts[turn % len(texts)]
        start = (turn // len(texts)) * _WORDS_PER_CITATION % max(1, len(said))
        many = min(_WORDS_PER_CITATION, words - turn * _WORDS_PER_CITATION)
        piece = " ".join((said[start:] + said * (1 + many // len(said)))[:many])
        marker = ""
        if key and planned.kind is SectionKind.BODY:
            marker = f" [@{key}]"
            citations.append(Citation(key, Passage(key, 0, 0, ""), 0.0))
        pieces.append(escape_markdown(piece) + marker + ".")
    per_paragraph = max(1, _PARAGRAPH_WORDS // _WORDS_PER_CITATION)
    paragraphs = [
        " ".join(pieces[start : start + per_paragraph]) for start in range(0, len(pieces), per_paragraph)
    ]
    return Section(planned.number, planned.heading, planned.kind, "\n\n".join(paragraphs), tuple(citations))


def projected(
    manuscript: Manuscript, outline: Outline, targets: Mapping[str, int], sources: Mapping[str, Source]
) -> Manuscript:
    """Return the manuscript with a stand-in wherever the outline has a section that is not written yet."""
    written = {section.number: section for section in manuscript.sections}
    sections = tuple(
        written.get(planned.number) or project_section(planned, targets[planned.number], sources)
        for planned in outline.walk()
    )
    return replace(manuscript, sections=sections)
