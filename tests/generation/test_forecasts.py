from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from tests.generation.jobs import OUTLINE, PARTS, claim, make_ready, request, rows
from tests.houses import opened_house
from tests.writers import Writer, signed_in

from tesigo.generation.forecasts import JobStatus, forecast_job
from tesigo.generation.models import STATUSES
from tesigo.generation.schemas import Status
from tesigo.generation.service import own_job
from tesigo.generation.workers_service import Worker, report_worker
from tesigo.manuscript import Manuscript
from tesigo.writing.stages import Stage


class SetClock:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 12, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def me(tmp_path, clock) -> AsyncIterator[Writer]:
    async with opened_house(tmp_path, clock=clock) as house, signed_in(house) as writer:
        yield writer


async def forecast(me, job_id, *, at_a_time: int = 1) -> JobStatus:
    async with me.house.database.transaction() as tx:
        (user_id,) = (await rows(me, "SELECT user_id FROM jobs WHERE id = :id", id=job_id))[0]
        job = await own_job(tx, user_id, job_id)
        return await forecast_job(tx, job, me.house.clock(), at_a_time=at_a_time)


async def eta_s(me, job_id, *, at_a_time: int = 1) -> int | None:
    return (await forecast(me, job_id, at_a_time=at_a_time)).eta_s


async def work(me, capacity: int) -> None:
    """Have a worker with so much room give a sign of life."""
    now = me.house.clock()
    (row,) = await rows(me, "SELECT gen_random_uuid() AS id")
    async with me.house.database.transaction() as tx:
        await report_worker(tx, Worker(row.id, "here", 1, capacity, 0, now), now=now)


async def begun(me, clock, *, after_s: float = 0):
    """Return the run of a new job that has come to its four sections."""
    run = await claim(me, await request(me, await make_ready(me)))
    await run.journal.outline_ready(OUTLINE)
    clock.move(after_s)
    await run.journal.stage_started(Stage.SECTIONS)
    return run


async def completed(me, clock, *, section_s: float) -> None:
    """Have a job of four sections done, each in so many seconds."""
    run = await begun(me, clock)
    for part in PARTS:
        clock.move(section_s)
        await run.journal.section_written(part)
    await run.journal.completed(Manuscript("t", "en", "apa", "generic", tuple(PARTS), ()))


async def test_what_is_left_takes_as_long_as_the_sections_so_far_without_what_came_before_them(me, clock):
    run = await begun(me, clock, after_s=500)
    assert await eta_s(me, run.claim.job_id) is None  # nothing was ever measured
    for part in PARTS[:2]:
        clock.move(10)
        await run.journal.section_written(part)
    assert await eta_s(me, run.claim.job_id) == 20
    clock.move(4)
    assert await eta_s(me, run.claim.job_id) == 16
    clock.move(100)
    assert await eta_s(me, run.claim.job_id) == 0


async def test_the_time_between_two_workers_does_not_count(me, clock):
    run = await begun(me, clock)
    clock.move(10)
    await run.journal.section_written(PARTS[0])
    clock.move(3600)
    again = await claim(me, run.claim.job_id)
    assert await eta_s(me, run.claim.job_id) == 30
    clock.move(50)
    await again.journal.stage_started(Stage.SECTIONS)
    assert await eta_s(me, run.claim.job_id) == 30
    clock.move(10)
    await again.journal.section_written(PARTS[1])
    assert await eta_s(me, run.claim.job_id) == 20


async def test_sections_that_are_written_side_by_side_count_before_they_come_out(me, clock):
    run = await begun(me, clock)
    clock.move(20)
    await run.journal.section_written(PARTS[0])
    assert await eta_s(me, run.claim.job_id) == 60
    assert await eta_s(me, run.claim.job_id, at_a_time=2) == 30
    assert await eta_s(me, run.claim.job_id, at_a_time=10) == 15  # there are but four


async def test_before_its_first_section_a_job_is_measured_by_those_before_it(me, clock):
    await completed(me, clock, section_s=5)
    run = await begun(me, clock)
    assert await eta_s(me, run.claim.job_id) == 20


async def test_a_waiting_job_waits_for_those_that_run_and_those_before_it_shared_among_the_workers(me, clock):
    await completed(me, clock, section_s=10)  # 4 sections on 5 pages
    waiting = [await request(me, await make_ready(me)) for _ in range(3)]
    assert [(await forecast(me, job)).queue_position for job in waiting] == [0, 1, 2]
    assert [await eta_s(me, job) for job in waiting] == [None, None, None]  # nobody works
    await work(me, 1)
    assert [await eta_s(me, job) for job in waiting] == [40, 80, 120]
    await work(me, 1)
    assert [await eta_s(me, job) for job in waiting] == [40, 40, 80]
    run = await begun(me, clock)  # comes last, and runs already
    assert [await eta_s(me, job) for job in waiting] == [40, 80, 100]
    assert (await forecast(me, run.claim.job_id)).queue_position is None
    clock.move(60)
    assert [await eta_s(me, job) for job in waiting] == [None, None, None]  # the workers are gone


async def test_the_position_in_the_queue_is_the_order_in_which_it_serves(me, clock):
    long = await request(me, await make_ready(me, pages=200))
    twins = [await request(me, await make_ready(me, pages=5)) for _ in range(2)]
    positions = [(await forecast(me, job)).queue_position for job in (*twins, long)]
    assert positions == [0, 1, 2]
    served = await rows(
        me, "SELECT id FROM pgqueuer WHERE status = 'queued' ORDER BY priority DESC, id"
    )  # as pgqueuer does
    entries = {
        row.queue_id: row.id
        for row in await rows(me, "SELECT queue_id, id FROM jobs WHERE queue_id IS NOT NULL")
    }
    assert [entries[row.id] for row in served] == [*twins, long]


def test_the_interface_knows_each_status_that_a_job_may_have() -> None:
    assert get_args(Status) == STATUSES
