"""PostgreSQL's NOTIFY as a hint that something new is in a table.

One LISTEN connection serves a process. A hint can be lost (a restart, a closed connection): whoever waits
reads the table again after each wake-up, and after a pause without one.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.kit.db import plain_url

log = structlog.get_logger(__name__)

_CHANNEL = "tesigo_news"
_PING_EVERY_S = 15.0
_ANSWER_WITHIN_S = 10.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_LOSSES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


async def announce(tx: AsyncSession, topic: str) -> None:
    """Wake all that wait for the topic, in every process, when this transaction has committed.

    topic: short; equal topics within one transaction are told once.
    """
    await tx.execute(
        text("SELECT pg_notify(:channel, :topic)"), {"channel": _CHANNEL, "topic": json.dumps(topic)}
    )


class News:
    """Wakes the tasks of this process that wait for a topic."""

    def __init__(self, database_url: str) -> None:
        self._url = plain_url(database_url)
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextlib.contextmanager
    def _listening_for(self, topic: str) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._waiting[topic].add(event)
        try:
            yield event
        finally:
            self._waiting[topic].discard(event)
            if not self._waiting[topic]:
                del self._waiting[topic]

    async def wake_ups(self, topic: str, *, pause_s: float) -> AsyncGenerator[bool, None]:
        """Yield at once, then whenever the topic was announced (True) or `pause_s` went by (False).

        Announcements made while the caller is busy are folded into one wake-up.
        """
        with self._listening_for(topic) as event:
            announced = True
            while True:
                event.clear()
                yield announced
                try:
                    # `wait_for` loses a cancellation that comes with the event
                    async with asyncio.timeout(pause_s):
                        await event.wait()
                    announced = True
                except TimeoutError:
                    announced = False

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made anew, and then everybody is woken."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    connection = await asyncpg.connect(self._url, command_timeout=_ANSWER_WITHIN_S)
            except _LOSSES as error:
                log.warning("cannot listen for news, trying again", reason=type(error).__name__)
                await asyncio.sleep(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
                continue
            try:
                await self._follow(connection)
            except _LOSSES as error:
                log.warning("the connection for news was lost", reason=type(error).__name__)
            finally:
                connection.terminate()
            # even so: a server that lets everybody in and throws them out again is no reason to spin
            pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s)

    async def _follow(self, connection: asyncpg.Connection) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        await connection.add_listener(_CHANNEL, self._hear)
        for topic in list(self._waiting):
            self._wake(topic)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PING_EVERY_S):  # not `wait_for`: see above
                    await lost.wait()
            await connection.fetchval("SELECT 1")

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self._wake(json.loads(str(payload)))

    def _wake(self, topic: str) -> None:
        for event in self._waiting.get(topic, ()):
            event.set()
