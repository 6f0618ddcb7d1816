from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import text

from tesigo.kit.db import Database
from tesigo.kit.queue import LEASE_S, defer, drop_sql, find_held, queue_depth, schema_sql, take_out, withdraw


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


async def test_the_depth_of_one_task_leaves_the_others_out(db: Database) -> None:
    async with db.transaction() as tx:
        for task in ("write", "write", "mail"):
            await defer(tx, task, {})

    async with db.transaction() as tx:
        assert [await queue_depth(tx, task) for task in ("write", "mail", "other")] == [2, 1, 0]
        assert await queue_depth(tx) == 3


async def test_an_entry_is_known_by_the_id_that_deferring_gave(db: Database) -> None:
    async with db.transaction() as tx:
        given = [await defer(tx, task, {}) for task in ("first", "second")]

    async with db.transaction() as tx:
        rows = (await tx.execute(text("SELECT id, entrypoint FROM pgqueuer"))).all()
    assert {task: queue_id for queue_id, task in rows} == dict(zip(("first", "second"), given, strict=True))


@pytest.mark.parametrize("delay", [timedelta(0), timedelta(hours=1)])
async def test_an_entry_that_waits_can_be_withdrawn_once(db: Database, delay: timedelta) -> None:
    async with db.transaction() as tx:
        withdrawn, other = await defer(tx, "write", {}, delay=delay), await defer(tx, "write", {})

    async with db.transaction() as tx:
        assert await withdraw(tx, withdrawn)
        assert not await withdraw(tx, withdrawn)

    async with db.transaction() as tx:
        assert list((await tx.execute(text("SELECT id FROM pgqueuer"))).scalars()) == [other]


async def test_an_entry_that_a_worker_took_cannot_be_withdrawn(db: Database) -> None:
    async with db.transaction() as tx:
        taken = await defer(tx, "write", {})
        await tx.execute(text("UPDATE pgqueuer SET status = 'picked'"))

    async with db.transaction() as tx:
        assert not await withdraw(tx, taken)
        assert (await tx.execute(text("SELECT count(*) FROM pgqueuer"))).scalar_one() == 1


@pytest.mark.parametrize(("status", "stays"), [("queued", False), ("picked", False), ("failed", True)])
async def test_what_is_taken_out_is_run_by_nobody_and_what_failed_is_kept(
    db: Database, status: str, *, stays: bool
) -> None:
    async with db.transaction() as tx:
        entry, other = await defer(tx, "write", {}), await defer(tx, "write", {})
        put = text("UPDATE pgqueuer SET status = CAST(:status AS pgqueuer_status) WHERE id = :id")
        await tx.execute(put, {"status": status, "id": entry})
        await take_out(tx, entry)
        await take_out(tx, entry)

    async with db.transaction() as tx:
        left = set((await tx.execute(text("SELECT id FROM pgqueuer"))).scalars())
    assert left == ({entry, other} if stays else {other})


async def test_a_withdrawal_that_is_rolled_back_leaves_the_entry(db: Database) -> None:
    async with db.transaction() as tx:
        entry = await defer(tx, "write", {})

    async def fail_after_withdrawal() -> None:
        async with db.transaction() as tx:
            await withdraw(tx, entry)
            raise AfterwardsError

    with pytest.raises(AfterwardsError):
        await fail_after_withdrawal()

    async with db.transaction() as tx:
        assert await queue_depth(tx) == 1


async def test_held_are_those_of_whose_worker_the_queue_heard_within_the_lease(db: Database) -> None:
    async with db.transaction() as tx:
        waiting, fresh, stale, unasked = [await defer(tx, "write", {}) for _ in range(4)]
        for entry, silent_s in ((fresh, LEASE_S - 2), (stale, LEASE_S + 2), (unasked, 0)):
            await tx.execute(
                text("UPDATE pgqueuer SET status = 'picked', heartbeat = :heard WHERE id = :id"),
                {"heard": datetime.now(UTC) - timedelta(seconds=silent_s), "id": entry},
            )

    async with db.transaction() as tx:
        assert await find_held(tx, [waiting, fresh, stale, 987_654]) == {fresh}
        assert await find_held(tx, {fresh, stale}, lease_s=LEASE_S + 4) == {fresh, stale}
        assert await find_held(tx, []) == set()


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
