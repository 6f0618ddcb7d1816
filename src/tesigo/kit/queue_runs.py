"""What runs on behalf of the queue in this process, and how it ends when its worker is stopped."""

import asyncio
from collections.abc import Awaitable

import structlog

from tesigo.kit.queue_connection import QueueConnection

log = structlog.get_logger(__name__)

_UNTIL_CANCELLED_S = 2.0
_UNTIL_HANDED_BACK_S = 5.0
_LOOK_EVERY_S = 0.5


class RunStopped(Exception):
    """A run did not come to its end: it was cancelled, or left behind because it would not be."""


class Runs:
    """The runs of one worker, each under the id of its row."""

    def __init__(self) -> None:
        self._running: dict[int, asyncio.Task[None]] = {}
        self._leaving = asyncio.get_running_loop().create_future()

    def __len__(self) -> int:
        return len(self._running)

    async def follow(self, row_id: int, work: Awaitable[None]) -> None:
        """Wait until the work has ended; raise what it raises, or RunStopped."""
        running = asyncio.create_task(_awaited(work))
        self._running[row_id] = running
        try:
            await asyncio.wait({running, self._leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._running[row_id]
            running.cancel()
        if not running.done() or running.cancelled():
            raise RunStopped
        running.result()

    def cancel(self, row_id: int) -> bool:
        """Ask a run to stop, once: what it does then is not to be disturbed. Return whether it was asked now."""
        running = self._running.get(row_id)
        return running is not None and not running.cancelling() and running.cancel()

    def cancel_all(self) -> None:
        """Ask all runs to stop."""
        for row_id in self._running:
            self.cancel(row_id)

    def leave(self) -> None:
        """Wait for no run any longer, not even for those that are still to come."""
        if not self._leaving.done():
            self._leaving.set_result(None)


async def _awaited(work: Awaitable[None]) -> None:
    await work


async def run_until_stopped(
    serving: asyncio.Task[None],
    runs: Runs,
    connection: QueueConnection,
    *,
    stop: asyncio.Event,
    shutdown: asyncio.Event,
    grace_s: float,
) -> None:
    """Let pgqueuer serve until `stop`, then let its runs end, and cut short those that outlast the grace.

    serving: pgqueuer's loop over the connection; `shutdown` is its sign to begin nothing more and to end when
    its runs have ended. Raises what makes it end by itself. Cancelled, this stops all runs at once.
    """
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        shutdown.set()
        until_s = asyncio.get_running_loop().time() + grace_s
        while not serving.done() and asyncio.get_running_loop().time() < until_s:
            if connection.is_away and not runs:
                connection.give_up()
            await asyncio.wait({serving}, timeout=min(grace_s, _LOOK_EVERY_S))
    finally:
        stopping.cancel()
        await asyncio.shield(_wind_down(serving, runs, connection, shutdown))
    await serving


async def _wind_down(
    serving: asyncio.Task[None], runs: Runs, connection: QueueConnection, shutdown: asyncio.Event
) -> None:
    """Cancel what still runs and hand it back; cut the connection when that takes too long.

    Only the runs are cancelled: pgqueuer takes its own cancelling for the end of its jobs.
    """
    shutdown.set()
    runs.cancel_all()
    await asyncio.wait({serving}, timeout=_UNTIL_CANCELLED_S)
    runs.leave()
    await asyncio.wait({serving}, timeout=_UNTIL_HANDED_BACK_S)
    connection.give_up()
    await asyncio.wait({serving}, timeout=_UNTIL_HANDED_BACK_S)
    connection.close()
    if not serving.done():
        log.error("the queue did not end in time; what it holds passes on when the leases run out")
        serving.cancel()
        await asyncio.wait({serving}, timeout=_UNTIL_CANCELLED_S)
