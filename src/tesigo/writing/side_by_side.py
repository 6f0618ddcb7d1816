"""Pieces of work that run at the same time, and what happens to the others when one of them fails."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Self


class SideBySide:
    """Runs works at the same time inside an `async with`, which ends when the last of them has ended.

    A work that fails harms no other: they end as they would have, then the first failure is raised as it is, never
    in a group. Whoever starts works asks `has_failed` before each. Cancelling the block cancels all of them, and
    it ends only when they have ended.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._one_ended = asyncio.Event()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._group.__aexit__(kind, failure, trace)
        if self._failure is not None:
            raise self._failure

    @property
    def has_failed(self) -> bool:
        """Whether any work has failed so far."""
        return self._failure is not None

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Start a work; those started earlier have their first turn before it."""
        task = self._group.create_task(self._see_through(work))
        # one that is cancelled before its first turn has not begun it
        task.add_done_callback(lambda _: work.close())

    async def one_ended(self) -> None:
        """Return when a work has ended since this was asked the last time, at once if one has."""
        await self._one_ended.wait()
        self._one_ended.clear()

    async def _see_through(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except BaseException as failure:
            self._failure = self._failure or failure
            if not isinstance(failure, Exception):
                raise
        finally:
            self._one_ended.set()
