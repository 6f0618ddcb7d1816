import json
from dataclasses import replace

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.houses import ABSTRACTS, opened_house

from tesigo.documents.library_service import add_to_library, count_library, list_library, search_library
from tesigo.intake.reading import read_sources
from tesigo.manuscript import Source

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCES = read_sources("refs.json", json.dumps(ABSTRACTS).encode()).sources
UKRAINIAN = Source(
    "k",
    {"id": "k", "type": "book", "title": "Оцінювання есеїв", "DOI": "10.1234/Ukr"},
    "Учителі оцінюють есеї.",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory):
    async with opened_house(tmp_path_factory.mktemp("house")) as house:
        async with house.database.transaction() as tx:
            await add_to_library(tx, [*SOURCES, UKRAINIAN], house.clock())
        yield house


async def found(house, query: str, limit: int = 10) -> list[str]:
    async with house.database.transaction() as tx:
        return [source.title for source in await search_library(tx, query, limit=limit)]


async def test_what_is_added_twice_is_there_once(house):
    async with house.database.transaction() as tx:
        before = await count_library(tx)
        again = [replace(SOURCES[0], key="other"), SOURCES[1], SOURCES[1]]
        again.append(
            replace(
                UKRAINIAN,
                csl={**UKRAINIAN.csl, "title": "Named otherwise", "DOI": "https://doi.org/10.1234/UKR"},
            )
        )
        assert await add_to_library(tx, again, house.clock()) == 0
        assert await count_library(tx) == before == len(SOURCES) + 1


async def test_a_key_that_is_taken_is_issued_anew(house):
    async with house.database.transaction() as tx:
        other = replace(SOURCES[0], csl={**SOURCES[0].csl, "title": "Quite another work"})
        assert await add_to_library(tx, [other], house.clock()) == 1
        rows = await list_library(tx, after_id=0, limit=500)
        keys = [row.key for row in rows]
        assert len(set(keys)) == len(keys)
        assert all(row.csl["id"] == row.key for row in rows)
        await tx.rollback()


async def test_some_word_of_the_query_finds_and_the_title_weighs_most(house):
    assert await found(house, "essays volcano") != []
    assert (await found(house, "study 3 of feedback"))[0] == "Feedback on essays, study 3"
    assert await found(house, "volcano") == []
    assert len(await found(house, "revising drafts")) == len(SOURCES)  # by the stem


async def test_a_query_in_another_language_finds_its_words_and_harms_nothing(house):
    assert await found(house, "Оцінювання есеїв") == ["Оцінювання есеїв"]
    assert await found(house, "вулкани Ісландії") == []


async def test_no_query_is_a_syntax_error(house):
    odd = [
        "",
        "the of and",
        "a & b | !c",
        "'x':* <-> y",
        "http://a.b/c?x=1&y='2",
        "\\",
        'it\'s "quoted"',
        "(((",
        "--",
        "%_",
    ]

    @settings(
        max_examples=40,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60))
    def draw(text: str) -> None:
        odd.append(text)

    draw()
    for query in odd:
        await found(house, query)
