import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.databases import EMBEDDED, create_database
from tests.kit.queue_watching import LEASE_S, Handler, Jobs, has_states, is_told, until, working

from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.queue import RetryIn
from tesigo.kit.queue_worker import consume

on_one_server = pytest.mark.parametrize(
    "queue_url", [EMBEDDED], indirect=True
)  # processes take long to start


async def test_a_job_is_taken_up_at_once_and_with_its_payload(jobs: Jobs) -> None:
    handler = Handler()
    handler.go_on.set()
    async with working(jobs.url, {"write": handler}):
        await jobs.put("write", n=0)
        await until(lambda: handler.ended == [0])
        took_s = []
        for n in range(1, 6):
            began = time.perf_counter()
            await jobs.put("write", n=n)
            await until(lambda n=n: n in handler.ended)
            took_s.append(time.perf_counter() - began)

    assert sorted(took_s)[2] < 0.5
    assert await jobs.states() == []


async def test_higher_priority_goes_first_and_of_equals_the_older(jobs: Jobs) -> None:
    for n, priority in enumerate([0, 5, -3, 5, 9]):
        await jobs.put("write", n=n, priority=priority)
    handler = Handler()
    handler.go_on.set()

    async with working(jobs.url, {"write": handler}, concurrency=lambda: 1):
        await until(lambda: len(handler.ended) == 5)

    assert handler.began == [4, 1, 3, 0, 2]


async def test_the_number_of_jobs_at_a_time_follows_its_limit_up_and_down(jobs: Jobs) -> None:
    limit, running, seen = 1, 0, []
    may_end = asyncio.Semaphore(0)

    async def count(_payload: Mapping[str, Any]) -> None:
        nonlocal running
        running += 1
        seen.append(running)
        await may_end.acquire()
        running -= 1

    for _ in range(6):
        await jobs.put("count")
    async with working(jobs.url, {"count": count}, concurrency=lambda: limit):
        await until(lambda: seen == [1])
        limit = 3
        await until(lambda: seen == [1, 2, 3])
        limit = 1
        for ended in range(1, 7):
            may_end.release()
            await until(lambda ended=ended: running == 0 or len(seen) - running == ended)
        await until(lambda: len(seen) == 6 and running == 0)

    assert seen == [1, 2, 3, 1, 1, 1]


async def test_jobs_are_claimed_together_but_never_more_than_may_run(jobs: Jobs) -> None:
    running, most, ended = 0, 0, 0

    async def count(_payload: Mapping[str, Any]) -> None:
        nonlocal running, most, ended
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        ended += 1

    await jobs.put_many("count", 60)
    async with working(jobs.url, {"count": count}, concurrency=lambda: 7):
        await until(lambda: ended == 60)

    together = await jobs.ask(
        "SELECT count(*) FROM pgqueuer_log WHERE status = 'picked' GROUP BY created ORDER BY min(id)"
    )
    assert together[0] == (7,)
    assert max(together) == (7,)
    assert most == 7


async def test_a_job_whose_handler_fails_is_held_and_the_others_go_on(jobs: Jobs) -> None:
    async def fail(payload: Mapping[str, Any]) -> None:
        raise ValueError(payload["n"])

    handler = Handler()
    handler.go_on.set()
    await jobs.put("fail", n=1)
    await jobs.put("write", n=2)

    async with working(jobs.url, {"fail": fail, "write": handler}):
        await until(lambda: handler.ended == [2])

    assert await jobs.states() == ["failed"]


async def test_a_handler_may_ask_to_be_run_again_later(jobs: Jobs) -> None:
    runs: list[float] = []

    async def later(_payload: Mapping[str, Any]) -> None:
        runs.append(time.perf_counter())
        if len(runs) == 1:
            raise RetryIn(0.7)

    await jobs.put("later")
    async with working(jobs.url, {"later": later}):
        await until(lambda: len(runs) == 2)

    assert 0.7 <= runs[1] - runs[0] < 1.5
    assert await jobs.states() == []


async def test_a_stopped_worker_ends_what_it_has_and_takes_nothing_new(jobs: Jobs) -> None:
    handler = Handler()
    async with working(jobs.url, {"write": handler}) as stop:
        await jobs.put("write", n=1)
        await until(lambda: handler.began == [1])
        stop.set()
        await jobs.put("write", n=2)
        handler.go_on.set()

    assert handler.ended == [1]
    assert await jobs.states() == ["queued"]


async def test_what_outlasts_the_grace_is_handed_back_at_once(jobs: Jobs) -> None:
    first, second = Handler(), Handler()
    second.go_on.set()
    await jobs.put("write", n=1)
    async with working(jobs.url, {"write": first}, grace_s=0.1) as stop:
        await until(lambda: first.began == [1])
        async with working(jobs.url, {"write": second}):
            began = time.perf_counter()
            stop.set()
            await until(lambda: second.ended == [1])
            took_s = time.perf_counter() - began

    assert first.cancelled == [1]
    assert took_s < LEASE_S - 0.5
    assert await jobs.states() == []


async def test_a_handler_that_does_not_let_itself_be_cancelled_holds_nobody_up(jobs: Jobs) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def stubborn(_payload: Mapping[str, Any]) -> None:
        began.set()
        while not may_end.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await may_end.wait()

    await jobs.put("stubborn")
    async with asyncio.timeout(LEASE_S + 3), working(jobs.url, {"stubborn": stubborn}, grace_s=0):
        await began.wait()

    assert await jobs.states() == ["queued"]
    may_end.set()


async def test_a_cancelled_worker_hands_its_jobs_back(jobs: Jobs) -> None:
    handler = Handler()
    await jobs.put("write", n=1)
    worker = asyncio.create_task(
        consume(jobs.url, {"write": handler}, concurrency=lambda: 2, stop=asyncio.Event())
    )
    await until(lambda: handler.began == [1])

    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker

    assert handler.cancelled == [1]
    assert await jobs.states() == ["queued"]


@on_one_server
async def test_another_worker_takes_up_what_a_killed_one_had(
    jobs: Jobs, start_process: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    killed = start_process("killed")
    await jobs.put("wait", job="a")
    await until(lambda: is_told(jobs, "begins", ["killed"]))
    other = start_process("other")

    killed.kill()
    await until(lambda: is_told(jobs, "begins", ["killed", "other"]), time_s=LEASE_S + 8)
    await jobs.ask("INSERT INTO finish VALUES ('a')")
    await until(lambda: is_told(jobs, "ends", ["other"]))
    await until(lambda: has_states(jobs, []))
    assert other.poll() is None


@on_one_server
async def test_a_paused_worker_that_wakes_up_stops_and_leaves_the_others_job_alone(
    jobs: Jobs, start_process: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    paused = start_process("paused")
    await jobs.put("wait", job="a")
    await until(lambda: is_told(jobs, "begins", ["paused"]))
    os.kill(paused.pid, signal.SIGSTOP)
    start_process("other")
    await until(lambda: is_told(jobs, "begins", ["paused", "other"]), time_s=LEASE_S + 8)

    os.kill(paused.pid, signal.SIGCONT)
    await until(lambda: is_told(jobs, "cancelled", ["paused"]))

    assert await jobs.states() == ["picked"]
    await jobs.ask("INSERT INTO finish VALUES ('a')")
    await until(lambda: is_told(jobs, "ends", ["other"]))
    await until(lambda: has_states(jobs, []))


@on_one_server
async def test_a_terminated_worker_hands_its_job_to_another_at_once(
    jobs: Jobs, start_process: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    terminated = start_process("terminated")
    await jobs.put("wait", job="a")
    await until(lambda: is_told(jobs, "begins", ["terminated"]))
    start_process("other")

    terminated.terminate()
    await until(lambda: is_told(jobs, "begins", ["terminated", "other"]))

    assert terminated.wait(timeout=5) == 0
    assert await jobs.told("cancelled") == ["terminated"]


async def test_a_killed_database_loses_no_job_and_ends_no_worker(
    own_server: tuple[EmbeddedPostgres, Callable[[], None]],
) -> None:
    postgres, kill = own_server
    jobs = await Jobs.on_new_database(await create_database(await asyncio.to_thread(postgres.acquire)))
    handler = Handler()
    async with working(jobs.url, {"write": handler}):
        await jobs.put("write", n=1)
        await until(lambda: handler.began == [1])
        await asyncio.to_thread(kill)
        await asyncio.to_thread(postgres.acquire)
        await jobs.db.close()
        await jobs.put("write", n=2)
        await until(lambda: handler.began == [1, 2])
        handler.go_on.set()
        await until(lambda: has_states(jobs, []))
        await jobs.put("write", n=3)
        await until(lambda: handler.ended == [1, 2, 3])
    assert handler.began == [1, 2, 3]
    await jobs.db.close()
