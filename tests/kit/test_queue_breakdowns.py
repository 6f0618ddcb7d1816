"""What goes wrong around the queue, and what must come of it."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict
from tests.kit.queue_watching import CUT, LEASE_S, Handler, Jobs, cut_off, has_states, until, working

from tesigo.kit.queue import NAMES, RetryIn
from tesigo.kit.queue_connection import QueueConnection
from tesigo.kit.queue_worker import consume

pytestmark = pytest.mark.breakdown

ON_THE_QUEUE = (
    "SELECT true FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name = 'tesigo queue'"
)


async def until_logged(logs: list[EventDict], event: str) -> None:
    await until(lambda: any(line["event"] == event for line in logs))


@pytest.mark.parametrize("text", ["a zero byte \0", "half a character \ud83d"])
async def test_a_failure_whose_text_the_database_refuses_is_one_like_any_other(jobs: Jobs, text: str) -> None:
    async def fail(_payload: Mapping[str, Any]) -> None:
        raise ValueError(text)

    handler = Handler()
    handler.go_on.set()
    await jobs.put("fail")
    await jobs.put("write", n=1)
    async with working(jobs.url, {"fail": fail, "write": handler}):
        await until(lambda: has_states(jobs, ["failed"]))

    assert handler.ended == [1]


async def test_a_job_is_run_again_whatever_the_text_of_the_reason(jobs: Jobs) -> None:
    runs = 0

    async def later(_payload: Mapping[str, Any]) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise RetryIn(0.1) from ValueError("\0")

    await jobs.put("later")
    async with working(jobs.url, {"later": later}):
        await until(lambda: runs == 2)
        await until(lambda: has_states(jobs, []))


async def test_of_a_crowd_of_changes_one_is_told_until_the_next_look(queue_url: str) -> None:
    heard: list[str] = []
    listener, sender = QueueConnection(queue_url), QueueConnection(queue_url)
    await listener.add_listener(NAMES.channel, lambda news: heard.append(str(news)))

    async def change(operation: str, count: int) -> None:
        for _ in range(count):
            news = f'{{"type": "table_changed_event", "operation": "{operation}"}}'
            await sender.notify(NAMES.channel, news)
        await sender.notify(NAMES.channel, '{"type": "health_check_event"}')

    def kinds() -> list[str]:
        return ["insert" if "insert" in news else "delete" if "delete" in news else "check" for news in heard]

    await change("insert", 20)
    await until(lambda: kinds() == ["insert", "check"])
    listener.tell_next_change()
    await change("delete", 20)
    await until(lambda: kinds() == ["insert", "check", "check"])
    await change("insert", 1)
    await until(lambda: kinds() == ["insert", "check", "check", "insert", "check"])
    listener.close()
    sender.close()


async def test_connections_that_are_cut_again_and_again_let_each_job_run_once(jobs: Jobs) -> None:
    handler = Handler()
    handler.go_on.set()
    await jobs.put_many("write", 300)
    async with working(jobs.url, {"write": handler}):
        while len(handler.ended) < 300:
            await jobs.ask(CUT + " AND application_name = 'tesigo queue'", jobs.url.rpartition("/")[2])
            before = len(handler.ended)
            await until(lambda before=before: len(handler.ended) > min(before + 40, 299))
        await until(lambda: has_states(jobs, []))

    assert sorted(handler.began) == list(range(300))


async def test_nobody_takes_over_what_its_worker_ran_on_while_the_database_was_away(jobs: Jobs) -> None:
    handler = Handler()
    await jobs.put("write", n=1)
    async with contextlib.AsyncExitStack() as workers:
        for _ in range(4):
            await workers.enter_async_context(working(jobs.url, {"write": handler}))
        await until(lambda: handler.began == [1])
        async with cut_off(jobs.url):
            await asyncio.sleep(LEASE_S + 1)
        await jobs.put("write", n=2)
        await until(lambda: handler.began == [1, 2])
        await asyncio.sleep(LEASE_S + 1)
        assert handler.began == [1, 2]
        handler.go_on.set()
        await until(lambda: has_states(jobs, []))
    assert handler.cancelled == []


async def test_what_ended_while_the_database_was_away_is_not_run_again(jobs: Jobs) -> None:
    handler = Handler()
    for n in range(4):
        await jobs.put("write", n=n)
    async with working(jobs.url, {"write": handler}):
        await until(lambda: len(handler.began) == 4)
        async with cut_off(jobs.url):
            handler.go_on.set()
            await asyncio.sleep(LEASE_S + 1)
        await until(lambda: has_states(jobs, []))
    assert len(handler.began) == 4


async def test_jobs_are_taken_again_after_a_fault_though_others_still_run(jobs: Jobs) -> None:
    handler = Handler()
    await jobs.put("write", n=1)
    async with working(jobs.url, {"write": handler}):
        await until(lambda: handler.began == [1])
        with capture_logs() as logs:
            await jobs.ask("ALTER TABLE pgqueuer RENAME TO hidden")
            await until_logged(logs, "no jobs can be taken, trying again")
            await jobs.ask("ALTER TABLE hidden RENAME TO pgqueuer")
        await jobs.put("write", n=2)
        await until(lambda: handler.began == [1, 2])
        assert handler.ended == []
        handler.go_on.set()
    assert handler.cancelled == []


async def test_a_run_whose_job_was_taken_over_is_asked_to_stop_once(jobs: Jobs) -> None:
    began, asked, may_end = asyncio.Event(), 0, asyncio.Event()

    async def slow_to_stop(_payload: Mapping[str, Any]) -> None:
        nonlocal asked
        began.set()
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                asked += 1
        raise asyncio.CancelledError

    await jobs.put("slow")
    async with working(jobs.url, {"slow": slow_to_stop}):
        await began.wait()
        await jobs.ask(
            "UPDATE pgqueuer SET queue_manager_id = gen_random_uuid(), heartbeat = now() + '1 hour'"
        )
        await until(lambda: asked == 1)
        await asyncio.sleep(1.5 * LEASE_S)  # it would be asked again with each sign of life
        may_end.set()
    assert asked == 1


async def test_an_idle_worker_stops_soon_though_the_database_is_away(jobs: Jobs) -> None:
    async with contextlib.AsyncExitStack() as away:
        async with working(jobs.url, {"write": Handler()}, grace_s=60) as stop:
            await jobs.put("nobody's")

            async def is_connected() -> bool:
                return bool(await jobs.ask(ON_THE_QUEUE))

            await until(is_connected)
            with capture_logs() as logs:
                await away.enter_async_context(cut_off(jobs.url))
                await until_logged(logs, "the queue's connection is lost, trying again")
            began = time.monotonic()
            stop.set()
        took_s = time.monotonic() - began
    assert took_s < 5


async def test_a_job_whose_retry_cannot_be_stored_is_run_again_and_not_called_failed(jobs: Jobs) -> None:
    runs = 0

    async def later(_payload: Mapping[str, Any]) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            await jobs.ask("ALTER TABLE pgqueuer RENAME TO hidden")
            raise RetryIn(0)

    await jobs.put("later")
    with capture_logs() as logs:
        async with working(jobs.url, {"later": later}):
            await until_logged(logs, "a job passes on when its lease is over")
            assert runs == 1
            await jobs.ask("ALTER TABLE hidden RENAME TO pgqueuer")
            await until(lambda: runs == 2)
            await until(lambda: has_states(jobs, []))


async def test_a_job_that_cannot_be_handed_back_is_not_called_failed(jobs: Jobs) -> None:
    handler, other = Handler(), Handler()
    other.go_on.set()
    await jobs.put("write", n=1)
    async with contextlib.AsyncExitStack() as away:
        stop = asyncio.Event()
        worker = asyncio.create_task(
            consume(
                jobs.url, {"write": handler}, concurrency=lambda: 2, stop=stop, grace_s=0, lease_s=LEASE_S
            )
        )
        await until(lambda: handler.began == [1])
        await away.enter_async_context(cut_off(jobs.url))
        stop.set()
        async with asyncio.timeout(30):
            await worker
    assert await jobs.states() == ["picked"]

    async with working(jobs.url, {"write": other}):
        await until(lambda: other.ended == [1])
