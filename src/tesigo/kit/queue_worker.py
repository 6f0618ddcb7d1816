"""Take jobs out of the queue and run their handlers.

pgqueuer dispatches: priority, wake-up, leases, retries. What it lacks stands here: a worker that was paused
and replaced cannot end or prolong the other's job, a restart of the database is sat out, the number of jobs
at a time may change while running, and a stop hands unfinished jobs back.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import structlog
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain import models, types
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.ports.repository import EntrypointExecutionParameter

from tesigo.kit.queue import NAMES, RetryIn
from tesigo.kit.queue_connection import QueueConnection

log = structlog.get_logger(__name__)

Handler = Callable[[Mapping[str, Any]], Awaitable[None]]

LEASE_S = 10.0
"""How long a job stays with a worker that gives no sign of life. Signs are given every half of it."""

_LOOK_EVERY_S = 2.0  # nobody announces that a lease ran out
_UNTIL_CANCELLED_S = 2.0
_UNTIL_HANDED_BACK_S = 10.0
_PAUSE_AFTER_FAILURE_S = 2.0
_TIDY_EVERY_S = 3_600.0
_KEEP = f"""
    UPDATE {NAMES.queue_table} SET heartbeat = now()
    WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2 AND status = 'picked'
    RETURNING id
"""  # noqa: S608 - a name of ours
_TIDY_LOG = f"DELETE FROM {NAMES.queue_table_log} WHERE created < now() - interval '7 days'"  # noqa: S608 - a name of ours
_TIDY_FAILED = (
    f"DELETE FROM {NAMES.queue_table} WHERE status = 'failed' AND updated < now() - interval '30 days'"  # noqa: S608 - a name of ours
)


async def consume(
    database_url: str,
    handlers: Mapping[str, Handler],
    *,
    concurrency: Callable[[], int],
    stop: asyncio.Event,
    grace_s: float = 20.0,
    lease_s: float = LEASE_S,
) -> None:
    """Run the queue's jobs until `stop` is set and the running ones have ended or were handed back.

    handlers: by task; each gets its job's payload. One that raises `RetryIn` is run again later; one that
    raises anything else leaves its job held as failed. A handler may see a job twice, even while a paused
    worker still runs it: what it writes must be fenced.
    concurrency: asked before each job, how many may run at a time; fewer than run let those end first.
    grace_s: how long running jobs may go on after `stop`; those left then are cancelled and handed back.
    Cancelling this coroutine hands all running jobs back at once.
    """
    while not stop.is_set():
        try:
            await _Worker(database_url, handlers, concurrency, lease_s).run(stop, grace_s)
        except asyncpg.PostgresError:
            log.exception("the queue failed, trying again")
            await _wait_for(stop, _PAUSE_AFTER_FAILURE_S)


@dataclass
class _Claims(Queries):
    """pgqueuer's statements, each only for jobs that are still this worker's."""

    worker: types.QueueManagerId = field(kw_only=True)
    on_lost: Callable[[types.JobId], None] = field(kw_only=True)

    async def update_heartbeat(self, job_ids: list[types.JobId]) -> None:
        """Prolong the leases; tell which are lost."""
        kept = await self._keep(job_ids)
        for job_id in job_ids:
            if job_id not in kept:
                self.on_lost(job_id)

    async def log_jobs(
        self, job_status: list[tuple[models.Job, types.JOB_STATUS, models.TracebackRecord | None]]
    ) -> None:
        """End jobs."""
        kept = await self._keep([job.id for job, _, _ in job_status])
        await super().log_jobs([ended for ended in job_status if ended[0].id in kept])

    async def retry_job(
        self, job: models.Job, delay: timedelta, traceback_record: models.TracebackRecord | None
    ) -> None:
        """Give a job back, and say so, because pgqueuer announces new jobs only."""
        if job.id not in await self._keep([job.id]):
            return
        await super().retry_job(job, delay, traceback_record)
        news = models.TableChangedEvent(
            channel=NAMES.channel,
            operation="update",
            sent_at=datetime.now(UTC),
            table=NAMES.queue_table,
            type="table_changed_event",
        )
        await self.driver.notify(NAMES.channel, news.model_dump_json(exclude={"received_at"}))

    async def _keep(self, job_ids: list[types.JobId]) -> set[types.JobId]:
        """Return those that are still ours; their lease begins anew, so that they stay ours a while."""
        rows = await self.driver.fetch(_KEEP, job_ids, self.worker)
        return {types.JobId(int(str(row["id"]))) for row in rows}


@dataclass
class _Dispatcher(QueueManager):
    """pgqueuer's dispatcher with a number of jobs at a time that may change."""

    concurrency: Callable[[], int] = field(kw_only=True)

    async def fetch_jobs(
        self,
        batch_size: int,  # noqa: ARG002 - the signature is pgqueuer's
        global_concurrency_limit: int | None,  # noqa: ARG002 - the signature is pgqueuer's
        heartbeat_timeout: timedelta,
    ) -> AsyncGenerator[models.Job, None]:
        """Yield ready jobs while there is room for them."""
        entrypoints = {
            name: EntrypointExecutionParameter(concurrency_limit=0) for name in self.entrypoint_registry
        }
        while not self.shutdown.is_set() and len(self.job_context) < self.concurrency():
            jobs = await self.queries.dequeue(
                batch_size=1,
                entrypoints=entrypoints,
                queue_manager_id=self.queue_manager_id,
                global_concurrency_limit=None,
                heartbeat_timeout=heartbeat_timeout,
            )
            if not jobs:
                return
            yield jobs[0]


class _Worker:
    """One dispatcher over one connection, and the handlers that it runs."""

    def __init__(
        self,
        database_url: str,
        handlers: Mapping[str, Handler],
        concurrency: Callable[[], int],
        lease_s: float,
    ) -> None:
        self._lease = timedelta(seconds=lease_s)
        self._running: dict[types.JobId, asyncio.Future[None]] = {}
        self._abandoning = asyncio.get_running_loop().create_future()
        self._connection = QueueConnection(database_url)
        worker = types.QueueManagerId(uuid4())
        claims = _Claims(
            self._connection,
            QueryBuilderEnvironment(NAMES),
            QueryQueueBuilder(NAMES),
            worker=worker,
            on_lost=self._cancel_lost,
        )
        self._dispatcher = _Dispatcher(claims, NAMES.channel, concurrency=concurrency)
        self._dispatcher.queue_manager_id = worker
        for task, handler in handlers.items():
            self._dispatcher.entrypoint(task, on_failure="hold", accepts_context=False)(
                self._runner(task, handler)
            )

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Dispatch until stopped, then wind down. Raises what makes the dispatcher end by itself."""
        dispatching = asyncio.create_task(
            self._dispatcher.run(
                dequeue_timeout=timedelta(seconds=_LOOK_EVERY_S),
                heartbeat_timeout=self._lease,
                log_aggregation_interval=timedelta(0),
            )
        )
        stopping = asyncio.create_task(stop.wait())
        tidying = asyncio.create_task(self._tidy())
        try:
            await asyncio.wait({dispatching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            self._dispatcher.shutdown.set()
            await asyncio.wait({dispatching}, timeout=grace_s)
        finally:
            stopping.cancel()
            tidying.cancel()
            await asyncio.shield(self._wind_down(dispatching))
        await dispatching

    async def _wind_down(self, dispatching: asyncio.Task[None]) -> None:
        """Cancel what still runs and hand it back; cut the connection when that takes too long.

        Only the handlers are cancelled: pgqueuer deletes a job when it is cancelled itself.
        """
        self._dispatcher.shutdown.set()
        for handler in self._running.values():
            handler.cancel()
        await asyncio.wait({dispatching}, timeout=_UNTIL_CANCELLED_S)
        self._abandoning.set_result(None)
        await asyncio.wait({dispatching}, timeout=_UNTIL_HANDED_BACK_S)
        self._connection.give_up()
        await asyncio.wait({dispatching}, timeout=_UNTIL_HANDED_BACK_S)
        if not dispatching.done():
            log.error("the queue did not end in time; its jobs pass on when their leases run out")
            dispatching.cancel()
            await asyncio.wait({dispatching}, timeout=_UNTIL_CANCELLED_S)
        self._connection.close()

    def _runner(self, task: str, handler: Handler) -> Callable[[models.Job], Awaitable[None]]:
        async def run(job: models.Job) -> None:
            running = asyncio.ensure_future(handler(json.loads(job.payload or b"{}")))
            self._running[job.id] = running
            try:
                await asyncio.wait({running, self._abandoning}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._running.pop(job.id, None)
            if not running.done() or running.cancelled():
                log.info("a job is handed back", task=task, queue_id=job.id)
                raise RetryRequested(reason="handed back")
            failure = running.exception()
            if isinstance(failure, RetryIn):
                raise RetryRequested(
                    timedelta(seconds=failure.delay_s), "asked for by the handler"
                ) from failure
            if failure is not None:
                raise failure

        return run

    def _cancel_lost(self, job_id: types.JobId) -> None:
        handler = self._running.get(job_id)
        if handler is not None:
            log.warning("another worker has taken a job over", queue_id=job_id)
            handler.cancel()

    async def _tidy(self) -> None:
        """Remove what nobody will read any more: the log after a week, failed jobs after a month."""
        while True:
            for statement in (_TIDY_LOG, _TIDY_FAILED):
                try:
                    await self._connection.execute(statement)
                except asyncpg.PostgresError:
                    log.exception("the queue could not be tidied")
            await asyncio.sleep(_TIDY_EVERY_S)


async def _wait_for(event: asyncio.Event, time_s: float) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({waiting}, timeout=time_s)
    waiting.cancel()
