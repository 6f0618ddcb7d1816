"""Sections side by side: order, limit, failure, cancellation, and a text that depends on none of them."""

import asyncio
import random
import threading
from collections.abc import Sequence

import pytest
from tests.writing.made import RecordingJournal, count_by_words
from tests.writing.plain_composer import PlainComposer, outline_of, until

from tesigo.kit.errors import LimitReached
from tesigo.manuscript import Manuscript, PlannedSection, Section, SectionKind, Source
from tesigo.writing.brief import make_brief
from tesigo.writing.errors import TokenLimitReached
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.page_aim import Correction, due_corrections
from tesigo.writing.pipeline import SoFar, write_document
from tesigo.writing.ports import Composer, PageCounter, SectionTask, SummaryTask

TITLE = "Sustainable farming on small farms"
PAGES = 24


async def write(
    composer: Composer,
    sources: Sequence[Source],
    journal: RecordingJournal,
    *,
    concurrency: int,
    so_far: SoFar | None = None,
    count_pages: PageCounter = count_by_words,
    pages: int = PAGES,
    language: str = "en",
) -> Manuscript:
    return await write_document(
        make_brief(TITLE, pages=pages, language=language),
        composer=composer,
        own_sources=sources,
        searches=(),
        journal=journal,
        count_pages=count_pages,
        concurrency=concurrency,
        so_far=so_far,
    )


def chapters(first: int, last: int) -> list[str]:
    """Return the numbers of the chapters from the one to the other, both included."""
    return [str(number) for number in range(first, last + 1)]


def corrections_of(count: int) -> list[Correction]:
    """Return the corrections of a document of so many chapters."""
    return due_corrections([one for one in outline_of(count).walk() if one.kind is SectionKind.BODY])


async def turns() -> None:
    """Let everything that can go on do so for a few turns of the loop."""
    for _ in range(20):
        await asyncio.sleep(0)


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


async def test_the_offline_writer_writes_the_same_text_however_many_sections_are_written_at_a_time(
    farming: list[Source],
) -> None:
    one, four, ten = [
        await write(OfflineComposer(), farming, RecordingJournal(), concurrency=concurrency)
        for concurrency in (1, 4, 10)
    ]
    assert one == four == ten


@pytest.mark.parametrize("count", [5, 12, 44])
@pytest.mark.parametrize("concurrency", [1, 4, 10])
async def test_a_run_that_goes_on_from_any_sections_ends_with_the_same_text(
    farming: list[Source], count: int, concurrency: int
) -> None:
    journal = RecordingJournal()
    whole = await write(PlainComposer(count), farming, journal, concurrency=1)
    chance = random.Random(count * concurrency)
    for _ in range(6):
        kept = chance.sample(sorted(journal.sections), chance.randint(0, count + 2))
        so_far = SoFar(
            journal.sources, journal.outline, {number: journal.sections[number] for number in kept}
        )
        resuming = RecordingJournal()
        resumed = await write(PlainComposer(count), farming, resuming, concurrency=concurrency, so_far=so_far)
        assert resumed == whole
        assert set(resuming.sections) == set(journal.sections) - set(kept)


async def test_the_offline_writer_goes_on_from_sections_out_of_order_with_the_same_text(
    farming: list[Source],
) -> None:
    journal = RecordingJournal()
    whole = await write(OfflineComposer(), farming, journal, concurrency=4)
    numbers = sorted(journal.sections)
    for kept in (numbers[1::2], numbers[-3:], numbers[::3]):
        so_far = SoFar(
            journal.sources, journal.outline, {number: journal.sections[number] for number in kept}
        )
        assert (
            await write(OfflineComposer(), farming, RecordingJournal(), concurrency=4, so_far=so_far) == whole
        )


async def test_the_corrections_change_the_lengths_of_what_is_still_to_come(farming: list[Source]) -> None:
    journal = RecordingJournal()
    await write(PlainComposer(12), farming, journal, concurrency=4)
    first, second = corrections_of(12)[:2]
    planned = [PlainComposer(12).text(number, 300) for number in chapters(2, 13)]
    written = [journal.sections[number].content for number in chapters(2, 13)]
    assert first.since == 0
    assert written[0] != planned[0]
    odd = [len(text.split()) for text in written[1 : second.since : 2]]
    later = [len(text.split()) for text in written[second.since + (second.since + 1) % 2 :: 2]]
    assert len(set(odd)) == 1
    assert later[0] != odd[0]


@pytest.mark.parametrize("language", ["en", "uk", "it"])
async def test_no_sentence_of_the_offline_writer_needs_mending(
    farming: list[Source], journal: RecordingJournal, language: str
) -> None:
    composed: dict[str, Section] = {}

    class Watched(OfflineComposer):
        async def write_section(self, task: SectionTask) -> Section:
            composed[task.planned.number] = await super().write_section(task)
            return composed[task.planned.number]

        async def summarise(self, task: SummaryTask) -> Section:
            composed[task.planned.number] = await super().summarise(task)
            return composed[task.planned.number]

    await write(Watched(), farming, journal, concurrency=10, pages=30, language=language)
    assert composed == journal.sections


async def test_a_sentence_that_several_sections_bring_at_once_is_kept_in_one(
    farming: list[Source], journal: RecordingJournal
) -> None:
    class Repeating(PlainComposer):
        def text(self, number: str, words: int) -> str:
            return f"{super().text(number, words)} Every section brings this sentence with it."

    manuscript = await write(Repeating(12), farming, journal, concurrency=10)
    holders = [section for section in manuscript.sections if "brings this sentence" in section.content]
    assert len(holders) == 1


async def test_no_pages_are_counted_for_the_sake_of_sections_that_are_finished(farming: list[Source]) -> None:
    journal = RecordingJournal()
    await write(PlainComposer(12), farming, journal, concurrency=4)
    counts = 0

    def count(manuscript: Manuscript) -> float:
        nonlocal counts
        counts += 1
        return count_by_words(manuscript)

    last = chapters(14, 14)
    so_far = SoFar(
        journal.sources, journal.outline, {n: s for n, s in journal.sections.items() if n not in last}
    )
    await write(
        PlainComposer(12), farming, RecordingJournal(), concurrency=4, so_far=so_far, count_pages=count
    )
    assert counts == 1, "only the finished document is counted"
