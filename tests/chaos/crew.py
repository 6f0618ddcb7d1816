"""The worker processes of the harness, and what is done to them."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
KILL, PAUSE, TERMINATE, RESTART = "kill -9", "SIGSTOP", "SIGTERM", "database restart"
KINDS = (PAUSE, KILL, TERMINATE, RESTART)
READY = "worker ready"
_ALIVE = "alive"
_STOPPED_WITHIN_S = 40.0


@dataclass(slots=True)
class Blow:
    """Something that was done. worker: None when it was done to the database. Times: seconds since 1970."""

    kind: str
    worker: str | None
    began: float
    ended: float | None = None
    how: str = ""


@dataclass(eq=False, slots=True)
class Worker:
    """A process of the crew; its name is its alone."""

    name: str
    process: asyncio.subprocess.Process
    is_paused: bool = False


@dataclass
class Crew:
    """So many workers, of which each one that is ended is replaced by another.

    blows: all that was done to them. faults: what a worker did that none should do.
    """

    model: str
    environment: Mapping[str, str]
    logs: Path
    workers: list[Worker] = field(default_factory=list)
    blows: list[Blow] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _watching: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Add a worker."""
        name = f"worker-{next(self._numbers)}"
        url = self.environment["DATABASE_URL"]
        with (self.logs / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.chaos.worker",
                name,
                self.model,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    **self.environment,
                    "DATABASE_URL": f"{url}{'&' if '?' in url else '?'}application_name={name}",
                },
                cwd=_ROOT,
                start_new_session=True,
            )
        worker = Worker(name, process)
        self.workers.append(worker)
        self._watch(self._see_end(worker), _ALIVE)

    def any_awake(self, dice: random.Random) -> Worker | None:
        """Return a worker that is not paused, None when there is none."""
        awake = [worker for worker in self.workers if not worker.is_paused]
        return dice.choice(awake) if awake else None

    async def kill(self, worker: Worker) -> None:
        """Kill it, and start another."""
        self.workers.remove(worker)
        self.blows.append(Blow(KILL, worker.name, time.time()))
        worker.process.kill()
        await self.start()

    async def terminate(self, worker: Worker) -> None:
        """Ask it to stop, and start another without waiting for that."""
        self.workers.remove(worker)
        blow = Blow(TERMINATE, worker.name, time.time())
        self.blows.append(blow)
        worker.process.terminate()
        self._watch(self._see_stop(worker, blow), TERMINATE)
        await self.start()

    def pause(self, worker: Worker, time_s: float) -> None:
        """Let it stand still for so long; nobody takes its place."""
        worker.is_paused = True
        blow = Blow(PAUSE, worker.name, time.time())
        self.blows.append(blow)
        worker.process.send_signal(signal.SIGSTOP)
        self._watch(self._resume(worker, blow, time_s), PAUSE)

    async def end(self) -> None:
        """Kill all that is left."""
        for task in self._watching:
            task.cancel()
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.process.kill()
            await worker.process.wait()

    async def settle(self) -> None:
        """Wait until every paused worker was resumed and every stopped one has ended."""
        waited = {task for task in self._watching if task.get_name() != _ALIVE}
        if waited:
            await asyncio.wait(waited)

    async def _resume(self, worker: Worker, blow: Blow, time_s: float) -> None:
        try:
            await asyncio.sleep(time_s)  # the pause itself
        finally:
            worker.is_paused = False
            blow.ended = time.time()
            with contextlib.suppress(ProcessLookupError):
                worker.process.send_signal(signal.SIGCONT)

    async def _see_end(self, worker: Worker) -> None:
        code = await worker.process.wait()
        if worker in self.workers:
            self.workers.remove(worker)
            self.faults.append(f"{worker.name} ended by itself with {code}")
            await self.start()

    async def _see_stop(self, worker: Worker, blow: Blow) -> None:
        try:
            async with asyncio.timeout(_STOPPED_WITHIN_S):
                code = await worker.process.wait()
            if code and not (code == -signal.SIGTERM and self._was_starting(worker)):
                self.faults.append(f"{worker.name} ended with {code} after SIGTERM")
        except TimeoutError:
            self.faults.append(f"{worker.name} did not stop within {_STOPPED_WITHIN_S:g} s of SIGTERM")
        finally:
            blow.ended = time.time()
            with contextlib.suppress(ProcessLookupError):
                worker.process.kill()

    def _was_starting(self, worker: Worker) -> bool:
        """Say whether the worker was still importing, when a signal ends it at once."""
        return READY not in (self.logs / f"{worker.name}.log").read_text("utf-8", "replace")

    def _watch(self, watching: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(watching, name=name)
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)


@asynccontextmanager
async def crew_of(
    number: int, *, model: str, environment: Mapping[str, str], logs: Path
) -> AsyncIterator[Crew]:
    """Give a crew of so many workers; none is left afterwards."""
    crew = Crew(model, environment, logs)
    try:
        for _ in range(number):
            await crew.start()
        yield crew
    finally:
        await crew.end()
