"""A timer that a test moves by hand, or that goes by at once whenever somebody waits."""

import asyncio
import heapq
import itertools


class FakeTimer:
    """Implements `Timer`. is_hasty: whoever waits goes on at once, and the time has gone by.

    slept: what was waited for, in seconds, in the order in which the waits began.
    """

    def __init__(self, *, is_hasty: bool = True) -> None:
        self.slept: list[float] = []
        self._is_hasty = is_hasty
        self._now_s = 1_000.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._numbers = itertools.count()

    def now_s(self) -> float:
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self._is_hasty:
            self._now_s += seconds
            await asyncio.sleep(0)
            return
        woken = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now_s + seconds, next(self._numbers), woken))
        await woken.wait()

    def move(self, seconds: float) -> None:
        """Let the time go by for those who only look at it."""
        self._now_s += seconds

    async def advance(self, seconds: float) -> None:
        """Let the time go by, and all who wait for it go on when theirs has come."""
        until_s = self._now_s + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= until_s:
            self._now_s, _, woken = heapq.heappop(self._sleepers)
            woken.set()
            await _settle()
        self._now_s = until_s
        await _settle()


async def _settle() -> None:
    """Let everything that can go on do so."""
    for _ in range(50):
        await asyncio.sleep(0)
