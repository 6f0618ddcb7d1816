"""The governor: as many calls as the provider bears, no more a minute than it allows, fair between jobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.fakes.timer import FakeTimer

from tesigo.gateway.errors import RateLimited
from tesigo.gateway.governor import Governor
from tesigo.gateway.ports import Allowance


class Crowd:
    """Calls that wait for turns, hold them until they are told to end, and say in which order they got them."""

    def __init__(self, governor: Governor) -> None:
        self.served: list[str] = []
        self._governor = governor
        self._gates: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def bring(self, job: str, count: int, *, tokens: int = 1_000) -> list[asyncio.Task[None]]:
        brought = [asyncio.create_task(self._call(job, tokens)) for _ in range(count)]
        self._tasks += brought
        await asyncio.sleep(0)
        return brought

    async def end(self, count: int) -> None:
        """Let the calls that were served first end."""
        for _ in range(count):
            self._gates.pop(0).set()
            for _ in range(5):
                await asyncio.sleep(0)

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _call(self, job: str, tokens: int) -> None:
        async with self._governor.turn(job, tokens):
            self.served.append(job)
            gate = asyncio.Event()
            self._gates.append(gate)
            await gate.wait()


@asynccontextmanager
async def crowd_of(governor: Governor) -> AsyncIterator[Crowd]:
    crowd = Crowd(governor)
    try:
        yield crowd
    finally:
        await crowd.leave()
        governor.close()


def governor_of(most_at_once: int, timer: FakeTimer | None = None) -> Governor:
    return Governor("made:model", timer or FakeTimer(), most_at_once=most_at_once, longest_wait_s=60)


async def test_no_more_calls_run_at_once_than_the_window_holds() -> None:
    governor = governor_of(3)
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 10)
        assert governor.at_work == len(crowd.served) == 3
        await crowd.end(2)
        assert (governor.at_work, len(crowd.served)) == (3, 5)


async def test_a_short_document_is_not_kept_waiting_by_a_long_one() -> None:
    async with crowd_of(governor_of(2)) as crowd:
        await crowd.bring("long", 200)
        await crowd.bring("short", 3)
        await crowd.end(6)
        assert crowd.served[2:].count("short") == 3, crowd.served


async def test_two_jobs_that_wait_share_by_tokens_not_by_calls() -> None:
    async with crowd_of(governor_of(1)) as crowd:
        await crowd.bring("first", 1)
        await crowd.bring("large", 20, tokens=4_000)
        await crowd.bring("small", 80, tokens=1_000)
        await crowd.end(50)
        served = crowd.served[1:51]
        assert served.count("small") == pytest.approx(4 * served.count("large"), abs=4)


async def test_a_job_that_comes_late_gets_no_advantage_for_the_time_before() -> None:
    async with crowd_of(governor_of(1)) as crowd:
        await crowd.bring("old", 40)
        await crowd.end(20)
        await crowd.bring("new", 40)
        await crowd.end(10)
        assert 4 <= crowd.served[-10:].count("new") <= 6, crowd.served


async def test_a_429_halves_the_window_once_for_all_calls_that_were_on_their_way() -> None:
    timer = FakeTimer()
    governor = governor_of(16, timer)
    began_s = timer.now_s()
    timer.move(1)
    for _ in range(16):
        governor.rate_limited(began_s=began_s, retry_after_s=None)
    assert governor.window == 8
    later_s = timer.now_s() + 0.5
    timer.move(1)
    governor.rate_limited(began_s=later_s, retry_after_s=None)
    assert governor.window == 4


async def test_the_window_never_closes_and_grows_by_one_with_each_windowful_of_answers() -> None:
    timer = FakeTimer()
    governor = governor_of(16, timer)
    for _ in range(10):
        timer.move(1)
        governor.rate_limited(began_s=timer.now_s(), retry_after_s=None)
        timer.move(1)
    assert governor.window == 1
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 60)
        for windowful in range(1, 6):
            assert governor.window == windowful
            for _ in range(windowful + 1):
                governor.answered()
                await crowd.end(1)


async def test_answers_that_leave_the_window_half_empty_do_not_widen_it() -> None:
    governor = governor_of(64)
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 1)
        for _ in range(100):
            governor.answered()
        assert governor.window == 16


async def test_after_a_retry_after_nobody_gets_a_turn_before_its_time() -> None:
    timer = FakeTimer(is_hasty=False)
    governor = governor_of(4, timer)
    governor.rate_limited(began_s=timer.now_s(), retry_after_s=30)
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 3)
        await timer.advance(29)
        assert crowd.served == []
        await timer.advance(2)
        assert len(crowd.served) == 2


async def test_a_pause_that_is_too_long_to_wait_for_turns_everybody_away_who_waits_or_comes() -> None:
    timer = FakeTimer(is_hasty=False)
    governor = governor_of(2, timer)
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 2)
        waiting = await crowd.bring("b", 3)
        governor.rate_limited(began_s=timer.now_s(), retry_after_s=86_400)
        for turned_away in (*waiting, *await crowd.bring("c", 1)):
            with pytest.raises(RateLimited) as told:
                await turned_away
            assert told.value.retry_after_s == pytest.approx(86_400)
        await crowd.end(2)
        assert governor.at_work == 0
        timer.move(86_400)
        await crowd.bring("d", 1)
        assert crowd.served == ["a", "a", "d"]


async def test_a_small_call_does_not_wait_for_the_alarm_of_a_large_one_that_left() -> None:
    timer = FakeTimer(is_hasty=False)
    governor = governor_of(64, timer)
    governor.heard(Allowance(tokens=6_000, tokens_left=0))
    async with crowd_of(governor) as crowd:
        [large] = await crowd.bring("large", 1, tokens=6_000)
        await crowd.bring("small", 1, tokens=100)
        large.cancel()
        await timer.advance(1.1)
        assert crowd.served == ["small"]


async def test_news_of_room_are_heard_at_once() -> None:
    timer = FakeTimer(is_hasty=False)
    governor = governor_of(64, timer)
    governor.heard(Allowance(requests=60, requests_left=0))
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 1)
        assert crowd.served == []
        governor.heard(Allowance(requests=60, requests_left=60))
        await crowd.end(0)
        await asyncio.sleep(0)
        assert crowd.served == ["a"]


async def test_requests_a_minute_are_kept_as_the_provider_tells_them() -> None:
    timer = FakeTimer(is_hasty=False)
    governor = governor_of(64, timer)
    governor.heard(Allowance(requests=60, requests_left=5))
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 30)
        assert len(crowd.served) == 5
        await timer.advance(3.01)
        assert len(crowd.served) == 8


async def test_tokens_a_minute_are_kept_and_a_call_larger_than_a_minute_waits_for_a_full_one() -> None:
    timer = FakeTimer(is_hasty=False)
    governor = governor_of(64, timer)
    governor.heard(Allowance(tokens=6_000, tokens_left=2_000))
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 3, tokens=1_000)
        assert len(crowd.served) == 2
        await crowd.bring("b", 1, tokens=50_000)
        await timer.advance(59)
        assert crowd.served == ["a", "a"]
        await timer.advance(1.1)
        assert crowd.served == ["a", "a", "b"]
        await timer.advance(10.1)
        assert crowd.served == ["a", "a", "b", "a"]


async def test_a_call_that_is_cancelled_while_it_waits_gives_its_place_up() -> None:
    governor = governor_of(1)
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 1)
        [gone] = await crowd.bring("b", 1)
        await crowd.bring("c", 1)
        gone.cancel()
        await crowd.end(1)
        assert crowd.served == ["a", "c"]
        await crowd.end(1)
        assert governor.at_work == 0


async def test_a_call_that_is_cancelled_in_the_moment_of_its_turn_gives_the_turn_back() -> None:
    governor = governor_of(1)
    async with crowd_of(governor) as crowd:
        await crowd.bring("a", 1)
        [gone] = await crowd.bring("b", 1)
        crowd._gates.pop(0).set()
        await asyncio.sleep(
            0
        )  # the first ends and hands its turn over; the second has not had its moment yet
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert governor.at_work == 0
        await crowd.bring("c", 1)
        assert crowd.served[-1] == "c"
