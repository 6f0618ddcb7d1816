"""A worker process among the others: it looks at the queue for its pool, and tells of itself."""

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

from tesigo.gateway.measurements import ModelMeasured
from tesigo.generation.pool import Pool
from tesigo.generation.service import WRITE_DOCUMENT
from tesigo.generation.workers_service import Worker, dismiss_worker, report_worker
from tesigo.kit.clock import Clock
from tesigo.kit.db import Database, DatabaseAway
from tesigo.kit.queue import queue_depth

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 1.0
_SIGN_EVERY_S = 5.0
_ANSWER_WITHIN_S = 5.0
_LONGEST_HOST = 255


@asynccontextmanager
async def present(
    pool: Pool,
    database: Database,
    clock: Clock,
    *,
    stop: asyncio.Event,
    measure_models: Callable[[], Sequence[ModelMeasured]] = tuple,
) -> AsyncIterator[None]:
    """Keep the pool as large as the queue asks for, and this process among the known workers, for the block.

    stop: once it is set no more jobs are taken, and the process tells so. measure_models: what it tells of models.
    A database that does not answer, or refuses, is asked again a second later; meanwhile the pool stays as it is.
    """
    presence = _Presence(pool, database, clock, stop, measure_models)
    looking = asyncio.create_task(presence.keep())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait({looking})
        await presence.leave()


class _Presence:
    def __init__(
        self,
        pool: Pool,
        database: Database,
        clock: Clock,
        stop: asyncio.Event,
        measure_models: Callable[[], Sequence[ModelMeasured]],
    ) -> None:
        self._pool = pool
        self._database = database
        self._clock = clock
        self._stop = stop
        self._measure_models = measure_models
        self._id = uuid.uuid4()
        self._host = socket.gethostname()[:_LONGEST_HOST]
        self._started_at = clock()
        self._told: Worker | None = None
        self._told_at_s = 0.0

    async def keep(self) -> None:
        """Look and tell, again and again, until cancelled."""
        was_seen = True
        while True:
            try:
                async with asyncio.timeout(_ANSWER_WITHIN_S):
                    await self._look_and_tell()
                was_seen = True
            except Exception as failure:  # noqa: BLE001 - if this ended, nobody would see the worker any more
                if was_seen:
                    log.warning(
                        "the queue's depth or this worker's row is out of reach, the pool stays",
                        reason=repr(failure),
                    )
                was_seen = False
            await asyncio.sleep(_LOOK_EVERY_S)

    async def leave(self) -> None:
        """Be known no more; if that cannot be told now, the row is forgotten in time."""
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S), self._database.transaction() as tx:
                await dismiss_worker(tx, self._id)
        except (DatabaseAway, TimeoutError) as failure:
            log.warning("the worker could not say that it stops", reason=repr(failure))

    async def _look_and_tell(self) -> None:
        async with self._database.transaction() as tx:
            self._pool.see(await queue_depth(tx, WRITE_DOCUMENT))
            worker, now_s = self._as_it_is(), asyncio.get_running_loop().time()
            is_due = worker != self._told or now_s - self._told_at_s >= _SIGN_EVERY_S
            if is_due:
                await report_worker(tx, worker, now=self._clock())
        if is_due:
            self._told, self._told_at_s = worker, now_s

    def _as_it_is(self) -> Worker:
        return Worker(
            id=self._id,
            host=self._host,
            pid=os.getpid(),
            capacity=0 if self._stop.is_set() else self._pool.size,
            running=self._pool.running,
            started_at=self._started_at,
            models=tuple(self._measure_models()),
        )
