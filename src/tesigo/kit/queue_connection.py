"""The one connection of a worker to its queue, which outlives restarts of the database.

pgqueuer gives up when its connection breaks. Behind its own `Driver` port this one connects again and repeats
the statement. That is safe for each of its statements: a job that was claimed by one whose answer got lost is
claimed anew when its lease runs out.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any, Self

import asyncpg
import structlog
from pgqueuer.adapters.drivers.asyncpg import Relay
from pgqueuer.core.tm import TaskManager
from pgqueuer.ports.driver import NotifyCallback

from tesigo.kit.db import plain_url

log = structlog.get_logger(__name__)

_CONNECT_TIME_S = 10.0
_STATEMENT_TIME_S = 10.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_TRANSIENT = ("08", "57P", "53300")  # connection lost, server going or coming, too many clients


class QueueConnection:
    """A PostgreSQL connection that makes itself anew; pgqueuer's port `Driver`."""

    def __init__(self, database_url: str) -> None:
        self._url = plain_url(database_url)
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._listeners: list[tuple[str, NotifyCallback]] = []
        self._given_up = asyncio.Event()
        self._shutdown = asyncio.Event()
        self._tasks = TaskManager()

    @property
    def shutdown(self) -> asyncio.Event:
        """Part of the port; never set here."""
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        """Part of the port; holds no tasks here."""
        return self._tasks

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Return the rows of a query."""
        return [dict(row) for row in await self._run(lambda connection: connection.fetch(query, *args))]

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; return its tag."""
        return str(await self._run(lambda connection: connection.execute(query, *args)))

    async def notify(self, channel: str, payload: str) -> None:
        """Send a notification."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Hear a channel, on this connection and on each that follows it."""
        self._listeners.append((channel, callback))
        await self._run(lambda connection: connection.add_listener(channel, Relay(callback)))

    def give_up(self) -> None:
        """Connect no more: from now on a statement on a broken connection raises."""
        self._given_up.set()

    def close(self) -> None:
        """Cut the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave the connection to its maker, as the port asks."""

    async def _run(self, statement: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
        async with self._turn:
            pause_s = _FIRST_PAUSE_S
            while True:
                try:
                    return await statement(await self._connected())
                except Exception as failure:
                    if not self._is_passing(failure) or self._given_up.is_set():
                        raise
                    self.close()
                    log.warning("the queue's connection is lost, trying again", reason=repr(failure))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._given_up.wait(), pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - spreads workers
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            async with asyncio.timeout(_CONNECT_TIME_S):
                self._connection = await asyncpg.connect(
                    self._url,
                    command_timeout=_STATEMENT_TIME_S,
                    server_settings={"application_name": "tesigo queue"},
                )
            for channel, callback in self._listeners:
                await self._connection.add_listener(channel, Relay(callback))
        return self._connection

    def _is_passing(self, failure: Exception) -> bool:
        if isinstance(failure, asyncpg.PostgresError):
            return str(failure.sqlstate).startswith(_TRANSIENT)
        if isinstance(failure, asyncpg.InterfaceError):
            return self._connection is None or self._connection.is_closed()
        return isinstance(failure, OSError | TimeoutError | asyncpg.InternalClientError)
