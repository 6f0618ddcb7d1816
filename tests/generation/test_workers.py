"""Worker processes tell of themselves; whoever gives no sign is soon left out of account."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from tests.writers import Writer

from tesigo.generation import workers_service as workers
from tesigo.generation.workers_service import Worker, WorkersTotal

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = datetime(2040, 1, 1, tzinfo=UTC)


def make_worker(*, capacity: int = 2, running: int = 0, id: uuid.UUID | None = None) -> Worker:  # noqa: A002 - the field's name
    return Worker(id or uuid.uuid4(), "host-1", 4711, capacity, running, NOW)


async def report(me: Writer, worker: Worker, now: datetime) -> None:
    async with me.house.database.transaction() as tx:
        await workers.report_worker(tx, worker, now=now)


async def alive(me: Writer, now: datetime) -> list[Worker]:
    async with me.house.database.transaction() as tx:
        return list(await workers.list_workers(tx, now))


async def test_a_worker_is_known_by_what_it_last_told_and_gone_when_it_stops(me):
    first = make_worker(capacity=2)
    later = make_worker(id=first.id, capacity=10, running=7)
    await report(me, first, NOW)
    await report(me, later, NOW + timedelta(seconds=5))
    assert await alive(me, NOW + timedelta(seconds=5)) == [later]

    async with me.house.database.transaction() as tx:
        await workers.dismiss_worker(tx, first.id)
    assert await alive(me, NOW + timedelta(seconds=5)) == []


async def test_only_those_that_gave_a_sign_within_15_seconds_are_counted(me):
    now = NOW + timedelta(days=1)
    await report(me, make_worker(capacity=10, running=10), now - timedelta(seconds=15))
    await report(me, make_worker(capacity=5, running=6), now - timedelta(seconds=14))
    await report(me, make_worker(capacity=2, running=1), now)
    async with me.house.database.transaction() as tx:
        assert await workers.count_workers(tx, now) == WorkersTotal(alive=2, capacity=7, running=7)


async def test_one_not_seen_for_a_minute_is_forgotten_and_may_come_back(me):
    now = NOW + timedelta(days=2)
    lost, quiet = make_worker(), make_worker()
    await report(me, lost, now - timedelta(seconds=61))
    await report(me, quiet, now - timedelta(seconds=59))
    async with me.house.database.transaction() as tx:
        await workers.forget_lost_workers(tx, now)
        assert await workers.forget_lost_workers(tx, now) == 0
    assert await alive(me, now - timedelta(seconds=50)) == [quiet]
    await report(me, lost, now)
    assert await alive(me, now) == [lost]
