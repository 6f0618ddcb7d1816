"""How many calls of one model run at once, and whose turn it is: shared by all jobs of this process.

The limits of providers hold for a model, not for all of theirs together (both say so in their manuals), so each model
has a governor of its own.
From: OpenAI, guide "Rate limits", and Anthropic, "Rate limits", read 2026-11-30.
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tesigo.gateway.errors import RateLimited
from tesigo.gateway.ports import Allowance
from tesigo.kit.clock import Timer

_FIRST_WINDOW = 16.0
_MINUTE_S = 60.0
_MANY_JOBS = 256


class _Bucket:
    """What may be used a minute; it refills evenly. Without a limit it is never empty."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._limit: int | None = None
        self._level = 0.0
        self._at_s = 0.0

    def learn(self, limit: int | None, left: int | None) -> None:
        """Take over what the provider says, as far as it does."""
        if limit is None or limit <= 0:
            return
        if self._limit is None:
            self._level = float(limit)
        self._limit, self._at_s = limit, self._timer.now_s()
        self._level = float(left) if left is not None else min(self._level, float(limit))

    def wait_s(self, wanted: int) -> float:
        """Return for how long so much is not there; what exceeds a whole minute's limit waits for a full bucket."""
        if self._limit is None:
            return 0.0
        self._refill()
        missing = min(wanted, self._limit) - self._level
        return max(0.0, missing * _MINUTE_S / self._limit)

    def take(self, wanted: int) -> None:
        """Use so much."""
        if self._limit is not None:
            self._refill()
            self._level -= min(wanted, self._limit)

    def _refill(self) -> None:
        assert self._limit is not None  # noqa: S101 - for the type checker
        now_s = self._timer.now_s()
        self._level = min(self._limit, self._level + (now_s - self._at_s) * self._limit / _MINUTE_S)
        self._at_s = now_s


@dataclass(order=True, slots=True)
class _Waiting:
    start: float
    number: int
    job: str = field(compare=False)
    tokens: int = field(compare=False)
    turn: asyncio.Future[None] = field(compare=False)


class Governor:
    """Gives turns to calls.

    *As many at once as the provider bears:* the window grows by one with each windowful of answers, and is halved by a
    429, once for all calls that were on their way. *No more a minute than it allows*, as far as its answers tell.
    *Fair between jobs:* of those that wait, the job that was given fewest tokens is served first (start-time fair
    queueing), so that many calls of a long document do not keep out those of a short one.
    most_at_once: what the window never exceeds. longest_wait_s: when a provider asks for a longer pause, nobody waits
    for a turn, so that all can turn to a fallback.
    From: P. Goyal et al., "Start-time fair queueing", SIGCOMM 1996.
    """

    def __init__(self, model: str, timer: Timer, *, most_at_once: int, longest_wait_s: float) -> None:
        self._model = model
        self._timer = timer
        self._longest_wait_s = longest_wait_s
        self._most = most_at_once
        self._window = min(_FIRST_WINDOW, float(most_at_once))
        self._at_work = 0
        self._narrowed_s = float("-inf")
        self._closed_until_s = float("-inf")
        self._requests = _Bucket(timer)
        self._tokens = _Bucket(timer)
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()
        self._served = 0.0
        self._finish: dict[str, float] = {}
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_s = float("inf")

    @property
    def window(self) -> int:
        """How many calls may run at once now."""
        return max(1, int(self._window))

    @property
    def at_work(self) -> int:
        """How many run."""
        return self._at_work

    @asynccontextmanager
    async def turn(self, job: str, tokens: int) -> AsyncIterator[None]:
        """Wait for a turn of the job, and hold it for the block. tokens: the most that the call can use.

        Raises RateLimited when the provider asked for a pause that is too long to wait for.
        """
        await self._wait(job, tokens)
        try:
            yield
        finally:
            self._at_work -= 1
            self._serve()

    def heard(self, allowance: Allowance) -> None:
        """Learn from what the provider says of its limits."""
        self._requests.learn(allowance.requests, allowance.requests_left)
        self._tokens.learn(allowance.tokens, allowance.tokens_left)
        self._serve()

    def answered(self) -> None:
        """Widen the window a little: a call was answered."""
        if self._at_work >= self._window - 1:  # what was not used up proves nothing
            self._window = min(float(self._most), self._window + 1 / self._window)

    def rate_limited(self, *, began_s: float, retry_after_s: float | None) -> None:
        """Narrow the window: a call that began at `began_s` (by the timer) was answered with 429.

        retry_after_s: no call gets a turn before that has gone by.
        """
        now_s = self._timer.now_s()
        if began_s > self._narrowed_s:
            self._window = max(1.0, self._window / 2)
            self._narrowed_s = now_s
        if retry_after_s is not None:
            self._closed_until_s = max(self._closed_until_s, now_s + retry_after_s)
            if self._is_closed_for_long():
                for waiting in self._waiting:
                    if not waiting.turn.done():
                        waiting.turn.set_exception(self._too_long())
                self._waiting.clear()

    def _is_closed_for_long(self) -> bool:
        return self._closed_until_s - self._timer.now_s() > self._longest_wait_s

    def _too_long(self) -> RateLimited:
        left_s = self._closed_until_s - self._timer.now_s()
        return RateLimited(f"{self._model} asked for a long pause", retry_after_s=left_s)

    def close(self) -> None:
        """Set no alarm any more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    async def _wait(self, job: str, tokens: int) -> None:
        if self._is_closed_for_long():
            raise self._too_long()
        start = max(self._served, self._finish.get(job, 0.0))
        self._finish[job] = start + tokens
        waiting = _Waiting(
            start, next(self._numbers), job, tokens, asyncio.get_running_loop().create_future()
        )
        heapq.heappush(self._waiting, waiting)
        self._serve()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting.turn.done() and not waiting.turn.cancelled():  # given in the same moment
                self._at_work -= 1
            elif waiting in self._waiting:
                self._waiting.remove(waiting)
                heapq.heapify(self._waiting)
            self._serve()
            raise

    def _serve(self) -> None:
        """Give turns to as many as may run now; see to it that the next is looked at when its time comes."""
        while self._waiting and self._at_work < self.window:
            first = self._waiting[0]
            pause_s = self._pause_s(first.tokens)
            if pause_s > 0:
                self._look_again_in(pause_s)
                return
            heapq.heappop(self._waiting)
            if first.turn.done():
                continue
            self._served = max(self._served, first.start)
            self._forget_served_jobs()
            self._requests.take(1)
            self._tokens.take(first.tokens)
            self._at_work += 1
            first.turn.set_result(None)
        if not self._waiting and not self._at_work:
            self._served = 0.0
            self._finish.clear()

    def _forget_served_jobs(self) -> None:
        if len(self._finish) > _MANY_JOBS:
            self._finish = {job: finish for job, finish in self._finish.items() if finish > self._served}

    def _pause_s(self, tokens: int) -> float:
        return max(
            self._closed_until_s - self._timer.now_s(),
            self._requests.wait_s(1),
            self._tokens.wait_s(tokens),
        )

    def _look_again_in(self, pause_s: float) -> None:
        """See to it that the queue is looked at then, unless it is anyway before that."""
        due_s = self._timer.now_s() + pause_s
        if self._alarm is not None and self._alarm_s <= due_s:
            return
        self.close()
        self._alarm, self._alarm_s = asyncio.create_task(self._ring(pause_s)), due_s

    async def _ring(self, pause_s: float) -> None:
        await self._timer.sleep(pause_s)
        self._alarm = None
        self._serve()
