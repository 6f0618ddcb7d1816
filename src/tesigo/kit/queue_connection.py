"""The one connection of a worker to its queue, which outlives restarts of the database.

pgqueuer gives up when its connection breaks. Behind its own `Driver` port this one connects again and repeats
the statement. That is safe for each of its statements: a job that was claimed by one whose answer got lost is
claimed anew when its lease runs out. And of a crowd of changes it tells one.
"""

import asyncio
import contextlib
import json
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
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
_PASSING = ("08", "25006", "40", "53", "55P03", "57")
"""Codes that speak of the connection, a server that comes or goes or became a replica, of others' locks, of room.

From: PostgreSQL 18, appendix A, read 2026-11-23.
"""
_CHANGE = "table_changed_event"
_MAKES_WORK = ("insert", "update")


class QueueConnection:
    """A PostgreSQL connection that makes itself anew; pgqueuer's port `Driver`."""

    def __init__(self, database_url: str) -> None:
        self._url = plain_url(database_url)
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._listeners: list[tuple[str, Relay]] = []
        self._given_up = asyncio.Event()
        self._is_closed = False
        self._tells_change = True
        self.is_away = False
        """Whether the last statement found no connection."""
        self._back_since_s = -math.inf
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

    def back_for_s(self) -> float:
        """Return how long the connection has been there since it was lost, infinity when it never was."""
        return 0.0 if self.is_away else time.monotonic() - self._back_since_s

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Return the rows of a query."""
        return [dict(row) for row in await self._run(lambda connection: connection.fetch(query, *args))]

    async def fetch_made(self, make: Callable[[], tuple[str, Sequence[object]]]) -> list[dict[str, object]]:
        """Return the rows of a query that is made, with its values, for each attempt anew."""

        async def attempt(connection: asyncpg.Connection) -> list[asyncpg.Record]:
            query, values = make()
            return list(await connection.fetch(query, *values))

        return [dict(row) for row in await self._run(attempt)]

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; return its tag."""
        return str(await self._run(lambda connection: connection.execute(query, *args)))

    async def notify(self, channel: str, payload: str) -> None:
        """Send a notification."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Hear a channel, on this connection and on each that follows it.

        Of pgqueuer's news of changes only the first after `tell_next_change` is told, and none of removals.
        """

        def tell(payload: str | bytes | bytearray) -> None:
            news = json.loads(payload)
            if news.get("type") == _CHANGE:
                if not self._tells_change or news.get("operation") not in _MAKES_WORK:
                    return
                self._tells_change = False
            callback(payload)

        relay = Relay(tell)
        self._listeners.append((channel, relay))
        await self._run(lambda connection: connection.add_listener(channel, relay))

    def tell_next_change(self) -> None:
        """Tell the next change; say this before looking, since one look sees all that changed before it.

        Every change tells all workers, and each that is told costs a look at the queue: a busy queue would
        have its workers look for long after it is empty.
        """
        self._tells_change = True

    def give_up(self) -> None:
        """Connect no more: from now on a statement on a broken connection raises."""
        self._given_up.set()

    def close(self) -> None:
        """Cut the connection; every further statement raises."""
        self._is_closed = True
        self.give_up()
        self._cut()

    def _cut(self) -> None:
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
                    answer = await statement(await self._connected())
                except Exception as failure:
                    if not self._is_passing(failure) or self._given_up.is_set():
                        raise
                    self._cut()
                    self.is_away = True
                    log.warning("the queue's connection is lost, trying again", reason=repr(failure))
                else:
                    if self.is_away:
                        self.is_away = False
                        self._back_since_s = time.monotonic()
                    return answer
                with contextlib.suppress(TimeoutError):
                    # `wait_for` loses a cancellation that comes at the same moment
                    async with asyncio.timeout(pause_s * random.uniform(0.8, 1.2)):  # noqa: S311 - spreads workers
                        await self._given_up.wait()
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    async def _connected(self) -> asyncpg.Connection:
        if self._is_closed:
            raise asyncpg.InterfaceError("the queue's connection was closed")
        if self._connection is None or self._connection.is_closed():
            self._cut()
            async with asyncio.timeout(_CONNECT_TIME_S):
                connection = await asyncpg.connect(
                    self._url,
                    command_timeout=_STATEMENT_TIME_S,
                    server_settings={"application_name": "tesigo queue"},
                )
                try:
                    for channel, relay in self._listeners:
                        await connection.add_listener(channel, relay)
                except BaseException:
                    connection.terminate()
                    raise
            self._tells_change = True
            self._connection = connection
        return self._connection

    def _is_passing(self, failure: Exception) -> bool:
        if self._connection is None or self._connection.is_closed():
            return True  # it failed to connect, or broke: whatever the reason, the statement is not to blame
        if isinstance(failure, asyncpg.PostgresError):
            return str(failure.sqlstate).startswith(_PASSING)
        return isinstance(failure, OSError | TimeoutError | asyncpg.InternalClientError)
