"""Answers of searches are kept: nobody is asked twice, and an old answer serves while its search is away."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from tests.databases import EMBEDDED, database
from tests.houses import migrated

from tesigo.adapters.cached_search import CachedSearch, key_of
from tesigo.adapters.search_answers import DatabaseAnswers, forget_old_answers
from tesigo.kit.db import Database
from tesigo.manuscript import Source
from tesigo.research.errors import OnlyAnEarlierAnswer, SourcesUnavailable

START = datetime(2026, 11, 30, 12, tzinfo=UTC)
FOUND = [
    Source(
        "bee2020",
        {"id": "bee2020", "title": "Bees", "author": [{"family": "Їжак"}]},
        "Bees \x00 fly.",
        "",
        "Index",
    ),
    Source("egg2020", {"id": "egg2020", "title": "Eggs", "status": "retracted"}, found_by="Index"),
]


class Search:
    """A search that counts how often it is asked, and may be away."""

    name = "Index"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_away = False

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        self.asked.append(query)
        if self.is_away:
            raise SourcesUnavailable("it answered 503.")
        return FOUND[:limit]


class Kitchen:
    """A search with its cache, and a clock that is moved by hand."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.now = START
        self.search = Search()
        self.cached = CachedSearch(self.search, DatabaseAnswers(db), lambda: self.now, age=timedelta(days=7))

    async def ask(self, query: str = "bees and eggs", limit: int = 20) -> list[Source]:
        return await self.cached.find_sources(query, limit=limit)


@pytest.fixture
async def kitchen() -> AsyncIterator[Kitchen]:
    async with database(EMBEDDED, template=await migrated(EMBEDDED)) as url:
        db = Database(url, pool_size=1)
        yield Kitchen(db)
        await db.close()


async def test_the_same_question_is_asked_once_in_a_week(kitchen: Kitchen):
    assert await kitchen.ask() == FOUND
    kitchen.now += timedelta(days=6)
    assert await kitchen.ask("  BEES  and eggs ") == FOUND
    assert len(kitchen.search.asked) == 1
    kitchen.now += timedelta(days=2)
    assert await kitchen.ask() == FOUND
    assert len(kitchen.search.asked) == 2


async def test_another_question_limit_or_search_is_another_answer(kitchen: Kitchen):
    await kitchen.ask()
    assert await kitchen.ask(limit=1) == FOUND[:1]
    await kitchen.ask("bees or eggs")
    assert len(kitchen.search.asked) == 3
    assert key_of("Index", "x", 1) != key_of("Other", "x", 1)


async def test_an_old_answer_comes_with_the_failure_of_its_search(kitchen: Kitchen):
    await kitchen.ask()
    kitchen.search.is_away = True
    kitchen.now += timedelta(days=60)
    with pytest.raises(OnlyAnEarlierAnswer) as told:
        await kitchen.ask()
    assert (list(told.value.sources), told.value.answered_on) == (FOUND, START.date())
    with pytest.raises(SourcesUnavailable) as plain:
        await kitchen.ask("never asked before")
    assert not isinstance(plain.value, OnlyAnEarlierAnswer)


@pytest.mark.parametrize("body", ["", "{", "[]x", '[{"key": 7}]', '{"sources": []}', "null"])
async def test_an_entry_that_makes_no_sense_is_asked_for_anew(kitchen: Kitchen, body: str):
    await kitchen.ask()
    async with kitchen.db.transaction() as tx:
        await tx.execute(text("UPDATE search_answers SET body = :body"), {"body": body})
    assert await kitchen.ask() == FOUND
    assert len(kitchen.search.asked) == 2
    assert await kitchen.ask() == FOUND
    assert len(kitchen.search.asked) == 2


async def test_the_table_does_not_tell_what_was_asked(kitchen: Kitchen):
    await kitchen.ask("a secret subject of somebody")
    async with kitchen.db.transaction() as tx:
        rows = (await tx.execute(text("SELECT * FROM search_answers"))).all()
    assert len(rows) == 1
    assert "secret subject" not in repr(rows)


async def test_without_a_database_the_search_is_asked_all_the_same():
    kitchen = Kitchen(Database("postgresql://nobody@127.0.0.1:1/x"))
    assert await kitchen.ask() == FOUND
    kitchen.search.is_away = True
    with pytest.raises(SourcesUnavailable, match="503"):
        await kitchen.ask()


async def test_answers_are_forgotten_after_ninety_days(kitchen: Kitchen):
    await kitchen.ask()
    kitchen.now += timedelta(days=50)
    await kitchen.ask("bees alone")
    async with kitchen.db.transaction() as tx:
        assert await forget_old_answers(tx, START + timedelta(days=91)) == 1
        assert await forget_old_answers(tx, START + timedelta(days=91)) == 0
    await kitchen.ask("bees alone")
    assert len(kitchen.search.asked) == 2
