"""Take jobs out of the queue and run their handlers.

pgqueuer dispatches: priority, wake-up, leases, retries. A restart of the database is sat out, and a stop hands
unfinished jobs back.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.domain import models, types
from pgqueuer.domain.errors import RetryRequested

from tesigo.kit.queue import LEASE_S, NAMES, RetryIn
from tesigo.kit.queue_connection import QueueConnection
from tesigo.kit.queue_dispatch import Dispatcher, FencedStatements
from tesigo.kit.queue_runs import Runs, RunStopped, run_until_stopped
from tesigo.kit.queue_schedules import Periodic, Schedules

log = structlog.get_logger(__name__)

Handler = Callable[[Mapping[str, Any]], Awaitable[None]]

_LOOK_EVERY_S = 2.0  # nobody announces that a lease ran out
_PAUSE_AFTER_FAILURE_S = 2.0
_ENDED_AT_ONCE = 50


class HandlerFailed(Exception):
    """What stands beside a held job in the queue's log: the kind of failure, never what it quotes of a text."""


async def consume(
    database_url: str,
    handlers: Mapping[str, Handler],
    *,
    concurrency: Callable[[], int],
    stop: asyncio.Event,
    grace_s: float = 20.0,
    lease_s: float = LEASE_S,
    periodic: Sequence[Periodic] = (),
) -> None:
    """Run the queue's jobs until `stop` is set and the running ones have ended or were handed back.

    handlers: by task; each gets its job's payload. One that raises `RetryIn` is run again later; one that
    raises anything else leaves its job held as failed. A handler may see a job twice, even while a paused
    worker still runs it: what it writes must be fenced.
    concurrency: asked before jobs are claimed, how many may run at a time; fewer than run let those end first.
    grace_s: how long running jobs may go on after `stop`; those left then are cancelled and handed back.
    periodic: what is run besides, once across all processes whenever it is due; see `queue_schedules`.
    Cancelling this coroutine hands all running jobs back at once. Raises ValueError for a task of `periodic`
    whose time cannot be understood.
    """
    Schedules(database_url, periodic, lease_s)  # a wrong cron expression is told before anything runs
    async with asyncio.TaskGroup() as group:
        group.create_task(
            _keep_up(lambda: _Worker(database_url, handlers, concurrency, lease_s).run(stop, grace_s), stop)
        )
        if periodic:
            group.create_task(
                _keep_up(lambda: Schedules(database_url, periodic, lease_s).run(stop, grace_s), stop)
            )


async def _keep_up(serve: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Serve until stopped, beginning anew whatever it was that failed: nothing is in memory that must last."""
    while not stop.is_set():
        try:
            await serve()
        except Exception:
            log.exception("the queue failed, trying again")
            await _wait_for(stop, _PAUSE_AFTER_FAILURE_S)


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
        self._runs = Runs()
        self._connection = QueueConnection(database_url)
        worker = types.QueueManagerId(uuid4())
        self._statements = FencedStatements(
            self._connection,
            QueryBuilderEnvironment(NAMES),
            QueryQueueBuilder(NAMES),
            worker=worker,
            on_lost=self._cancel_lost,
        )
        self._dispatcher = Dispatcher(self._statements, NAMES.channel, concurrency=concurrency)
        self._dispatcher.queue_manager_id = worker
        for task, handler in handlers.items():
            self._dispatcher.entrypoint(task, on_failure="hold", accepts_context=False)(
                self._runner(task, handler)
            )

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Dispatch until stopped, then wind down. Raises what makes the dispatcher end by itself."""
        await run_until_stopped(
            asyncio.create_task(
                self._dispatcher.run(
                    dequeue_timeout=timedelta(seconds=_LOOK_EVERY_S),
                    batch_size=_ENDED_AT_ONCE,
                    heartbeat_timeout=self._lease,
                    log_aggregation_interval=timedelta(0),
                )
            ),
            self._runs,
            self._connection,
            stop=stop,
            shutdown=self._dispatcher.shutdown,
            grace_s=grace_s,
        )

    def _runner(self, task: str, handler: Handler) -> Callable[[models.Job], Awaitable[None]]:
        async def run(job: models.Job) -> None:
            # None of what is raised may carry its cause: pgqueuer stores that as text, and a text that the
            # database refuses would keep this job and all that end with it from ever ending.
            try:
                await self._runs.follow(job.id, handler(json.loads(job.payload or b"{}")))
                self._statements.ending.add(job.id)
            except RunStopped:
                log.info("a job is handed back", task=task, queue_id=job.id)
                raise RetryRequested(reason="handed back") from None
            except RetryIn as wanted:
                raise RetryRequested(timedelta(seconds=wanted.delay_s), "asked for by the handler") from None
            except Exception as failure:
                log.exception("a job failed and is held", task=task, queue_id=job.id)
                self._statements.ending.add(job.id)
                raise HandlerFailed(ascii(type(failure).__name__)) from None

        return run

    def _cancel_lost(self, job_id: int) -> None:
        if self._runs.cancel(job_id):
            log.warning("another worker has taken a job over", queue_id=job_id)


async def _wait_for(event: asyncio.Event, time_s: float) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({waiting}, timeout=time_s)
    waiting.cancel()
