"""How fast a search service is asked: no two calls nearer than it wants, and none before a time that it named."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tesigo.gateway.errors import RateLimited
from tesigo.kit.clock import Timer


class Pace:
    """Gives turns to calls of one service, in this process.

    every_s: the least time between the beginnings of two calls. at_once: how many may be under way.
    """

    def __init__(self, timer: Timer, *, every_s: float, at_once: int) -> None:
        self._timer = timer
        self._every_s = every_s
        self._places = asyncio.Semaphore(at_once)
        self._next_s = float("-inf")
        self._closed_until_s = float("-inf")

    @asynccontextmanager
    async def turn(self, *, within_s: float) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for the block.

        Raises RateLimited at once when none comes within that time: it says nothing of the service.
        """
        ends_s = self._timer.now_s() + within_s
        try:
            async with asyncio.timeout(within_s):
                await self._places.acquire()
        except TimeoutError:
            raise self._too_many(self._every_s) from None
        try:
            await self._timer.sleep(self._reserve(ends_s))
            yield
        finally:
            self._places.release()

    def close_for(self, seconds: float) -> None:
        """Give no turn before so much time has gone by."""
        self._closed_until_s = max(self._closed_until_s, self._timer.now_s() + seconds)

    def _reserve(self, ends_s: float) -> float:
        """Take the next moment that is free; return how far it is. Raises RateLimited when it is too far."""
        now_s = self._timer.now_s()
        begins_s = max(now_s, self._next_s, self._closed_until_s)
        if begins_s > ends_s:
            raise self._too_many(begins_s - now_s)
        self._next_s = begins_s + self._every_s
        return begins_s - now_s

    def _too_many(self, wait_s: float) -> RateLimited:
        return RateLimited(
            f"it is not to be asked again before {max(1, round(wait_s))} s have gone by", retry_after_s=wait_s
        )
