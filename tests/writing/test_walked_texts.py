"""Sections side by side make one text, however many are written at a time and wherever a run goes on."""

import random

import pytest
from tests.writing.made import RecordingJournal, count_by_words
from tests.writing.plain_composer import PlainComposer
from tests.writing.walks import chapters, corrections_of, write

from tesigo.manuscript import Manuscript, Section, Source
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.pipeline import SoFar
from tesigo.writing.ports import SectionTask, SummaryTask


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
