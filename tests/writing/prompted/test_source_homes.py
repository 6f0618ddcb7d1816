"""Which section each source is meant for."""

from dataclasses import replace

from tests.writing.made import make_sources

from tesigo.manuscript import Source
from tesigo.research.passages import cut_passages
from tesigo.writing.evidence_blocks import Candidate
from tesigo.writing.prompted.source_homes import Home, give_homes


def candidate(source: Source) -> Candidate:
    passages = cut_passages(source)
    return Candidate(source, 1.0, passages, sum(len(passage.text.split()) for passage in passages))


ALL = [candidate(source) for source in make_sources(24)]
SOIL = [one for one in ALL if one.source.title.startswith("Soil")]
SEEDS = [one for one in ALL if one.source.title.startswith("Seed")]


def keys(candidates: list[Candidate]) -> tuple[str, ...]:
    return tuple(one.source.key for one in candidates)


def home(heading: str, *named: str, shared: tuple[str, ...] = ()) -> Home:
    return Home(heading, "", named, shared)


def test_an_abstract_belongs_to_the_first_section_that_names_it_and_a_long_text_to_each() -> None:
    (first, *others) = SOIL
    long = replace(first, source=replace(first.source, full_text=first.source.abstract))
    given = give_homes([long, *others], [home("One", *keys(SOIL)), home("Two", *keys(SOIL))])
    assert given == [keys(SOIL), (first.source.key,)]


def test_what_nobody_names_goes_to_the_nearest_section() -> None:
    given = give_homes([*SOIL, *SEEDS], [home("A", *keys(SOIL[:-1])), home("B", *keys(SEEDS[:-1]))])
    assert SOIL[-1].source.key in given[0]
    assert SEEDS[-1].source.key in given[1]


def test_a_section_without_any_source_gets_one_before_others_get_more() -> None:
    homes = [home("Soil erosion", *keys(SOIL[:2])), home("A"), home("B")]
    assert [len(held) for held in give_homes(SOIL, homes)] == [2, 1, 1]


def test_no_section_is_given_more_than_it_has_room_for_while_others_have_room() -> None:
    homes = [
        home("Soil erosion", SOIL[0].source.key),
        *(home(f"Part {n}", one.source.key) for n, one in enumerate(SEEDS)),
    ]
    given = give_homes([*SOIL, *SEEDS], homes)
    assert max(map(len, given)) <= 3
    assert sum(map(len, given)) == len(SOIL) + len(SEEDS)


def test_a_source_that_was_named_for_a_chapter_stays_in_it() -> None:
    soil = keys(SOIL)
    homes = [
        home("Soil erosion"),
        home("Terraced slopes"),
        home("Seeds", shared=soil),
        home("Germination", shared=soil),
    ]
    given = give_homes(SOIL, homes)
    assert given[0] == given[1] == ()
    assert sorted(given[2] + given[3]) == sorted(soil)
