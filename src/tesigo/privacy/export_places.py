"""How many exports there may be at once: one of each user, and a few that are put together in a process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from tesigo.privacy.errors import ExportRunning, ExportsBusy

_AT_ONCE = 2
_WAIT_S = 60.0

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


class OwnThreads:
    """Threads for work that blocks, apart from those that everything else in the process shares.

    An export holds a connection while it waits for a thread; the server ends a transaction that stands still.
    """

    def __init__(self, amount: int) -> None:
        self._threads = ThreadPoolExecutor(amount, thread_name_prefix="export")

    async def run(
        self, function: Callable[_Given, _Made], *args: _Given.args, **kwargs: _Given.kwargs
    ) -> _Made:
        """Return what the function returns; what it logs carries the ids of the caller. Raises as it does."""
        call = partial(copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


class ExportPlaces:
    """The places of one process. at_once: exports that are put together, each with a thread and a connection.

    wait_s: how long somebody waits for such a place, holding neither.
    """

    def __init__(self, *, at_once: int = _AT_ONCE, wait_s: float = _WAIT_S) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._wait_s = wait_s
        self._threads = OwnThreads(at_once)
        self._users: set[int] = set()

    @contextmanager
    def only_one_of(self, user_id: int) -> Iterator[None]:
        """Let this be the user's only export while the block runs. Raises ExportRunning."""
        if user_id in self._users:
            raise ExportRunning
        self._users.add(user_id)
        try:
            yield
        finally:
            self._users.remove(user_id)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[OwnThreads]:
        """Wait for a place, and yield the threads for what is done there. Raises ExportsBusy."""
        try:
            async with asyncio.timeout(self._wait_s):
                await self._free.acquire()
        except TimeoutError as late:
            raise ExportsBusy from late
        try:
            yield self._threads
        finally:
            self._free.release()
