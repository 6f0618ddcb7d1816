"""From a question to ranked evidence."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from tesigo.kit.errors import HouseUnavailable
from tesigo.manuscript import Source
from tesigo.research.errors import OnlyAnEarlierAnswer, SourcesUnavailable
from tesigo.research.evidence import gather_sources, rank_evidence

BEES = "Bees find the flowers of a meadow by their smell and by their colour."
ESSAYS = "Automatic grading of essays saves teachers many hours of work in every term."
EGGS = "Eggs are sorted by weight and by colour in large factories of the north."


def make_source(key: str, title: str, abstract: str = "", *, found_by: str = "upload") -> Source:
    return Source(key=key, csl={"id": key, "title": title}, abstract=abstract, found_by=found_by)


OWN = (
    make_source("bee2020", "Bees and flowers", BEES),
    make_source("egg2020", "Sorting eggs", EGGS),
    make_source("essay2020", "Grading essays", ESSAYS),
    make_source("bare2020", "Essay writing without an abstract"),
)


class FakeSearch:
    def __init__(
        self, name: str, sources: list[Source], *, failure: Exception | None = None, late=False
    ) -> None:
        self.name = name
        self.sources, self.failure, self.late = sources, failure, late

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        assert query
        if self.late:
            await asyncio.Event().wait()
        if self.failure:
            raise self.failure
        return self.sources[:limit]


async def gather(*searches: FakeSearch, own=OWN, limit=20, timeout_s=5.0):
    return await gather_sources("essay grading", own=own, searches=searches, limit=limit, timeout_s=timeout_s)


def test_the_source_that_answers_comes_first_with_its_best_passage_scored_highest():
    evidence = rank_evidence("grading of essays", OWN)
    first = evidence.sources[0]
    assert (first.source.key, first.relevance, first.scores) == ("essay2020", 1.0, (1.0,))
    assert [passage.text for passage in first.passages] == [ESSAYS]
    assert all(len(ranked.scores) == len(ranked.passages) for ranked in evidence.sources)


def test_every_source_stays_also_one_that_cannot_be_quoted():
    ranked = {one.source.key: one for one in rank_evidence("grading of essays", OWN).sources}
    assert set(ranked) == {source.key for source in OWN}
    assert ranked["bare2020"].passages == ()


def test_the_order_does_not_depend_on_the_order_of_the_sources():
    keys = [one.source.key for one in rank_evidence("grading of essays", OWN).sources]
    assert [one.source.key for one in rank_evidence("grading of essays", OWN[::-1]).sources] == keys


def test_a_question_in_another_language_still_gives_ordered_evidence():
    evidence = rank_evidence("Оцінювання студентських робіт", OWN)
    assert evidence.sources[0].relevance == 1.0
    assert len({one.relevance for one in evidence.sources}) > 1
    assert any(score > 0 for one in evidence.sources for score in one.scores)


def test_no_sources_are_empty_evidence():
    assert rank_evidence("bees", []).sources == ()


async def test_own_sources_come_first_then_the_best_of_what_was_found():
    found = [
        make_source("x2021", "Sorting apples", found_by="index"),
        make_source("y2021", "Essay grading by machine", found_by="index"),
    ]
    gathered = await gather(FakeSearch("index", found))
    assert [source.key for source in gathered.sources[:4]] == [source.key for source in OWN]
    assert [source.key for source in gathered.sources[4:]] == ["y2021", "x2021"]
    assert gathered.warnings == ()


async def test_a_search_that_fails_or_is_late_is_a_warning_and_the_others_serve():
    found = [make_source("y2021", "Essay grading by machine", found_by="index")]
    gathered = await gather(
        FakeSearch("Slow", [], late=True),
        FakeSearch("index", found),
        FakeSearch("Down", [], failure=SourcesUnavailable("it is closed today")),
        timeout_s=0.2,
    )
    assert [source.key for source in gathered.sources[4:]] == ["y2021"]
    assert gathered.warnings == (
        "Slow did not answer within 0.2 s; its sources are missing.",
        "Down found nothing: it is closed today",
    )


async def test_a_part_of_the_house_that_is_away_ends_the_search_at_once_and_is_told_as_it_is():
    """What would be found without it must not be taken for all there is."""
    away = HouseUnavailable("the library is away")
    searches = [FakeSearch("Slow", [], late=True)] + [FakeSearch("library", [], failure=away)] * 2
    async with asyncio.timeout(20):
        with pytest.raises(HouseUnavailable) as told:
            await gather(*searches, timeout_s=60)
    assert told.value is away


async def test_no_more_than_the_limit_is_kept_beside_our_own():
    found = [make_source(f"k{n}", f"Essay grading {n}", found_by="index") for n in range(9)]
    gathered = await gather(FakeSearch("one", found[:5]), FakeSearch("two", found[5:]), limit=3)
    assert len(gathered.sources) == len(OWN) + 3


async def test_a_work_that_two_searches_find_is_one_source():
    found = make_source("y2021", "Essay grading by machine", found_by="index")
    again = make_source("z2021", "Essay Grading by Machine.", "An abstract.", found_by="other")
    gathered = await gather(FakeSearch("index", [found]), FakeSearch("other", [again]))
    (merged,) = gathered.sources[4:]
    assert (merged.key, merged.abstract) == ("y2021", "An abstract.")


async def test_found_sources_with_a_taken_key_get_another_and_our_own_keep_theirs():
    found = make_source("bee2020", "A quite different work", found_by="index")
    gathered = await gather(FakeSearch("index", [found]))
    assert [source.key for source in gathered.sources[:4]] == [source.key for source in OWN]
    assert gathered.sources[4].key not in {source.key for source in OWN}
    assert gathered.sources[4].csl["id"] == gathered.sources[4].key


def retracted(key: str, title: str, **more) -> Source:
    source = make_source(key, title, ESSAYS, **more)
    return replace(source, csl={**source.csl, "status": "retracted"})


async def test_a_retracted_work_is_listed_told_and_not_quoted_unless_the_user_brought_it():
    own = (retracted("mine2020", "My retracted essays"), *OWN)
    found = [retracted("r2021", "Essay grading by magic", found_by="index")]
    gathered = await gather(FakeSearch("index", found), own=own)
    assert [source.key for source in gathered.sources] == [
        "mine2020",
        *(source.key for source in OWN),
        "r2021",
    ]
    assert len(gathered.warnings) == 2
    assert "“My retracted essays”" in gathered.warnings[0]
    assert (
        gathered.warnings[1]
        == "Retracted, and therefore listed but not quoted: “Essay grading by magic” (n.d.)."
    )
    ranked = {one.source.key: one for one in rank_evidence("grading of essays", gathered.sources).sources}
    assert ranked["mine2020"].passages
    assert (ranked["r2021"].passages, ranked["r2021"].relevance) == ((), 0.0)


async def test_of_what_was_found_outside_twenty_are_kept_and_the_library_gives_as_many_as_asked_for():
    outside = [make_source(f"o{n}", f"Essay grading {n} outside", found_by="index") for n in range(30)]
    outside[0] = retracted("o0", "Essay grading grading", found_by="index")
    library = [make_source(f"l{n}", f"Essay grading {n} library", found_by="library") for n in range(30)]
    asked = FakeSearch("index", outside), FakeSearch("library", library)
    gathered = await gather_sources("essay grading", own=(), searches=asked, limit=25, timeout_s=5)
    assert Counter(source.found_by for source in gathered.sources) == {"index": 20, "library": 25}
    more = FakeSearch("other", outside[10:])
    gathered = await gather_sources("essay grading", own=(), searches=(*asked, more), limit=25, timeout_s=5)
    assert Counter(source.found_by for source in gathered.sources) == {"index": 21, "library": 25}


async def test_an_earlier_answer_serves_and_is_told():
    earlier = [make_source("y2021", "Essay grading by machine", found_by="index")]
    failure = OnlyAnEarlierAnswer(SourcesUnavailable("it answered 503."), earlier, date(2026, 11, 2))
    gathered = await gather(FakeSearch("index", [], failure=failure))
    assert [source.key for source in gathered.sources[4:]] == ["y2021"]
    assert gathered.warnings == (
        "index did not answer (it answered 503); what it answered on 2026-11-02 was used.",
    )
