"""What the tests of the ground floor share."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.databases import SERVERS, database

from tesigo.kit.queue import schema_sql


@pytest.fixture(params=SERVERS)
async def queue_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Return a new database with the queue's tables, once on each server."""
    async with database(request.param) as url:
        connection = await asyncpg.connect(url)
        for statement in schema_sql():
            await connection.execute(statement)
        await connection.close()
        yield url
