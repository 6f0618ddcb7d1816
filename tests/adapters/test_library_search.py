"""The library as a search among others: whether it was asked at all must not be in doubt."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from tests.databases import EMBEDDED, database

from tesigo.adapters.library_search import LibrarySearch
from tesigo.kit.db import Database, DatabaseAway
from tesigo.manuscript import Source
from tesigo.research.evidence import gather_sources

OWN = (Source("bee2020", {"id": "bee2020", "title": "Bees"}, "Bees find flowers."),)


@pytest.fixture
async def empty() -> AsyncIterator[Database]:
    """A database without any table."""
    async with database(EMBEDDED) as url:
        db = Database(url, pool_size=1)
        yield db
        await db.close()


async def gather(*searched: Database):
    searches = [LibrarySearch(each) for each in searched]
    return await gather_sources("bees", own=OWN, searches=searches, limit=5, timeout_s=20)


async def test_a_library_whose_database_is_away_is_no_library_without_sources(empty: Database) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/x")
    for searched in ((nowhere,), (empty, nowhere), (nowhere, nowhere)):
        with pytest.raises(DatabaseAway) as away:
            await gather(*searched)
        assert away.value.reason


async def test_a_library_that_cannot_be_searched_is_a_warning_and_the_others_serve(empty: Database) -> None:
    gathered = await gather(empty)
    assert gathered.sources == OWN
    (warning,) = gathered.warnings
    assert warning.startswith("library ")
    assert "SELECT" not in warning
    async with empty.transaction() as tx:
        assert await tx.scalar(text("SELECT 1")) == 1
