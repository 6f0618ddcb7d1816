"""A composer whose sections are held at gates, and whose texts say what they were asked for."""

import asyncio
from collections.abc import Callable

from tesigo.manuscript import Outline, PlannedSection, Section, SectionKind
from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.ports import SectionTask, SummaryTask


class PlainComposer(OfflineComposer):
    """Writes chapters "2", "3", … of made words, every other one too long, the rest too short.

    at_work: the sections being written now; most_at_work: how many that were at most.
    seen: which sections each summary was given. failures: what is raised instead of a section.
    """

    def __init__(self, chapters: int, failures: dict[str, BaseException] | None = None) -> None:
        self.chapters = chapters
        self.at_work: list[str] = []
        self.most_at_work = 0
        self.seen: dict[str, list[str]] = {}
        self.failures = failures or {}
        self._gates: dict[str, asyncio.Event] = {}

    def hold(self, *numbers: str) -> None:
        """Let these sections begin and not end."""
        self._gates |= {number: asyncio.Event() for number in numbers}

    def release(self, *numbers: str) -> None:
        """Let these sections end, all that are held when none is named."""
        for number in numbers or tuple(self._gates):
            self._gates[number].set()

    async def propose_outline(self, brief: Brief, evidence: Evidence, *, words: int) -> Outline:  # noqa: ARG002 - as the port has it
        return outline_of(self.chapters)

    async def write_section(self, task: SectionTask) -> Section:
        return await self._write(task.planned, task.target_words)

    async def summarise(self, task: SummaryTask) -> Section:
        self.seen[task.planned.number] = [section.number for section in task.written]
        return await self._write(task.planned, task.target_words)

    def text(self, number: str, words: int) -> str:
        """Return the section's text; it differs with every other target."""
        many = round(words * (1.4 if int(number) % 2 else 0.8))
        return " ".join(f"word{number}x{place}" for place in range(many)) + "."

    async def _write(self, planned: PlannedSection, words: int) -> Section:
        number = planned.number
        self.at_work.append(number)
        self.most_at_work = max(self.most_at_work, len(self.at_work))
        try:
            await asyncio.sleep(0)
            if number in self._gates:
                await self._gates[number].wait()
            if number in self.failures:
                raise self.failures[number]
        finally:
            self.at_work.remove(number)
        return Section(number, planned.heading, planned.kind, self.text(number, words), (), self.name)


def outline_of(chapters: int) -> Outline:
    """Return abstract "0", introduction "1", so many chapters of 300 words, and the conclusion."""
    body = tuple(
        PlannedSection(str(place + 2), f"Chapter {place}", SectionKind.BODY, "", 300, ())
        for place in range(chapters)
    )
    return Outline(
        "Sustainable farming on small farms",
        (
            PlannedSection("0", "Abstract", SectionKind.ABSTRACT, "", 90, ()),
            PlannedSection("1", "Introduction", SectionKind.INTRODUCTION, "", 200, ()),
            *body,
            PlannedSection(str(chapters + 2), "Conclusion", SectionKind.CONCLUSION, "", 150, ()),
        ),
    )


async def until(is_so: Callable[[], bool], *, within_s: float = 20) -> None:
    """Wait until it holds, for what nobody announces."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - a composer has nobody to tell
            await asyncio.sleep(0.002)
