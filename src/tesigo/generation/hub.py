"""The connections that watch documents in this process, each kept apart from the others.

A document that is watched has one feed, however many watch it: the feed reads each new event once and hands the
message to all. What a watcher has not taken yet waits in a place of its own, which is bounded; who falls behind
is cut off, and nobody waits for anybody else.
"""

import asyncio
import contextlib
import contextvars
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from enum import IntEnum

import structlog

from tesigo.documents.errors import DocumentNotFound
from tesigo.generation import events_service
from tesigo.generation.events_service import Snapshot
from tesigo.generation.schemas import LiveMessage
from tesigo.generation.service import topic_of
from tesigo.kit.context import working_on
from tesigo.kit.db import Database, DatabaseAway
from tesigo.kit.notify import News

log = structlog.get_logger(__name__)

MOST_WAITING = 256
"""Messages that may wait for one connection; more than two batches, so that a burst alone cuts nobody off."""

_BATCH = 100
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_LEAVE_WITHIN_S = 2.0


class Closing(IntEnum):
    """Why a connection is closed, as the code that its client reads."""

    GOING_AWAY = 1001
    FAILED = 1011
    TRY_LATER = 1013
    NOT_SIGNED_IN = 4401
    NOT_YOURS = 4404
    TOO_SLOW = 4408
    TOO_MANY = 4429


@dataclass(frozen=True, slots=True)
class _Told:
    seq: int
    text: str


class Watcher:
    """One connection: what it is still to be sent, and whether it is over.

    ended: has a result as soon as the connection is to be closed.
    """

    def __init__(self) -> None:
        self.ended: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._waiting: deque[_Told] = deque()
        self._news = asyncio.Event()

    def end(self, why: Closing) -> None:
        """Have the connection closed; what waits for it is dropped. The first reason counts."""
        self._waiting.clear()
        if not self.ended.done():
            self.ended.set_result(why)

    def hand(self, told: _Told) -> None:
        """Put a message where the connection takes it from; end the watcher when there is no room."""
        if self.ended.done():
            return
        if len(self._waiting) >= MOST_WAITING:
            self.end(Closing.TOO_SLOW)
            return
        self._waiting.append(told)
        self._news.set()

    async def take(self) -> _Told:
        """Return the next message as soon as there is one."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class _Feed:
    """Reads the events of one document, from `seq` on, for all of its watchers."""

    def __init__(self, document_id: int, seq: int, database: Database) -> None:
        self.document_id = document_id
        self.seq = seq
        self.watchers: set[Watcher] = set()
        self._database = database

    async def follow(self, news: News, look_every_s: float) -> None:
        """Hand out every new event, until cancelled; all watchers end with this when it fails."""
        wake_ups = news.wake_ups(topic_of(self.document_id), pause_s=look_every_s)
        try:
            async with contextlib.aclosing(wake_ups):
                async for _ in wake_ups:
                    await self._hand_out_new()
        except DocumentNotFound:
            self._end_all(Closing.NOT_YOURS)
        except Exception:
            log.exception("a document's events cannot be told")
            self._end_all(Closing.FAILED)

    async def read(self, after: int) -> list[_Told]:
        """Return the next messages after this number, in their order; waits for the database while it is away.

        Raises DocumentNotFound.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                async with self._database.transaction() as tx:
                    events = await events_service.read_events(tx, self.document_id, after=after, limit=_BATCH)
                return [_Told(event.seq, LiveMessage.of_event(event).model_dump_json()) for event in events]
            except DatabaseAway as away:
                log.warning("watchers wait for the database", reason=away.reason)
                await asyncio.sleep(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)

    async def _hand_out_new(self) -> None:
        while True:
            messages = await self.read(self.seq)
            for told in messages:
                self.seq = told.seq
                for watcher in self.watchers:
                    watcher.hand(told)
            if len(messages) < _BATCH:
                return

    def _end_all(self, why: Closing) -> None:
        for watcher in self.watchers:
            watcher.end(why)


class Hub:
    """Admits watchers, brings each to its document's feed, and sends all away when the process stops.

    most_per_user: connections that one user may have in this process. look_every_s: how often a feed reads
    without having been woken; so late at most it finds what no wake-up told, and that its document is gone.
    """

    def __init__(
        self, database: Database, news: News, *, most_per_user: int = 50, look_every_s: float = 5
    ) -> None:
        self._database = database
        self._news = news
        self._most_per_user = most_per_user
        self._look_every_s = look_every_s
        self._feeds: dict[int, _Feed] = {}
        self._following: dict[_Feed, asyncio.Task[None]] = {}
        self._connections: Counter[int] = Counter()
        self._somebody_left = asyncio.Event()
        self._is_closing = False

    @contextlib.contextmanager
    def watching(
        self, user_id: int, document_id: int, snapshot: Snapshot
    ) -> Iterator[tuple[Watcher, AsyncGenerator[str, None]]]:
        """Give a watcher of the document, and the messages after the snapshot: every event once, in order.

        That the document is the user's must have been checked. The watcher comes ended when the user has too
        many connections, or when the process stops. The messages may raise DocumentNotFound.
        """
        watcher = Watcher()
        if self._is_closing or self._connections[user_id] >= self._most_per_user:
            watcher.end(Closing.GOING_AWAY if self._is_closing else Closing.TOO_MANY)
            yield watcher, _nothing()
            return
        feed = self._feed_of(document_id, snapshot.last_seq)
        feed.watchers.add(watcher)
        self._connections[user_id] += 1
        try:
            yield watcher, _messages(feed, watcher, after=snapshot.seq, until=feed.seq)
        finally:
            self._connections[user_id] -= 1
            if not self._connections[user_id]:
                del self._connections[user_id]
            feed.watchers.discard(watcher)
            if not feed.watchers:
                self._stop(feed)
            self._somebody_left.set()

    async def close(self) -> None:
        """End all watchers, and take no more; returns when they have gone, after 2 s at the latest."""
        self._is_closing = True
        for feed in self._feeds.values():
            for watcher in feed.watchers:
                watcher.end(Closing.GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_WITHIN_S):
                while self._connections:
                    self._somebody_left.clear()
                    await self._somebody_left.wait()
        tasks = list(self._following.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _feed_of(self, document_id: int, seq: int) -> _Feed:
        """Return the document's feed, begun after event `seq` when nobody watches it yet."""
        if document_id not in self._feeds:
            feed = self._feeds[document_id] = _Feed(document_id, seq, self._database)
            # in a context of its own: it works for all watchers, and its logs name none of their requests
            following = asyncio.create_task(self._follow(feed), context=contextvars.Context())
            self._following[feed] = following
            # not in the task itself: one that is cancelled before its first step does nothing
            following.add_done_callback(lambda _: self._forget(feed))
        return self._feeds[document_id]

    async def _follow(self, feed: _Feed) -> None:
        try:
            with working_on(document_id=feed.document_id):
                await feed.follow(self._news, self._look_every_s)
        finally:
            self._retire(feed)

    def _forget(self, feed: _Feed) -> None:
        del self._following[feed]

    def _stop(self, feed: _Feed) -> None:
        self._retire(feed)
        if task := self._following.get(feed):
            task.cancel()

    def _retire(self, feed: _Feed) -> None:
        """Bring nobody else to this feed."""
        if self._feeds.get(feed.document_id) is feed:
            del self._feeds[feed.document_id]


async def _messages(feed: _Feed, watcher: Watcher, *, after: int, until: int) -> AsyncGenerator[str, None]:
    """Yield what came after that event: from the table until the feed's beginning for this watcher, then from it."""
    seq = after
    while seq < until and (missed := await feed.read(seq)):
        for told in missed:
            seq = told.seq
            yield told.text
    while True:
        told = await watcher.take()
        if told.seq > seq:  # a message that the table had already given is not given again
            seq = told.seq
            yield told.text


async def _nothing() -> AsyncGenerator[str, None]:
    nothing: tuple[str, ...] = ()
    for text in nothing:
        yield text
