"""Run what is due again and again, once across all processes.

A row for each name and expression says when it is due next (pgqueuer's table and scheduler). A process takes a
due row, gives signs of life while it runs, and sets it back; a row whose process went silent is taken by
another. Its last sign of life is the token of who has it: a process that was paused and replaced finds another
there, stops, and changes nothing. Times are UTC, whatever the machine's zone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import AbstractScheduleExecutor, ScheduleExecutor
from pgqueuer.core.sm import SchedulerManager
from pgqueuer.domain import models, types

from tesigo.kit.queue import NAMES
from tesigo.kit.queue_connection import QueueConnection
from tesigo.kit.queue_runs import Runs, RunStopped, run_until_stopped

log = structlog.get_logger(__name__)

_LOOK_EVERY = timedelta(seconds=2)
_TAKE = f"""
    WITH ours AS (
        SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS ours (expression, entrypoint, next_run)
    ), added AS (
        INSERT INTO {NAMES.schedules_table} (expression, entrypoint, next_run)
        SELECT expression, entrypoint, next_run FROM ours
        WHERE (expression, entrypoint) NOT IN (SELECT expression, entrypoint FROM {NAMES.schedules_table})
        ON CONFLICT DO NOTHING
    )
    UPDATE {NAMES.schedules_table} AS schedule
    SET status = 'picked', heartbeat = clock_timestamp(), updated = now(), next_run = ours.next_run
    FROM ours
    WHERE schedule.expression = ours.expression AND schedule.entrypoint = ours.entrypoint
        AND schedule.id <> ALL($4::bigint[]) AND ours.next_run > now()
        AND (schedule.status = 'queued' AND schedule.next_run <= now()
            OR schedule.status = 'picked' AND schedule.heartbeat < now() - $5::interval)
    RETURNING schedule.*
"""  # noqa: S608 - names of ours
_KEEP = f"""
    UPDATE {NAMES.schedules_table} AS schedule SET heartbeat = clock_timestamp(), updated = now()
    FROM unnest($1::bigint[], $2::timestamptz[]) AS ours (id, heartbeat)
    WHERE schedule.id = ours.id AND schedule.heartbeat = ours.heartbeat AND schedule.status = 'picked'
    RETURNING schedule.id, schedule.heartbeat
"""  # noqa: S608 - a name of ours
_SET_BACK = f"""
    UPDATE {NAMES.schedules_table}
    SET status = 'queued', last_run = now(), updated = now(),
        next_run = CASE WHEN $3 THEN now() ELSE next_run END
    WHERE id = $1 AND heartbeat = $2 AND status = 'picked'
"""  # noqa: S608 - a name of ours


@dataclass(frozen=True)
class Periodic:
    """Something to be run again and again.

    name: unlike all others. cron: five fields in UTC, or a sixth for seconds. run: what is run; one run of it
    is over before another begins, and one that raises is logged and run when it is due again.
    """

    name: str
    cron: str
    run: Callable[[], Awaitable[None]]


class Schedules:
    """One scheduler over one connection. Raises ValueError for a cron expression that is none."""

    def __init__(self, database_url: str, periodic: Sequence[Periodic], lease_s: float) -> None:
        self._runs = Runs()
        self._connection = QueueConnection(database_url)
        self._rows = _ScheduleRows(
            self._connection,
            QueryBuilderEnvironment(NAMES),
            QueryQueueBuilder(NAMES),
            QuerySchedulerBuilder(NAMES),
            lease=timedelta(seconds=lease_s),
            on_lost=self._cancel_lost,
        )
        self._scheduler = SchedulerManager(self._rows)
        self._rows.executors = self._scheduler.registry
        for each in periodic:
            self._scheduler.schedule(
                each.name, each.cron, executor_factory=_LooksOften, accepts_context=False
            )(self._runner(each))

    async def run(self, stop: asyncio.Event, grace_s: float) -> None:
        """Run what is due until stopped; what outlasts the grace then is cancelled and due again at once."""
        await run_until_stopped(
            asyncio.create_task(self._scheduler.run()),
            self._runs,
            self._connection,
            stop=stop,
            shutdown=self._scheduler.shutdown,
            grace_s=grace_s,
        )

    def _runner(self, periodic: Periodic) -> Callable[[models.Schedule], Awaitable[None]]:
        async def run(schedule: models.Schedule) -> None:
            try:
                await self._runs.follow(schedule.id, periodic.run())
            except RunStopped:
                log.info("a periodic task is handed back", task=periodic.name)
                self._rows.is_due_at_once.add(schedule.id)
            except Exception:
                log.exception("a periodic task failed", task=periodic.name)

        return run

    def _cancel_lost(self, schedule_id: int) -> None:
        if self._runs.cancel(schedule_id):
            log.warning("another worker has taken a periodic task over", schedule_id=schedule_id)


class _LooksOften(ScheduleExecutor):
    """pgqueuer's executor; the table is looked at more often than something is due.

    Nobody announces that a process went silent, and an expression's next time may be a day away.
    """

    def next_in(self) -> timedelta:
        return min(super().next_in(), _LOOK_EVERY)


@dataclass
class _ScheduleRows(Queries):
    """pgqueuer's statements about schedules, fenced, and with due times instead of delays.

    A delay counts from whenever its statement is run: added to that and cut to whole seconds, a due time comes
    out early or late by the difference of two clocks, and is then due twice. Here the time that the expression
    says is stored, and a row is taken once both clocks, this machine's and the database's, have passed it.
    """

    lease: timedelta = field(kw_only=True)
    on_lost: Callable[[int], None] = field(kw_only=True)
    executors: Mapping[models.CronExpressionEntrypoint, AbstractScheduleExecutor] = field(
        init=False, default_factory=dict
    )
    is_due_at_once: set[int] = field(init=False, default_factory=set)
    _signs: dict[int, datetime] = field(init=False, default_factory=dict)
    # a sign must not change while it is used
    _turn: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def insert_schedule(self, schedules: dict[models.CronExpressionEntrypoint, timedelta]) -> None:
        """Do nothing: `fetch_schedule` adds what is missing."""

    async def fetch_schedule(
        self,
        entrypoints: dict[models.CronExpressionEntrypoint, timedelta],  # noqa: ARG002 - the signature is pgqueuer's
    ) -> list[models.Schedule]:
        """Take the rows that are due, or whose process went silent."""
        async with self._turn:
            rows = await self.driver.fetch(
                _TAKE,
                [key.expression for key in self.executors],
                [key.entrypoint for key in self.executors],
                [executor.get_next() for executor in self.executors.values()],
                list(self._signs),
                self.lease,
            )
            self._note_signs(rows)
        return [models.Schedule.model_validate(row) for row in rows]

    async def update_schedule_heartbeat(self, ids: set[types.ScheduleId]) -> None:
        """Give a sign of life for rows; tell which are another's."""
        async with self._turn:
            ours = {schedule_id: sign for schedule_id, sign in self._signs.items() if schedule_id in ids}
            kept = self._note_signs(await self.driver.fetch(_KEEP, list(ours), list(ours.values())))
        for schedule_id in ours:
            if schedule_id not in kept:
                self.on_lost(schedule_id)

    async def set_schedule_queued(self, ids: set[types.ScheduleId]) -> None:
        """Set back rows that have been run."""
        for schedule_id in ids:
            async with self._turn:
                is_due = schedule_id in self.is_due_at_once
                await self.driver.execute(_SET_BACK, schedule_id, self._signs.pop(schedule_id), is_due)
            self.is_due_at_once.discard(schedule_id)

    def _note_signs(self, rows: list[dict[str, Any]]) -> set[int]:
        signs = {int(row["id"]): cast("datetime", row["heartbeat"]) for row in rows}
        self._signs.update(signs)
        return set(signs)
