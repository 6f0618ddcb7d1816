from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text

from tesigo.kit.db import Database
from tesigo.kit.queue import defer, drop_sql, queue_depth, schema_sql


class AfterwardsError(Exception):
    """What a transaction fails with, to see it rolled back."""


@pytest.fixture
async def db(queue_url: str) -> AsyncIterator[Database]:
    database = Database(queue_url)
    yield database
    await database.close()


async def test_a_job_is_there_once_its_transaction_has_committed(db: Database) -> None:
    async with db.transaction() as tx:
        await defer(tx, "write", {"document": "ї"})
        async with db.transaction() as other:
            assert await queue_depth(other) == 0

    async with db.transaction() as tx:
        assert await queue_depth(tx) == 1
        payload = (await tx.execute(text("SELECT payload FROM pgqueuer"))).scalar_one()
    assert b"document" in payload


@pytest.mark.parametrize("is_first_statement", [True, False])
async def test_a_rollback_leaves_no_job(db: Database, is_first_statement: bool) -> None:
    async def fail_after_defer() -> None:
        async with db.transaction() as tx:
            if not is_first_statement:
                await tx.execute(text("SELECT 1"))
            await defer(tx, "write", {})
            raise AfterwardsError

    with pytest.raises(AfterwardsError):
        await fail_after_defer()

    async with db.transaction() as tx:
        assert await queue_depth(tx) == 0


async def test_a_delayed_job_does_not_count_as_waiting(db: Database) -> None:
    async with db.transaction() as tx:
        await defer(tx, "write", {}, delay=timedelta(hours=1))
        await defer(tx, "write", {})
        await defer(tx, "write", {})

    async with db.transaction() as tx:
        assert await queue_depth(tx) == 2


async def test_the_tables_can_be_removed_and_made_anew(queue_url: str) -> None:
    connection = await asyncpg.connect(queue_url)
    left = "SELECT count(*) FROM pg_class WHERE relname LIKE '%pgqueuer%'"
    assert await connection.fetchval(left) > 0

    for statement in [*drop_sql(), *drop_sql()]:
        await connection.execute(statement)
    assert await connection.fetchval(left) == 0
    for statement in schema_sql():
        await connection.execute(statement)
    await connection.close()
