"""The whole way, on made sources: order, length, interruption, honesty."""

import asyncio
import math
import re
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from tests.writing.made import RecordingJournal, count_by_words, make_sources
from tests.writing.plain_composer import until

from tesigo.export.errors import UnknownNorm, UnknownStyle
from tesigo.manuscript import Manuscript, Outline, Section, Source
from tesigo.manuscript.markdown import join_sections
from tesigo.research.errors import SourcesUnavailable
from tesigo.research.evidence import Evidence
from tesigo.research.ports import SourceSearch
from tesigo.writing.brief import Brief, make_brief
from tesigo.writing.checks import find_faults
from tesigo.writing.errors import NoUsableSource
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.pipeline import SoFar, plan_outline, write_document
from tesigo.writing.ports import SectionTask, SummaryTask
from tesigo.writing.stages import Stage

_Made = TypeVar("_Made")
TITLE = "Sustainable farming on small farms"


async def write(
    brief: Brief,
    sources: Sequence[Source],
    journal: RecordingJournal,
    so_far: SoFar | None = None,
    concurrency: int = 4,
) -> Manuscript:
    return await write_document(
        brief,
        composer=OfflineComposer(),
        own_sources=sources,
        searches=(),
        journal=journal,
        count_pages=count_by_words,
        concurrency=concurrency,
        so_far=so_far,
    )


async def test_the_stages_come_in_their_order(farming: list[Source], journal: RecordingJournal) -> None:
    manuscript = await write(make_brief(TITLE, pages=10), farming, journal)
    assert journal.stages == list(Stage)
    assert journal.outline is not None
    assert [section.number for section in manuscript.sections] == [
        one.number for one in journal.outline.walk()
    ]
    assert {section.number: section for section in manuscript.sections} == journal.sections


@pytest.mark.parametrize("language", ["en", "uk", "it"])
async def test_every_promise_about_citations_quotations_and_sentences_holds(
    farming: list[Source], journal: RecordingJournal, language: str
) -> None:
    manuscript = await write(make_brief(TITLE, pages=12, language=language), farming, journal)
    assert find_faults(manuscript) == []
    assert len(manuscript.cited_keys) > 10


@pytest.mark.parametrize(("pages", "tolerance"), [(5, 1), (10, 1), (16, 1)])
async def test_the_document_has_the_asked_pages(
    farming: list[Source], journal: RecordingJournal, pages: int, tolerance: float
) -> None:
    manuscript = await write(make_brief(TITLE, pages=pages), farming, journal)
    assert count_by_words(manuscript) == pytest.approx(pages, abs=tolerance)
    assert journal.warnings == []


async def test_too_few_sources_give_a_shorter_text_and_a_sentence_that_says_so(
    journal: RecordingJournal,
) -> None:
    manuscript = await write(make_brief(TITLE, pages=60), make_sources(24), journal)
    pages = count_by_words(manuscript)
    assert pages < 40
    assert find_faults(manuscript) == []
    (warning,) = journal.warnings
    assert f"about {math.ceil(pages)} of the 60 pages" in warning
    assert "add sources" in warning


async def test_pages_are_compared_and_not_estimates_when_a_text_is_short(
    farming: list[Source], journal: RecordingJournal
) -> None:
    await write_document(
        make_brief(TITLE, pages=14),
        composer=OfflineComposer(),
        own_sources=farming,
        searches=(),
        journal=journal,
        count_pages=lambda manuscript: 9.5 if manuscript.words else 0.0,
        concurrency=4,
    )
    (warning,) = journal.warnings
    assert "about 10 of the 14 pages" in warning
    assert warning[0].isupper()
    assert warning.endswith(".")


async def test_one_source_of_one_year_makes_no_plural(journal: RecordingJournal) -> None:
    manuscript = await write(make_brief(TITLE, pages=8), make_sources(1), journal)
    text = join_sections(manuscript.sections)
    assert "what one work from 2000 says about" in text
    assert "one journal article, of 2000." in text
    assert "It was read in its abstract" in text
    assert "since the one quoted work was at hand as an abstract only" in text.lower()
    assert "The one source that suits the title carries" in journal.warnings[0]


async def test_works_of_one_author_and_year_are_told_apart_in_every_section(
    journal: RecordingJournal,
) -> None:
    shared = {"author": [{"literal": "Office"}], "issued": {"date-parts": [[2020]]}}
    sources = [replace(one, csl={**one.csl, **shared}) for one in make_sources(14)]
    manuscript = await write(make_brief(TITLE, pages=6), sources, journal)
    own = " ".join(re.sub(r"“[^”]*”", "", section.content) for section in manuscript.sections)
    assert "Office" not in own
    assert "The works quoted most often are *" in own
    assert ", all of 2020." in own


async def test_without_any_source_it_says_what_to_add(journal: RecordingJournal) -> None:
    with pytest.raises(NoUsableSource, match=r"There is no source .* to the library\.$"):
        await write(make_brief(TITLE), [], journal)


async def test_sources_without_text_are_no_usable_source(journal: RecordingJournal) -> None:
    bare = Source("rossi2020", {"id": "rossi2020", "title": "Sustainable farming"})
    with pytest.raises(NoUsableSource, match="text that can be quoted"):
        await write(make_brief(TITLE), [bare], journal)
    assert journal.sections == {}


async def test_a_single_source_is_enough_for_an_honest_short_text(journal: RecordingJournal) -> None:
    manuscript = await write(make_brief(TITLE, pages=5), make_sources(1), journal)
    assert find_faults(manuscript) == []
    assert manuscript.cited_keys == (make_sources(1)[0].key,)


async def test_unknown_style_and_norm_are_refused_before_any_work(
    farming: list[Source], journal: RecordingJournal
) -> None:
    with pytest.raises(UnknownNorm):
        await write(make_brief(TITLE, norm="no-such-norm"), farming, journal)
    with pytest.raises(UnknownStyle):
        await write(make_brief(TITLE, citation_style="no-such-style"), farming, journal)
    assert journal.sources == ()


class EmptySearch:
    """Answers, and knows nothing."""

    name = "empty index"

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        assert query
        assert limit
        return []


class SilentSearch:
    """Does not answer."""

    name = "silent index"

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        raise SourcesUnavailable(f"it rests on Mondays, asked for {limit} on {query}")


async def search_alone(*searches: SourceSearch) -> None:
    await plan_outline(make_brief(TITLE), composer=OfflineComposer(), own_sources=(), searches=searches)


async def test_when_no_search_answered_it_says_so_with_the_reasons_instead_of_asking_for_papers() -> None:
    with pytest.raises(SourcesUnavailable) as told:
        await search_alone(SilentSearch(), SilentSearch())
    assert "try again" in told.value.message
    assert told.value.message.count("it rests on Mondays") == 2
    assert "papers" not in told.value.message


async def test_when_some_searches_answered_it_says_both_what_to_add_and_who_was_silent() -> None:
    with pytest.raises(NoUsableSource, match=r"add papers .* try again .* it rests on Mondays.*\.$"):
        await search_alone(EmptySearch(), SilentSearch())
    with pytest.raises(NoUsableSource, match=r"to the library\.$"):
        await search_alone(EmptySearch())


async def test_a_search_that_fails_becomes_a_warning(
    farming: list[Source], journal: RecordingJournal
) -> None:
    await write_document(
        make_brief(TITLE, pages=5),
        composer=OfflineComposer(),
        own_sources=farming,
        searches=[SilentSearch()],
        journal=journal,
        count_pages=count_by_words,
        concurrency=4,
    )
    assert any("silent index" in warning for warning in journal.warnings)


async def test_the_same_input_gives_the_same_text(farming: list[Source]) -> None:
    first = await write(make_brief(TITLE, pages=10), farming, RecordingJournal())
    second = await write(make_brief(TITLE, pages=10), list(farming), RecordingJournal())
    assert first == second


class Interrupted(Exception):
    """The process died here."""


class DyingJournal(RecordingJournal):
    """Dies as soon as it has heard of so many sections."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    async def section_written(self, section: Section) -> None:
        await super().section_written(section)
        if len(self.sections) == self._after:
            raise Interrupted


class ResumingJournal(RecordingJournal):
    """Must not hear again of what was done."""

    def __init__(self, done: frozenset[str]) -> None:
        super().__init__()
        self._done = done

    async def evidence_found(self, sources: tuple[Source, ...], warnings: tuple[str, ...]) -> None:
        raise AssertionError(f"research was done again: {len(sources)} sources, {warnings}")

    async def section_written(self, section: Section) -> None:
        assert section.number not in self._done, "a finished section was written again"
        await super().section_written(section)


async def test_interrupted_after_any_section_it_ends_with_the_same_text(farming: list[Source]) -> None:
    brief = make_brief(TITLE, pages=12)
    whole = await write(brief, farming, RecordingJournal())
    for after in range(1, len(whole.sections) + 1):
        dying = DyingJournal(after)
        with pytest.raises(Interrupted):
            await write(brief, farming, dying)
        resuming = ResumingJournal(frozenset(dying.sections))
        so_far = SoFar(dying.sources, dying.outline, dying.sections)
        resumed = await write(brief, farming, resuming, so_far)
        assert join_sections(resumed.sections) == join_sections(whole.sections)
        assert resumed == whole
        assert after <= len(dying.sections) == len(whole.sections) - len(resuming.sections)


async def test_interrupted_after_research_the_outline_is_the_same(farming: list[Source]) -> None:
    brief = make_brief(TITLE, pages=10)
    journal = RecordingJournal()
    whole = await write(brief, farming, journal)
    resumed = await write(brief, farming, ResumingJournal(frozenset()), SoFar(journal.sources))
    assert resumed == whole


async def test_finished_sections_stay_as_they_are_even_when_a_person_has_edited_them(
    farming: list[Source],
) -> None:
    brief = make_brief(TITLE, pages=10)
    journal = RecordingJournal()
    whole = await write(brief, farming, journal)
    first = next(section for section in whole.sections if section.level == 2 or section.number == "2")
    edited = Section(first.number, first.heading, first.kind, "My own words stand here now.", (), "a person")
    so_far = SoFar(journal.sources, journal.outline, {first.number: edited})
    resumed = await write(brief, farming, RecordingJournal(), so_far)
    assert edited in resumed.sections


async def test_cancelling_between_sections_loses_nothing_that_was_heard_of(farming: list[Source]) -> None:
    brief = make_brief(TITLE, pages=12)
    journal = RecordingJournal()
    third = asyncio.Event()

    class Slow(OfflineComposer):
        async def write_section(self, task: SectionTask) -> Section:
            if task.number == 2:
                third.set()
                await asyncio.Event().wait()
            return await super().write_section(task)

    running = asyncio.create_task(
        write_document(
            brief,
            composer=Slow(),
            own_sources=farming,
            searches=(),
            journal=journal,
            count_pages=count_by_words,
            concurrency=1,
        )
    )
    async with asyncio.timeout(20):
        await third.wait()
    await until(lambda: len(journal.sections) == 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(journal.sections) == 2
    whole = await write(brief, farming, RecordingJournal())
    so_far = SoFar(journal.sources, journal.outline, journal.sections)
    assert await write(brief, farming, RecordingJournal(), so_far) == whole


async def test_the_event_loop_turns_while_each_part_is_composed(
    farming: list[Source], journal: RecordingJournal
) -> None:
    kept_waiting: list[str] = []

    class Watched(OfflineComposer):
        """Notes each call during which nothing else could run."""

        async def propose_outline(self, brief: Brief, evidence: Evidence, *, words: int) -> Outline:
            return await watched(super().propose_outline(brief, evidence, words=words), "outline")

        async def write_section(self, task: SectionTask) -> Section:
            return await watched(super().write_section(task), task.planned.number)

        async def summarise(self, task: SummaryTask) -> Section:
            return await watched(super().summarise(task), task.planned.number)

    async def watched(work: Coroutine[object, object, _Made], name: str) -> _Made:
        other = asyncio.create_task(asyncio.sleep(0))
        made = await work
        if not other.done():
            kept_waiting.append(name)
        return made

    await write_document(
        make_brief(TITLE, pages=10),
        composer=Watched(),
        own_sources=farming,
        searches=(),
        journal=journal,
        count_pages=count_by_words,
        concurrency=4,
    )
    assert kept_waiting == []


async def test_sources_on_something_else_stay_out_even_when_pages_are_missing(
    journal: RecordingJournal,
) -> None:
    music = [
        Source(
            f"bach{number}",
            {"id": f"bach{number}", "type": "book", "title": f"Counterpoint and ornament in fugue {number}"},
            f"Ornament number {number} enriches the melody because singers vary the cadence at every repeat. "
            f"The fugue of volume {number} requires a steady pulse and leads to a richer texture of voices.",
        )
        for number in range(50)
    ]
    manuscript = await write(make_brief(TITLE, pages=40), [*music, *make_sources(30)], journal)
    assert len(manuscript.cited_keys) > 15
    assert not [key for key in manuscript.cited_keys if key.startswith("bach")]
