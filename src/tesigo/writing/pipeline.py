"""A document's way: brief → research → outline → sections → check → assemble."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tesigo.export.norms import load_norm
from tesigo.export.styles import find_style
from tesigo.manuscript import Manuscript, Outline, PlannedSection, Section, SectionKind, Source
from tesigo.research.evidence import Evidence, Gathered, gather_sources, rank_evidence
from tesigo.research.ports import SourceSearch
from tesigo.writing.allocation import Allotment, allot
from tesigo.writing.brief import Brief
from tesigo.writing.checks import find_faults, mend_section
from tesigo.writing.errors import FaultyText, NoUsableSource
from tesigo.writing.length import corrected_targets, planned_targets, projected, words_for
from tesigo.writing.ports import Composer, Journal, PageCounter, SectionTask, SummaryTask
from tesigo.writing.stages import Stage

_MOST_FOUND = 400
_SEARCH_TIMEOUT_S = 20.0
_COUNTED_AT = (0.0, 0.5, 0.85)
"""After which shares of the body's words the pages are counted and the open targets corrected."""
_CLOSE_ENOUGH = 0.02
_SHORT_BY = 0.06
_LAST_WRITTEN = (SectionKind.INTRODUCTION, SectionKind.CONCLUSION, SectionKind.ABSTRACT)


@dataclass(frozen=True, slots=True)
class SoFar:
    """What an earlier run has finished; it is taken over as it is.

    sources: () when research is still to be done. sections: by number.
    """

    sources: tuple[Source, ...] = ()
    outline: Outline | None = None
    sections: Mapping[str, Section] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that the sections are written from; computed anew, and the same, after an interruption."""

    brief: Brief
    outline: Outline
    sources: tuple[Source, ...]
    by_key: Mapping[str, Source]
    chosen: tuple[Source, ...]
    allotments: Mapping[str, Allotment]
    most_words: Mapping[str, int]
    state: Callable[[Brief, tuple[Section, ...]], str]

    def body(self) -> list[PlannedSection]:
        """Return the body sections in the order in which they are written."""
        return [planned for planned in self.outline.walk() if planned.kind is SectionKind.BODY]

    def manuscript(self, sections: Sequence[Section]) -> Manuscript:
        """Return the sections as a manuscript, in the outline's order."""
        order = {planned.number: place for place, planned in enumerate(self.outline.walk())}
        return Manuscript(
            title=self.outline.title,
            language=self.brief.language,
            citation_style=self.brief.citation_style,
            norm=self.brief.norm,
            sections=tuple(sorted(sections, key=lambda section: order[section.number])),
            sources=self.sources,
            author=self.brief.author,
            pages=self.brief.pages,
            statement=self.state(self.brief, tuple(sections)),
        )


async def write_document(
    brief: Brief,
    *,
    composer: Composer,
    own_sources: Sequence[Source],
    searches: Sequence[SourceSearch],
    journal: Journal,
    count_pages: PageCounter,
    so_far: SoFar | None = None,
) -> Manuscript:
    """Return the whole document; the journal hears of each step as it is done.

    so_far: what an earlier run had finished: it is not done again, and the text ends up the same as if the run
    had never been interrupted. Cancelling between two sections loses nothing that the journal has heard of.
    Raises NoUsableSource when nothing can be quoted for the title, UnknownNorm and UnknownStyle before any
    work, FaultyText when a section breaks a promise that cannot be mended.
    """
    done = so_far or SoFar()
    await journal.stage_started(Stage.BRIEF)
    load_norm(brief.norm)
    await asyncio.to_thread(find_style, brief.citation_style)

    await journal.stage_started(Stage.RESEARCH)
    sources = done.sources or await _research(brief, own_sources, searches, journal)
    evidence = await asyncio.to_thread(rank_evidence, brief.title, sources)

    await journal.stage_started(Stage.OUTLINE)
    outline = done.outline
    if outline is None:
        outline = await composer.propose_outline(brief, evidence, words=words_for(brief))
        await journal.outline_ready(outline)
    plan = await asyncio.to_thread(_plan, brief, outline, evidence, composer)

    await journal.stage_started(Stage.SECTIONS)
    walk = _SectionWalk(plan, composer, journal, count_pages, done.sections)
    written = await walk.write_all()

    await journal.stage_started(Stage.CHECK)
    manuscript = plan.manuscript(written)
    await asyncio.to_thread(_require_faultless, manuscript)
    await walk.warn_when_short(manuscript)

    await journal.stage_started(Stage.ASSEMBLE)
    return manuscript


async def plan_outline(
    brief: Brief, *, composer: Composer, own_sources: Sequence[Source], searches: Sequence[SourceSearch]
) -> Outline:
    """Return the outline that a document of this brief would begin with; nothing is recorded.

    Raises NoUsableSource when nothing can be quoted for the title.
    """
    gathered = await _gather(brief, own_sources, searches)
    evidence = await asyncio.to_thread(rank_evidence, brief.title, gathered.sources)
    return await composer.propose_outline(brief, evidence, words=words_for(brief))


async def _research(
    brief: Brief, own_sources: Sequence[Source], searches: Sequence[SourceSearch], journal: Journal
) -> tuple[Source, ...]:
    gathered = await _gather(brief, own_sources, searches)
    await journal.evidence_found(gathered.sources, gathered.warnings)
    return gathered.sources


async def _gather(brief: Brief, own_sources: Sequence[Source], searches: Sequence[SourceSearch]) -> Gathered:
    gathered = await gather_sources(
        brief.title, own=own_sources, searches=searches, limit=_MOST_FOUND, timeout_s=_SEARCH_TIMEOUT_S
    )
    if not gathered.sources:
        raise NoUsableSource(
            "There is no source to write from: add papers (PDF, DOCX, text) or records with abstracts "
            "(BibTeX, RIS, CSL-JSON) to the document or to the library."
        )
    return gathered


def _plan(brief: Brief, outline: Outline, evidence: Evidence, composer: Composer) -> _Plan:
    allotments = allot(outline, evidence, pages=brief.pages)
    sources = tuple(ranked.source for ranked in evidence.sources)
    most = {
        planned.number: composer.carries(allotments[planned.number].passages)
        if not planned.children and planned.kind is SectionKind.BODY
        else planned.target_words
        for planned in outline.walk()
    }
    meant = {key for planned in outline.walk() for key in planned.keys}
    return _Plan(
        brief,
        outline,
        sources,
        {source.key: source for source in sources},
        tuple(source for source in sources if source.key in meant),
        allotments,
        most,
        composer.state_provenance,
    )


class _SectionWalk:
    """Writes one section after the other, and corrects the targets of those to come by the pages so far.

    Every decision depends on sections before it alone, so that a walk that goes on after a crash decides the same.
    """

    def __init__(
        self,
        plan: _Plan,
        composer: Composer,
        journal: Journal,
        count_pages: PageCounter,
        finished: Mapping[str, Section],
    ) -> None:
        self._plan = plan
        self._composer = composer
        self._journal = journal
        self._count_pages = count_pages
        self._finished = finished
        self._written: list[Section] = []
        self._targets = planned_targets(plan.outline)
        self._words_per_page = load_norm(plan.brief.norm).words_per_page(plan.brief.language)

    async def write_all(self) -> list[Section]:
        """Return all sections: the body in its order, then introduction, conclusion and abstract from it."""
        body = self._plan.body()
        planned_words = sum(planned.target_words for planned in body) or 1
        marks = list(_COUNTED_AT)
        passed = 0
        for number, planned in enumerate(body):
            if marks and passed >= marks[0] * planned_words:
                marks = [mark for mark in marks if passed < mark * planned_words]
                if any(later.number not in self._finished for later in self._unwritten()):
                    await self._correct(body[number:])
            await self._add(planned, number)
            passed += planned.target_words
        for kind in _LAST_WRITTEN:
            for planned in self._plan.outline.walk():
                if planned.kind is kind:
                    await self._add(planned, len(self._written))
        return self._written

    async def warn_when_short(self, manuscript: Manuscript) -> None:
        """Tell the user how many pages the sources carry when they carry fewer than were asked."""
        pages = await asyncio.to_thread(self._count_pages, manuscript)
        wanted = self._plan.brief.pages
        whole = math.ceil(pages)
        if whole < wanted - max(1.0, _SHORT_BY * wanted):
            cited = len(manuscript.cited_keys)
            await self._journal.warned(
                f"{self._carried(cited)} about {whole} of the {wanted} pages: "
                f"add sources on the subject, full texts rather than abstracts, or ask for fewer pages."
            )

    @staticmethod
    def _carried(cited: int) -> str:
        """Return the beginning of a sentence on how far the cited sources carry."""
        if cited == 1:
            return "The one source that suits the title carries"
        return f"The {cited} sources that suit the title carry"

    def _unwritten(self) -> list[PlannedSection]:
        written = {section.number for section in self._written}
        return [planned for planned in self._plan.outline.walk() if planned.number not in written]

    async def _correct(self, still_open: Sequence[PlannedSection]) -> None:
        """Count the pages that the document would have, and spread the difference over the open sections."""
        plan = self._plan
        draft = await asyncio.to_thread(
            projected, plan.manuscript(self._written), plan.outline, self._targets, plan.by_key
        )
        pages = await asyncio.to_thread(self._count_pages, draft)
        missing = plan.brief.pages - _AIM_BELOW - pages
        if abs(missing) < _CLOSE_ENOUGH * plan.brief.pages / 4:
            return
        self._targets = corrected_targets(
            self._targets,
            missing_words=missing * self._words_per_page,
            open_numbers=[planned.number for planned in still_open if not planned.children],
            most=plan.most_words,
        )

    async def _add(self, planned: PlannedSection, number: int) -> None:
        section = self._finished.get(planned.number)
        if section is None:
            written = await self._compose(planned, number)
            section = await asyncio.to_thread(
                mend_section, written, sources=self._plan.by_key, earlier=tuple(self._written)
            )
            await self._journal.section_written(section)
        self._written.append(section)

    async def _compose(self, planned: PlannedSection, number: int) -> Section:
        plan = self._plan
        allotment = plan.allotments[planned.number]
        sources = tuple(plan.by_key[key] for key in planned.keys if key in plan.by_key)
        if planned.kind is SectionKind.BODY:
            return await self._composer.write_section(
                SectionTask(
                    brief=plan.brief,
                    outline=plan.outline,
                    planned=planned,
                    target_words=self._targets[planned.number],
                    sources=sources,
                    chosen=plan.chosen,
                    passages=allotment.passages,
                    terms=allotment.terms,
                    number=number,
                )
            )
        return await self._composer.summarise(
            SummaryTask(
                brief=plan.brief,
                outline=plan.outline,
                planned=planned,
                target_words=self._targets[planned.number],
                considered=plan.sources,
                sources=plan.sources,
                written=plan.manuscript(self._written).sections,
                passages=allotment.passages,
            )
        )


_AIM_BELOW = 0.25
"""Aim a quarter of a page below: a last page is begun, not passed."""


def _require_faultless(manuscript: Manuscript) -> None:
    faults = find_faults(manuscript)
    if faults:
        first = faults[0]
        raise FaultyText(
            f"Section {first.number} breaks a promise ({first.kind}: {first.detail[:120]}); write it again."
        )
