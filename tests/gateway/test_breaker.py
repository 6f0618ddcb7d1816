"""The circuit breaker: its states follow the rule, whatever comes, and however many come at once."""

import asyncio
import contextlib
import random

import pytest
from tests.fakes.timer import FakeTimer

from tesigo.gateway.breaker import Breaker, BreakerOpen, BreakerState
from tesigo.gateway.errors import CallRefused, ProviderFails, RateLimited, Trouble

FAILURES, RECOVERY_S = 5, 60.0


def breaker_at(timer: FakeTimer) -> Breaker:
    return Breaker("made:model", failures=FAILURES, recovery_s=RECOVERY_S, now_s=timer.now_s)


def fails() -> ProviderFails:
    return ProviderFails("it fails", Trouble.SERVER_ERROR)


def call(breaker: Breaker, outcome: BaseException | None) -> bool:
    """Make one call that ends so; return whether it was let through."""
    try:
        with breaker.passing():
            if outcome is not None:
                raise outcome
    except BreakerOpen:
        return False
    except (ProviderFails, RateLimited, CallRefused, asyncio.CancelledError):
        pass
    return True


def opened(timer: FakeTimer) -> Breaker:
    breaker = breaker_at(timer)
    for _ in range(FAILURES):
        assert call(breaker, fails())
    return breaker


class Specification:
    """The rule of requirement 2.3, written down once more, as plainly as it can be said."""

    def __init__(self) -> None:
        self.state = BreakerState.CLOSED
        self.in_a_row = 0
        self.opened_s = 0.0

    def step(self, now_s: float, *, is_good: bool) -> tuple[bool, BreakerState]:
        if self.state is BreakerState.OPEN and now_s - self.opened_s >= RECOVERY_S:
            self.state = BreakerState.HALF_OPEN
        if self.state is BreakerState.OPEN:
            return False, self.state
        if is_good:
            self.state, self.in_a_row = BreakerState.CLOSED, 0
        else:
            self.in_a_row += 1
            if self.state is BreakerState.HALF_OPEN or self.in_a_row >= FAILURES:
                self.state, self.opened_s, self.in_a_row = BreakerState.OPEN, now_s, 0
        return True, self.state


@pytest.mark.parametrize("seed", range(20))
def test_the_trace_of_200_results_is_that_of_the_specification(seed: int) -> None:
    dice, timer, rule = random.Random(seed), FakeTimer(), Specification()
    breaker, seen = breaker_at(timer), set()
    for _ in range(200):
        timer.move(dice.choice((0.5, 5, 61)))
        is_good = dice.random() < 0.35
        before = breaker.state
        expected = rule.step(timer.now_s(), is_good=is_good)
        assert (call(breaker, None if is_good else fails()), breaker.state) == expected
        seen.add((before, breaker.state))
    assert {
        (BreakerState.CLOSED, BreakerState.OPEN),
        (BreakerState.HALF_OPEN, BreakerState.OPEN),
        (BreakerState.HALF_OPEN, BreakerState.CLOSED),
    } <= seen


def test_it_opens_half_opens_opens_again_half_opens_and_closes() -> None:
    timer = FakeTimer()
    breaker = opened(timer)
    trace = [breaker.state]
    for outcome in (fails(), None):
        timer.move(RECOVERY_S)
        trace.append(breaker.state)
        assert call(breaker, outcome)
        trace.append(breaker.state)
    assert trace == ["open", "half_open", "open", "half_open", "closed"]


def test_while_open_no_call_passes_and_the_refusal_says_when_to_try_again() -> None:
    timer = FakeTimer()
    breaker = opened(timer)
    timer.move(RECOVERY_S - 10)
    with pytest.raises(BreakerOpen) as refused:
        breaker.require_passable()
    assert refused.value.retry_after_s == pytest.approx(10)
    assert not call(breaker, None)


@pytest.mark.parametrize("is_good", [True, False])
async def test_of_twenty_calls_at_once_exactly_one_is_the_trial(is_good: bool) -> None:
    timer = FakeTimer()
    breaker = opened(timer)
    timer.move(RECOVERY_S)
    passed, gate = [], asyncio.Event()

    async def try_it(number: int) -> None:
        try:
            with breaker.passing():
                passed.append(number)
                await gate.wait()
                if not is_good:
                    raise fails()
        except (BreakerOpen, ProviderFails):
            pass

    calls = [asyncio.create_task(try_it(number)) for number in range(20)]
    await asyncio.sleep(0)
    assert len(passed) == 1
    assert breaker.state is BreakerState.HALF_OPEN
    with pytest.raises(BreakerOpen) as refused:
        breaker.require_passable()
    assert refused.value.retry_after_s == RECOVERY_S, "the trial may take as long as it likes"
    gate.set()
    await asyncio.gather(*calls)
    assert len(passed) == 1
    assert breaker.state is (BreakerState.CLOSED if is_good else BreakerState.OPEN)


async def test_of_twenty_calls_that_fail_at_once_only_the_first_five_count() -> None:
    timer = FakeTimer()
    breaker, gate = breaker_at(timer), asyncio.Event()

    async def fail_later() -> None:
        with contextlib.suppress(ProviderFails), breaker.passing():
            await gate.wait()
            raise fails()

    calls = [asyncio.create_task(fail_later()) for _ in range(20)]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*calls)
    timer.move(RECOVERY_S)
    assert breaker.state is BreakerState.HALF_OPEN, "a straggler's failure counted for the trial"
    assert call(breaker, None)
    assert breaker.state is BreakerState.CLOSED


async def test_an_answer_that_began_before_it_opened_does_not_close_it() -> None:
    timer = FakeTimer()
    breaker, gate = breaker_at(timer), asyncio.Event()

    async def succeed_late() -> None:
        with breaker.passing():
            await gate.wait()

    straggler = asyncio.create_task(succeed_late())
    await asyncio.sleep(0)
    for _ in range(FAILURES):
        call(breaker, fails())
    gate.set()
    await straggler
    assert breaker.state is BreakerState.OPEN


def test_a_trial_that_was_cancelled_leaves_the_next_call_to_try() -> None:
    timer = FakeTimer()
    breaker = opened(timer)
    timer.move(RECOVERY_S)
    assert call(breaker, asyncio.CancelledError())
    assert breaker.state is BreakerState.HALF_OPEN
    assert call(breaker, None)
    assert breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize("answer", [RateLimited("slowly"), CallRefused("no such model")])
def test_an_answer_of_any_kind_shows_that_the_provider_lives(answer: Exception) -> None:
    breaker = breaker_at(FakeTimer())
    for _ in range(FAILURES - 1):
        call(breaker, fails())
    call(breaker, answer)
    for _ in range(FAILURES - 1):
        call(breaker, fails())
    assert breaker.state is BreakerState.CLOSED
    call(breaker, fails())
    assert breaker.state is BreakerState.OPEN
