"""Clients that follow documents live, drop off and come back, and hold the server to its promises."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import websockets

_LAST = ("completed", "failed", "cancelled")
_ANSWER_TIME_S = 30.0
_LOST = (OSError, TimeoutError, websockets.WebSocketException)


@dataclass(eq=False)
class Watcher:
    """Follows one document to the end of its job.

    url: of the WebSocket. returns: how often it came back. faults: promises that were broken.
    """

    url: str
    token: str
    dice: random.Random
    document_id: int
    seq: int = 0
    events: int = 0
    returns: int = -1
    status: str = ""
    faults: list[str] = field(default_factory=list)
    _progress: dict[str, int] = field(default_factory=dict)

    async def follow(self) -> None:
        """Watch until the job has ended; connect again whenever the connection is lost or dropped."""
        while self.status not in _LAST:
            self.returns += 1
            try:
                await self._watch_once()
            except _LOST:
                await asyncio.sleep(self.dice.uniform(0.1, 1))  # a client's own pause before it tries again

    async def _watch_once(self) -> None:
        address = f"{self.url}/ws/generation/{self.document_id}?after={self.seq}"
        offered = [websockets.Subprotocol("bearer"), websockets.Subprotocol(self.token)]
        connection = await websockets.connect(address, subprotocols=offered, open_timeout=_ANSWER_TIME_S)
        left = self.dice.randint(2, 12)
        try:
            self._take_snapshot(json.loads(await asyncio.wait_for(connection.recv(), _ANSWER_TIME_S)))
            while left and self.status not in _LAST:
                async with asyncio.timeout(self.dice.uniform(2, 20)):
                    self._take_event(json.loads(await connection.recv()))
                left -= 1
        finally:
            if self.dice.random() < 0.5:
                connection.transport.abort()
            await connection.close()

    def _take_snapshot(self, told: dict[str, Any]) -> None:
        if told["type"] != "snapshot":
            self.faults.append(f"document {self.document_id}: {told['type']} instead of a snapshot")
        if told["seq"] < self.seq:
            self.faults.append(f"document {self.document_id}: snapshot {told['seq']} after {self.seq}")
        self._see_progress(told)

    def _take_event(self, told: dict[str, Any]) -> None:
        if told["seq"] != self.seq + 1:
            self.faults.append(f"document {self.document_id}: event {told['seq']} after {self.seq}")
        self.seq = told["seq"]
        self.events += 1
        self.status = told["status"]
        self._see_progress(told)
        self._progress[told["job_id"]] = told["progress"]

    def _see_progress(self, told: dict[str, Any]) -> None:
        """See that a job's progress is not behind its last event's; a snapshot may be ahead of that."""
        if told["progress"] < self._progress.get(told["job_id"], 0):
            self.faults.append(f"document {self.document_id}: progress fell to {told['progress']}")


@dataclass
class Watching:
    """All watchers of a run."""

    url: str
    dice: random.Random
    watchers: list[Watcher] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def add(self, document_id: int, token: str) -> None:
        """Have the document followed from its first event to the end of its job."""
        watcher = Watcher(self.url, token, random.Random(self.dice.random()), document_id)
        self.watchers.append(watcher)
        self._tasks.append(asyncio.create_task(watcher.follow()))

    async def finish(self, within_s: float) -> Sequence[str]:
        """Wait until all have seen the end; return the faults."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        faults = [fault for watcher in self.watchers for fault in watcher.faults]
        for watcher, task in zip(self.watchers, self._tasks, strict=True):
            if not task.done():
                faults.append(f"document {watcher.document_id}: its watcher saw no end after {watcher.seq}")
            elif failure := task.exception():
                faults.append(f"document {watcher.document_id}: its watcher failed: {failure!r}")
        await self.end()
        return faults

    async def end(self) -> None:
        """Let all watchers go."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
