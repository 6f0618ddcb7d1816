"""When pages are counted while sections are written, and how the counts change the lengths of those to come."""

import asyncio
from collections import deque
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tesigo.export.norms import load_norm
from tesigo.manuscript import PlannedSection, Section
from tesigo.writing.length import corrected_targets, planned_targets, projected
from tesigo.writing.plan import Plan
from tesigo.writing.ports import PageCounter

_MARKS = ((0.0, 0.0), (0.35, 0.5), (0.7, 0.85))
"""Shares of the body's words: what stands before the first is counted, the sections from the second on are corrected.

The way between the two is there for the count, so that the sections on it are written meanwhile.
"""
_MANY_SECTIONS = 40
_MARKS_OF_MANY = ((0.0, 0.35), (0.35, 0.8))
"""The same for a long body, whose count takes seconds: a longer way, and fewer counts."""
_CLOSE_ENOUGH = 0.02
_AIM_BELOW = 0.25
"""Aim a quarter of a page below: a last page is begun, not passed."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One count of pages. counted: it takes so many leading body sections as they were written, the rest as planned.

    since: the place of the first body section, from 0, whose target it may change.
    """

    counted: int
    since: int


def due_corrections(body: Sequence[PlannedSection]) -> list[Correction]:
    """Return the corrections of a document in their order, decided by its outline alone.

    Each counts more than the one before it and begins later.
    """
    marks = _MARKS if len(body) < _MANY_SECTIONS else _MARKS_OF_MANY
    passed = list(accumulate((planned.target_words for planned in body), initial=0))
    due: list[Correction] = []
    for counted_share, since_share in marks:
        counted, since = (
            next(place for place, words in enumerate(passed) if words >= share * passed[-1])
            for share in (counted_share, since_share)
        )
        if since == len(body) or (due and counted == due[-1].counted):
            continue
        if due and since == due[-1].since:
            due.pop()
        due.append(Correction(counted, since))
    return due


class PageAim:
    """The words that each section is to have, corrected so that the document gets its pages.

    A correction depends on the outline, on those before it and on the sections that it counts: never on which
    other sections happen to be written. So the targets are the same however many are written at a time, and
    when a run goes on after a crash.
    """

    def __init__(self, plan: Plan, count_pages: PageCounter, *, finished: Collection[str]) -> None:
        """Leave out the corrections that could only change sections that are finished, by their numbers."""
        self._plan = plan
        self._count_pages = count_pages
        self._body = plan.body()
        self._due = deque(
            one
            for one in due_corrections(self._body)
            if any(planned.number not in finished for planned in self._body[one.since :])
        )
        self._is_counting = False
        self._targets = planned_targets(plan.outline)
        self._words_per_page = load_norm(plan.brief.norm).words_per_page(plan.brief.language)

    @property
    def target_words(self) -> Mapping[str, int]:
        """The target of each section by its number; final for those that nothing holds back."""
        return self._targets

    def holds_back(self, place: int) -> bool:
        """Return whether the body section at this place, from 0, must wait for a correction."""
        return bool(self._due) and self._due[0].since <= place

    def next_correction(self, written: Mapping[str, Section]) -> Coroutine[object, object, None] | None:
        """Return the next correction to be run, None while one is running or a section that it counts is missing.

        written: the sections that are finished, by number; those that it does not count are not looked at.
        """
        if self._is_counting or not self._due:
            return None
        counted = [planned.number for planned in self._body[: self._due[0].counted]]
        if not all(number in written for number in counted):
            return None
        self._is_counting = True
        return self._correct(self._due[0], [written[number] for number in counted])

    async def _correct(self, correction: Correction, written: Sequence[Section]) -> None:
        """Count the pages that the document would have, and spread the difference over the open sections."""
        plan = self._plan
        expected = await asyncio.to_thread(
            projected, plan.manuscript(written), plan.outline, self._targets, plan.by_key
        )
        pages = await asyncio.to_thread(self._count_pages, expected)
        missing = plan.brief.pages - _AIM_BELOW - pages
        if abs(missing) >= _CLOSE_ENOUGH * plan.brief.pages / 4:
            still_open = self._body[correction.since :]
            self._targets = corrected_targets(
                self._targets,
                missing_words=missing * self._words_per_page,
                open_numbers=[planned.number for planned in still_open if not planned.children],
                most=plan.most_words,
            )
        self._due.popleft()
        self._is_counting = False
