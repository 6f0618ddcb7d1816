import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

import pytest
from tests.kit.queue_watching import LEASE_S, Jobs, is_told, until

from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.queue_schedules import Periodic
from tesigo.kit.queue_worker import consume

pytestmark = pytest.mark.breakdown

YEARLY = "0 0 1 1 *"


class Work:
    """Something periodic that notes its runs, and waits until it is let go."""

    def __init__(self, *, goes_on: bool = True) -> None:
        self.began_at: list[float] = []
        self.ended = 0
        self.cancelled = 0
        self.go_on = asyncio.Event()
        if goes_on:
            self.go_on.set()

    async def __call__(self) -> None:
        self.began_at.append(time.time())
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.ended += 1


@contextlib.asynccontextmanager
async def working(
    url: str, *periodic: Periodic, processes: int = 1, grace_s: float = 10
) -> AsyncIterator[list[asyncio.Event]]:
    """Run workers of nothing but periodic tasks; stop them at the end."""
    stops = [asyncio.Event() for _ in range(processes)]
    workers = [asyncio.create_task(serve(url, periodic, stop, grace_s)) for stop in stops]
    try:
        yield stops
    finally:
        for stop in stops:
            stop.set()
        await asyncio.gather(*workers)


async def serve(url: str, periodic: Sequence[Periodic], stop: asyncio.Event, grace_s: float) -> None:
    await consume(
        url, {}, concurrency=lambda: 2, stop=stop, grace_s=grace_s, lease_s=LEASE_S, periodic=periodic
    )


async def is_scheduled(jobs: Jobs, count: int = 1) -> bool:
    return len(await jobs.ask("SELECT 1 FROM pgqueuer_schedules")) == count


async def make_due(jobs: Jobs, name: str) -> None:
    await until(lambda: is_scheduled(jobs))
    await jobs.ask(
        "UPDATE pgqueuer_schedules SET next_run = now() - interval '1 s' WHERE entrypoint = $1", name
    )


async def statuses(jobs: Jobs) -> list[str]:
    return [status for (status,) in await jobs.ask("SELECT status::text FROM pgqueuer_schedules")]


def has_statuses(jobs: Jobs, *expected: str) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return await statuses(jobs) == list(expected)

    return ask


async def test_a_task_is_run_once_for_each_due_time_by_three_workers(jobs: Jobs) -> None:
    work = Work()
    async with working(jobs.url, Periodic("tick", "* * * * * */3", work), processes=3):
        await until(lambda: len(work.began_at) >= 4, time_s=40)

    due_times = [int(at) // 3 for at in work.began_at]
    assert len(set(due_times)) == len(due_times)


async def test_what_was_missed_while_nobody_worked_is_run_once(jobs: Jobs) -> None:
    work = Work()
    yearly = Periodic("yearly", YEARLY, work)
    async with working(jobs.url, yearly):
        await until(lambda: is_scheduled(jobs))
    await jobs.ask("UPDATE pgqueuer_schedules SET next_run = now() - interval '3 years'")

    async with working(jobs.url, yearly, processes=3):
        await until(lambda: work.ended == 1)
        await until(has_statuses(jobs, "queued"))
        [(next_run,)] = await jobs.ask("SELECT next_run FROM pgqueuer_schedules")
        assert next_run == datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC)
    assert work.ended == 1


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Lima"])
async def test_times_are_utc_whatever_the_zone_of_the_machine(
    jobs: Jobs, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        async with working(jobs.url, Periodic("new year", YEARLY, Work())):
            await until(lambda: is_scheduled(jobs))
    finally:
        monkeypatch.undo()
        time.tzset()

    [(next_run,)] = await jobs.ask("SELECT next_run FROM pgqueuer_schedules")
    assert next_run == datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC)


async def test_one_that_fails_is_run_again_and_stops_no_other(jobs: Jobs) -> None:
    failed = 0

    async def fail() -> None:
        nonlocal failed
        failed += 1
        raise ValueError("\0 as always")

    work = Work()
    often = "* * * * * *"
    async with working(jobs.url, Periodic("fails", often, fail), Periodic("works", often, work)):
        await until(lambda: failed >= 2 and work.ended >= 2)


async def test_a_stop_lets_a_running_one_end(jobs: Jobs) -> None:
    work = Work(goes_on=False)
    async with working(jobs.url, Periodic("long", YEARLY, work)) as [stop]:
        await make_due(jobs, "long")
        await until(lambda: len(work.began_at) == 1)
        stop.set()
        work.go_on.set()

    assert (work.ended, work.cancelled) == (1, 0)
    assert await statuses(jobs) == ["queued"]


async def test_what_outlasts_the_grace_is_cancelled_and_taken_up_by_another(jobs: Jobs) -> None:
    first, second = Work(goes_on=False), Work()
    async with working(jobs.url, Periodic("long", YEARLY, first), grace_s=0.1) as [stop]:
        await make_due(jobs, "long")
        await until(lambda: len(first.began_at) == 1)
        stop.set()
        async with working(jobs.url, Periodic("long", YEARLY, second)):
            await until(lambda: second.ended == 1)

    assert (first.ended, first.cancelled) == (0, 1)


async def test_one_runs_no_second_time_while_it_runs_longer_than_a_lease(jobs: Jobs) -> None:
    work = Work(goes_on=False)
    async with working(jobs.url, Periodic("long", YEARLY, work), processes=2):
        await make_due(jobs, "long")
        await until(lambda: len(work.began_at) == 1)
        await make_due(jobs, "long")
        await until(lambda: time.time() - work.began_at[0] > 2 * LEASE_S)
        assert len(work.began_at) == 1
        work.go_on.set()
        await until(lambda: len(work.began_at) == 2)


async def test_another_worker_takes_over_from_one_that_was_killed_or_paused(
    jobs: Jobs, start_process: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    first = start_process("first")
    await make_due(jobs, "periodic")
    await until(lambda: is_told(jobs, "begins", ["first"]))
    os.kill(first.pid, signal.SIGSTOP)
    second = start_process("second")
    await until(lambda: is_told(jobs, "begins", ["first", "second"]), time_s=LEASE_S + 15)

    os.kill(first.pid, signal.SIGCONT)
    await until(lambda: is_told(jobs, "cancelled", ["first"]))
    assert await statuses(jobs) == ["picked"]

    second.kill()
    await until(lambda: is_told(jobs, "begins", ["first", "second", "first"]), time_s=LEASE_S + 15)
    await jobs.ask("INSERT INTO finish VALUES ('periodic')")
    await until(has_statuses(jobs, "queued"))


async def test_it_goes_on_after_the_connections_were_cut(jobs: Jobs) -> None:
    work = Work()
    async with working(jobs.url, Periodic("tick", "* * * * * *", work)):
        await until(lambda: work.ended >= 1)
        for _ in range(3):
            await jobs.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tesigo queue'"
            )
            before = work.ended
            await until(lambda before=before: work.ended > before)


async def test_a_row_of_a_name_that_is_gone_harms_nobody(jobs: Jobs) -> None:
    async with working(jobs.url, Periodic("gone", YEARLY, Work())):
        await make_due(jobs, "gone")
    await jobs.ask("UPDATE pgqueuer_schedules SET next_run = now() - interval '1 day', status = 'queued'")
    work = Work()
    async with working(jobs.url, Periodic("stays", "* * * * * *", work)):
        await until(lambda: work.ended >= 2)


async def test_a_row_that_was_removed_is_made_anew(jobs: Jobs) -> None:
    async with working(jobs.url, Periodic("yearly", YEARLY, Work())):
        await until(lambda: is_scheduled(jobs))
        await jobs.ask("DELETE FROM pgqueuer_schedules")
        await until(lambda: is_scheduled(jobs))


async def test_an_expression_that_is_none_is_refused_at_once(jobs: Jobs) -> None:
    with pytest.raises(ValueError, match="every day"):
        await serve(jobs.url, [Periodic("odd", "every day", Work())], asyncio.Event(), 0)


async def test_a_killed_database_ends_no_schedule(
    own_server: tuple[EmbeddedPostgres, Callable[[], None]],
) -> None:
    postgres, kill = own_server
    jobs = await Jobs.on_new_database(await asyncio.to_thread(postgres.acquire))
    work = Work()
    async with working(jobs.url, Periodic("tick", "* * * * * *", work)):
        await until(lambda: work.ended >= 1)
        await asyncio.to_thread(kill)
        await asyncio.to_thread(postgres.acquire)
        before = work.ended
        await until(lambda: work.ended > before + 1, time_s=40)
    await jobs.db.close()
