"""The sections of one document, several at a time: which of them may begin, and what each is given."""

import asyncio
import math
from collections import deque
from collections.abc import Mapping, Sequence

from tesigo.manuscript import Manuscript, PlannedSection, Section, SectionKind
from tesigo.writing.checks import mend_section
from tesigo.writing.page_aim import PageAim
from tesigo.writing.plan import Plan
from tesigo.writing.ports import Composer, Journal, PageCounter, SectionTask, SummaryTask
from tesigo.writing.said import Said
from tesigo.writing.side_by_side import SideBySide

_SHORT_BY = 0.06
_LAST_WRITTEN = (SectionKind.INTRODUCTION, SectionKind.CONCLUSION, SectionKind.ABSTRACT)


class SectionWalk:
    """Begins sections in their order, as many at a time as allowed, and records each as it ends.

    What a section is given depends on the outline and on sections well before it, never on timing, so that a
    walk that goes on after a crash decides the same.
    """

    def __init__(
        self,
        plan: Plan,
        composer: Composer,
        journal: Journal,
        count_pages: PageCounter,
        finished: Mapping[str, Section],
        *,
        concurrency: int,
    ) -> None:
        """Read the finished sections, by number; blocks for about a millisecond each: call it in a thread."""
        self._plan = plan
        self._composer = composer
        self._journal = journal
        self._count_pages = count_pages
        self._concurrency = concurrency
        self._aim = PageAim(plan, count_pages, finished=finished)
        self._recorded = dict(finished)
        self._said = Said(finished.values())
        self._being_composed = 0
        self._unrecorded = 0

    async def write_all(self) -> list[Section]:
        """Return all sections: the body in its order, then introduction, conclusion and abstract from it.

        Raises the first failure of composer, journal or page counter, when all that was under way has ended.
        """
        body = self._plan.body()
        await self._write(body)
        last = [
            planned for kind in _LAST_WRITTEN for planned in self._plan.outline.walk() if planned.kind is kind
        ]
        await self._write(last)
        return [self._recorded[planned.number] for planned in (*body, *last)]

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

    async def _write(self, sections: Sequence[PlannedSection]) -> None:
        """Write those of the sections that are not recorded yet."""
        waiting = deque(
            (place, planned) for place, planned in enumerate(sections) if planned.number not in self._recorded
        )
        async with SideBySide() as works:
            while waiting and not works.has_failed:
                correction = self._aim.next_correction(self._recorded)
                if correction is not None:
                    works.start(correction)
                place, planned = waiting[0]
                if self._has_room() and not self._aim.holds_back(place):
                    waiting.popleft()
                    self._being_composed += 1
                    self._unrecorded += 1
                    works.start(self._add(works, planned, place))
                else:
                    await works.one_ended()

    def _has_room(self) -> bool:
        """Return whether another section may begin: the composer is free, and records are not far behind."""
        return self._being_composed < self._concurrency and self._unrecorded < 2 * self._concurrency

    async def _add(self, works: SideBySide, planned: PlannedSection, place: int) -> None:
        """Have the section composed; it is recorded while the composer goes on with another."""
        try:
            await self._journal.section_started(planned)
            written = await self._compose(planned, place)
        finally:
            self._being_composed -= 1
        works.start(self._record(written))

    async def _record(self, written: Section) -> None:
        section = await asyncio.to_thread(mend_section, written, sources=self._plan.by_key, said=self._said)
        await self._journal.section_written(section)
        self._recorded[section.number] = section
        self._unrecorded -= 1

    async def _compose(self, planned: PlannedSection, place: int) -> Section:
        plan = self._plan
        allotment = plan.allotments[planned.number]
        sources = tuple(plan.by_key[key] for key in planned.keys if key in plan.by_key)
        if planned.kind is SectionKind.BODY:
            return await self._composer.write_section(
                SectionTask(
                    brief=plan.brief,
                    outline=plan.outline,
                    planned=planned,
                    target_words=self._aim.target_words[planned.number],
                    sources=sources,
                    chosen=plan.chosen,
                    passages=allotment.passages,
                    terms=allotment.terms,
                    number=place,
                )
            )
        return await self._composer.summarise(
            SummaryTask(
                brief=plan.brief,
                outline=plan.outline,
                planned=planned,
                target_words=self._aim.target_words[planned.number],
                considered=plan.sources,
                sources=plan.sources,
                written=tuple(self._recorded[one.number] for one in plan.body()),
                passages=allotment.passages,
            )
        )
