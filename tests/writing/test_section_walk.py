"""Sections side by side: order, limit, failure, cancellation."""

import asyncio
import threading

import pytest
from tests.writing.made import RecordingJournal, count_by_words
from tests.writing.plain_composer import PlainComposer, until
from tests.writing.walks import chapters, corrections_of, turns, write

from tesigo.gateway.errors import TokenLimitReached
from tesigo.kit.errors import LimitReached
from tesigo.manuscript import Manuscript, PlannedSection, Section, Source


@pytest.mark.parametrize("concurrency", [1, 3, 10])
async def test_so_many_sections_are_written_at_a_time_as_allowed_and_no_more(
    farming: list[Source], journal: RecordingJournal, concurrency: int
) -> None:
    composer = PlainComposer(40)
    composer.hold(*chapters(2, 41))
    running = asyncio.create_task(write(composer, farming, journal, concurrency=concurrency))
    await until(lambda: len(composer.at_work) == concurrency)
    await turns()
    assert composer.at_work == chapters(2, 1 + concurrency)
    composer.release("2")
    await until(lambda: "2" in journal.sections)
    await until(lambda: len(composer.at_work) == concurrency)
    composer.release()
    await running
    assert composer.most_at_work == concurrency


async def test_nothing_is_begun_with_a_concurrency_below_one(
    farming: list[Source], journal: RecordingJournal
) -> None:
    with pytest.raises(ValueError, match="concurrency is 0"):
        await write(PlainComposer(3), farming, journal, concurrency=0)
    assert journal.stages == []


async def test_sections_begin_in_reading_order_and_the_summaries_after_all_others(
    farming: list[Source], journal: RecordingJournal
) -> None:
    composer = PlainComposer(12)
    await write(composer, farming, journal, concurrency=5)
    assert journal.started == [*chapters(2, 13), "1", "14", "0"]


async def test_a_slow_first_section_does_not_hold_back_the_others(
    farming: list[Source], journal: RecordingJournal
) -> None:
    composer = PlainComposer(40)
    composer.hold("2")
    since = corrections_of(40)[1].since
    running = asyncio.create_task(write(composer, farming, journal, concurrency=3))
    await until(lambda: len(journal.sections) == since - 1)
    assert set(journal.sections) == set(chapters(3, since + 1))
    composer.release()
    await running


async def test_introduction_conclusion_and_abstract_are_written_together_from_the_whole_body(
    farming: list[Source], journal: RecordingJournal
) -> None:
    composer = PlainComposer(6)
    composer.hold("7", "0", "1", "8")
    running = asyncio.create_task(write(composer, farming, journal, concurrency=4))
    await until(lambda: set(journal.sections) == set(chapters(2, 6)))
    await turns()
    assert journal.started == chapters(2, 7)
    composer.release("7")
    await until(lambda: len(composer.at_work) == 3)
    assert composer.at_work == ["1", "8", "0"]
    composer.release()
    await running
    assert composer.seen == dict.fromkeys(("1", "8", "0"), chapters(2, 7))


class FailingJournal(RecordingJournal):
    """Fails when it hears of a section in the way that is named."""

    def __init__(self, *, started: str = "", written: str = "") -> None:
        super().__init__()
        self._started, self._written = started, written

    async def section_started(self, planned: PlannedSection) -> None:
        await super().section_started(planned)
        if planned.number == self._started:
            raise ConnectionError("the database is away")

    async def section_written(self, section: Section) -> None:
        if section.number == self._written:
            raise ConnectionError("the database is away")
        await super().section_written(section)


@pytest.mark.parametrize(
    ("journal", "failures", "raised", "most_begun"),
    [
        (RecordingJournal(), {"3": TokenLimitReached("Enough.", retry_after_s=60)}, LimitReached, 3),
        (FailingJournal(started="3"), {}, ConnectionError, 3),
        (FailingJournal(written="3"), {}, ConnectionError, 39),  # others begin while it is being recorded
    ],
)
async def test_after_a_failure_no_section_begins_and_those_under_way_are_recorded(
    farming: list[Source],
    journal: RecordingJournal,
    failures: dict[str, BaseException],
    raised: type[Exception],
    most_begun: int,
) -> None:
    composer = PlainComposer(40, failures)
    composer.hold("2", "4")
    running = asyncio.create_task(write(composer, farming, journal, concurrency=3))
    await until(lambda: set(composer.at_work) == {"2", "4"} and "3" in journal.started)
    await turns()
    assert not running.done()
    composer.release()
    with pytest.raises(raised) as failed:
        await running
    assert type(failed.value) in (raised, TokenLimitReached)
    assert set(journal.sections) == set(journal.started) - {"3"}
    assert journal.started[:3] == ["2", "3", "4"]
    assert len(journal.started) <= most_begun


async def test_of_two_failures_the_first_is_raised(farming: list[Source], journal: RecordingJournal) -> None:
    composer = PlainComposer(40, {"2": KeyError("second"), "3": ValueError("first")})
    composer.hold("2")
    running = asyncio.create_task(write(composer, farming, journal, concurrency=2))
    await until(lambda: "3" in journal.started and composer.at_work == ["2"])
    composer.release()
    with pytest.raises(ValueError, match="first"):
        await running


async def test_a_count_that_fails_lets_the_sections_under_way_end(
    farming: list[Source], journal: RecordingJournal
) -> None:
    composer = PlainComposer(40)
    counted = 0

    def count(manuscript: Manuscript) -> float:
        nonlocal counted
        counted += 1
        if counted == 2:
            raise ConnectionError("no typesetter")
        return count_by_words(manuscript)

    held = chapters(2 + corrections_of(40)[1].counted, 41)
    composer.hold(*held)
    running = asyncio.create_task(write(composer, farming, journal, concurrency=2, count_pages=count))
    await until(lambda: counted == 2 and len(composer.at_work) == 2)
    composer.release()
    with pytest.raises(ConnectionError):
        await running
    assert set(journal.started) == set(journal.sections)
    assert len(journal.sections) < 40


class SlowJournal(RecordingJournal):
    """Records nothing before it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_record = asyncio.Event()

    async def section_written(self, section: Section) -> None:
        await self.may_record.wait()
        await super().section_written(section)


async def test_the_composer_goes_on_while_sections_are_recorded_but_not_without_end(
    farming: list[Source],
) -> None:
    journal = SlowJournal()
    composer = PlainComposer(12)
    running = asyncio.create_task(write(composer, farming, journal, concurrency=2))
    await until(lambda: len(journal.started) == 4 and composer.at_work == [])
    await turns()
    assert journal.started == chapters(2, 5)
    assert journal.sections == {}
    journal.may_record.set()
    await running
    assert composer.most_at_work == 2


@pytest.mark.parametrize("failures", [{}, {"3": ValueError("held in the others' company")}])
async def test_cancelling_stops_all_sections_and_leaves_no_task_behind(
    farming: list[Source], journal: RecordingJournal, failures: dict[str, BaseException]
) -> None:
    composer = PlainComposer(40, failures)
    composer.hold("2", "4", "5")
    before = asyncio.all_tasks()
    running = asyncio.create_task(write(composer, farming, journal, concurrency=4))
    await until(lambda: len(journal.started) >= 4 and set(composer.at_work) >= {"2", "4", "5"})
    running.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await running
    assert composer.at_work == []
    assert asyncio.all_tasks() == before


async def test_a_cancellation_that_comes_out_of_the_composer_is_passed_on(
    farming: list[Source], journal: RecordingJournal
) -> None:
    composer = PlainComposer(4, {"3": asyncio.CancelledError()})
    with pytest.raises(asyncio.CancelledError):
        await write(composer, farming, journal, concurrency=2)


@pytest.mark.parametrize("count_number", [1, 2])
async def test_sections_go_on_while_pages_are_counted(
    farming: list[Source], journal: RecordingJournal, count_number: int
) -> None:
    composer = PlainComposer(40)
    correction = corrections_of(40)[count_number - 1]
    has_begun, may_end = threading.Event(), threading.Event()
    calls = 0

    def count(manuscript: Manuscript) -> float:
        nonlocal calls
        calls += 1
        if calls == count_number:
            has_begun.set()
            assert may_end.wait(20)
        return count_by_words(manuscript)

    ahead = chapters(2 + correction.counted, 41)
    composer.hold(*ahead)
    running = asyncio.create_task(write(composer, farming, journal, concurrency=4, count_pages=count))
    await until(has_begun.is_set)
    assert len(journal.sections) == correction.counted
    composer.release()
    await until(lambda: len(journal.sections) == correction.since)
    await turns()
    assert len(journal.started) == correction.since
    may_end.set()
    await running
