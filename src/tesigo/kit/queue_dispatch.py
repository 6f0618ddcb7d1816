"""pgqueuer's dispatcher with what it lacks.

A worker that was paused and replaced cannot end or prolong the other's job; the number of jobs at a time may
change while running; a statement that fails ends neither the dispatcher nor a job.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain import models, types

from tesigo.kit.queue import NAMES
from tesigo.kit.queue_connection import QueueConnection

log = structlog.get_logger(__name__)

_MOST_AT_ONCE = 50
_ASK_AGAIN_EVERY_S = 0.25  # how many may run can rise at any time
_NO_TAKE_OVER = timedelta(days=1)
_PAUSE_AFTER_FAILURE = timedelta(seconds=1)
_KEEP = f"""
    UPDATE {NAMES.queue_table} SET heartbeat = now()
    WHERE id = ANY($1::bigint[]) AND queue_manager_id = $2 AND status = 'picked'
    RETURNING id
"""  # noqa: S608 - a name of ours


@dataclass
class FencedStatements(Queries):
    """pgqueuer's statements, each only for jobs that are still this worker's."""

    driver: QueueConnection
    worker: types.QueueManagerId = field(kw_only=True)
    on_lost: Callable[[int], None] = field(kw_only=True)
    ending: set[int] = field(init=False, default_factory=set)
    """Jobs that have been run, of which the database does not know yet: not to be run again."""

    async def claim(
        self, most: int, tasks: Sequence[types.QueueEntrypoint], lease: timedelta
    ) -> list[models.Job]:
        """Return ready jobs that are ours from now on, highest priority first, also those of silent workers."""

        def make() -> tuple[str, Sequence[object]]:
            # After the database was away everybody's leases have run out: each is given time to renew its own.
            is_just_back = self.driver.back_for_s() < lease.total_seconds()
            query = self.qbq.build_dequeue_query(
                batch_size=most,
                entrypoints=list(tasks),
                concurrency_limits=[0] * len(tasks),
                queue_manager_id=self.worker,
                global_concurrency_limit=None,
                heartbeat_timeout=_NO_TAKE_OVER if is_just_back else lease,
            )
            return query.sql, query.args

        self.driver.tell_next_change()
        return [models.Job.model_validate(row) for row in await self.driver.fetch_made(make)]

    async def update_heartbeat(self, job_ids: list[types.JobId]) -> None:
        """Prolong the leases; tell which are lost."""
        kept = await self._keep(job_ids)
        for job_id in job_ids:
            if job_id not in kept:
                self.on_lost(job_id)

    async def log_jobs(
        self, job_status: list[tuple[models.Job, types.JOB_STATUS, models.TracebackRecord | None]]
    ) -> None:
        """End jobs, but none that was cancelled: it is another worker's when the lease is over."""
        ended = [each for each in job_status if each[1] != "canceled"]
        kept = await self._keep([job.id for job, _, _ in ended])
        await super().log_jobs([each for each in ended if each[0].id in kept])
        self.ending.difference_update(job.id for job, _, _ in job_status)

    async def retry_job(
        self, job: models.Job, delay: timedelta, traceback_record: models.TracebackRecord | None
    ) -> None:
        """Give a job back, and say so, because pgqueuer announces new jobs only.

        One that cannot be given back passes on when its lease is over; pgqueuer would call it failed.
        """
        try:
            if job.id not in await self._keep([job.id]):
                return
            await super().retry_job(job, delay, traceback_record)
            await self._announce()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as failure:
            log.warning("a job passes on when its lease is over", queue_id=job.id, reason=repr(failure))

    async def _announce(self) -> None:
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
class Dispatcher(QueueManager):
    """pgqueuer's dispatcher, never with more jobs than `concurrency` says at the moment."""

    queries: FencedStatements
    concurrency: Callable[[], int] = field(kw_only=True)
    _has_room: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    def forget_job(self, job_id: types.JobId, context: models.Context, task: asyncio.Task[None]) -> None:
        """Hear that a job has ended."""
        super().forget_job(job_id, context, task)
        self._has_room.set()

    async def fetch_jobs(
        self,
        batch_size: int,  # noqa: ARG002 - the signature is pgqueuer's
        global_concurrency_limit: int | None,  # noqa: ARG002 - the signature is pgqueuer's
        heartbeat_timeout: timedelta,
    ) -> AsyncGenerator[models.Job, None]:
        """Yield ready jobs, claimed as many at once as there is room for, until none is ready."""
        while not self.shutdown.is_set():
            self._has_room.clear()
            room = min(self.concurrency() - len(self.job_context), _MOST_AT_ONCE)
            if room < 1:
                with contextlib.suppress(TimeoutError):
                    # `wait_for` loses a cancellation that comes at the same moment
                    async with asyncio.timeout(_ASK_AGAIN_EVERY_S):
                        await self._has_room.wait()
                continue
            jobs = await self._claim(room, heartbeat_timeout)
            for job in jobs:
                if job.id not in self.queries.ending:
                    yield job
            if len(jobs) < room:
                return

    async def _claim(self, most: int, lease: timedelta) -> list[models.Job]:
        try:
            return await self.queries.claim(most, list(self.entrypoint_registry), lease)
        except asyncpg.PostgresError:
            # raised, it would keep all jobs from being taken until the last of the running ones has ended
            log.exception("no jobs can be taken, trying again")
            return []

    async def _effective_dequeue_timeout(self, dequeue_timeout: timedelta) -> timedelta:
        try:
            return await super()._effective_dequeue_timeout(dequeue_timeout)
        except asyncpg.PostgresError:
            log.exception("the queue cannot be looked at, trying again")
            return _PAUSE_AFTER_FAILURE
