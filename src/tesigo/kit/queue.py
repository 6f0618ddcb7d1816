"""The queue of background work: how a job gets in, and what the database needs for it.

The jobs lie in our own database (pgqueuer's tables), so that a job commits and rolls back with the row that
it serves. `queue_worker` takes them out again.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from pgqueuer.adapters.persistence import schema_ddl
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.domain.schema.declaration import target
from pgqueuer.domain.settings import DBSettings, Durability
from sqlalchemy import ARRAY, BigInteger, Interval, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

NAMES = DBSettings(
    # Spelled out, because pgqueuer would also take them from the environment, by names as short as CHANNEL.
    prefix="",
    db_schema=None,
    channel="ch_pgqueuer",
    function="fn_pgqueuer_changed",
    trigger="tg_pgqueuer_changed",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    queue_status_type="pgqueuer_status",
    statistics_table="pgqueuer_statistics",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
)

LEASE_S = 10.0
"""How long a job stays with a worker that gives no sign of life. Signs are given every half of it."""

_PAUSES_S = ((2.0, 2.0), (10.0, 8.0), (40.0, 30.0), (160.0, 120.0))
"""(tried for less than so long, pause): each limit is the sum of the pauses before."""
_LONGEST_PAUSE_S = 600.0

_ENQUEUE = QueryQueueBuilder(NAMES).build_enqueue_query()
_DEPTH = text(
    f"""
    SELECT count(*) FROM {NAMES.queue_table}
    WHERE status = 'queued' AND execute_after <= now() AND entrypoint = coalesce(:task, entrypoint)
    """  # noqa: S608 - names of ours
).bindparams(bindparam("task", type_=Text))
_OLDEST_WAIT = text(
    f"""
    SELECT extract(epoch FROM now() - min(execute_after)) FROM {NAMES.queue_table}
    WHERE status = 'queued' AND execute_after <= now() AND entrypoint = coalesce(:task, entrypoint)
    """  # noqa: S608 - names of ours
).bindparams(bindparam("task", type_=Text))
_WITHDRAW = text(
    f"""
    WITH removed AS (
        DELETE FROM {NAMES.queue_table} WHERE id = :queue_id AND status = ANY(:statuses)
        RETURNING id, entrypoint, priority
    )
    INSERT INTO {NAMES.queue_table_log} (job_id, status, entrypoint, priority)
    SELECT id, 'deleted', entrypoint, priority FROM removed
    RETURNING job_id
    """  # noqa: S608 - names of ours
).bindparams(bindparam("statuses", type_=ARRAY(ENUM(name=NAMES.queue_status_type, create_type=False))))
_HELD = text(
    f"""
    SELECT id FROM {NAMES.queue_table}
    WHERE id = ANY(:queue_ids) AND status = 'picked' AND heartbeat > clock_timestamp() - :lease
    """  # noqa: S608 - names of ours
).bindparams(bindparam("queue_ids", type_=ARRAY(BigInteger)), bindparam("lease", type_=Interval))

_TO_BE_RUN = text(
    f"SELECT id FROM {NAMES.queue_table} WHERE id = ANY(:queue_ids) AND status IN ('queued', 'picked')"  # noqa: S608 - a name of ours
).bindparams(bindparam("queue_ids", type_=ARRAY(BigInteger)))

_ERASE = text(
    f"""
    WITH gone AS (
        DELETE FROM {NAMES.queue_table}
        WHERE entrypoint = :task AND convert_from(payload, 'UTF8')::jsonb ->> :member = ANY(:values)
        RETURNING id
    )
    DELETE FROM {NAMES.queue_table_log} WHERE job_id IN (SELECT id FROM gone)
    """  # noqa: S608 - names of ours
).bindparams(
    bindparam("task", type_=Text), bindparam("member", type_=Text), bindparam("values", type_=ARRAY(Text))
)


class RetryIn(Exception):
    """What a handler raises to have its job run again, by any worker, after `delay_s`."""

    def __init__(self, delay_s: float) -> None:
        super().__init__(f"again in {delay_s:g} s")
        self.delay_s = delay_s


def pause_since(began: datetime, now: datetime, *, longest_s: float = _LONGEST_PAUSE_S) -> float:
    """Return for how many seconds to leave alone what has failed since then: 2, 8, 30, 120, then 600 for ever.

    longest_s: what is never exceeded, for what somebody waits for.
    """
    tried_for_s = (now - began).total_seconds()
    pause_s = next((pause_s for until_s, pause_s in _PAUSES_S if tried_for_s < until_s), _LONGEST_PAUSE_S)
    return min(pause_s, longest_s)


async def defer(
    tx: AsyncSession,
    task: str,
    payload: Mapping[str, Any],
    *,
    priority: int = 0,
    delay: timedelta = timedelta(0),
) -> int:
    """Put a job into the queue when this session's transaction commits; return its entry's id.

    A rollback leaves no entry. task: the name of a handler of `queue_worker.consume`. payload: what JSON can
    say. priority: 32 bits, higher first, and of equals the older first.
    """
    # Through SQLAlchemy, not on the driver's connection below it: that would not have begun a transaction
    # when this is the session's first statement, and the job would survive a rollback.
    connection = await tx.connection()
    added = await connection.exec_driver_sql(
        _ENQUEUE, ([priority], [task], [json.dumps(dict(payload)).encode()], [delay], [None], ["null"])
    )
    return int(added.one().id)


async def withdraw(tx: AsyncSession, queue_id: int) -> bool:
    """Remove an entry that still waits, also one with a delay; return whether it did.

    One that a worker has taken stays, even when that worker is gone: it is run again.
    """
    removed = await tx.execute(_WITHDRAW, {"queue_id": queue_id, "statuses": ["queued"]})
    return removed.first() is not None


async def take_out(tx: AsyncSession, queue_id: int) -> None:
    """Remove an entry that waits or that a worker has, so that nobody runs it again.

    A worker that still runs it is told that it has lost it, at its next sign of life.
    """
    await tx.execute(_WITHDRAW, {"queue_id": queue_id, "statuses": ["queued", "picked"]})


async def erase(tx: AsyncSession, task: str, member: str, values: Collection[object]) -> None:
    """Remove every entry of the task whose payload's member is one of these, and what the queue's log tells of it.

    Whether it waits, is run or failed: a worker that runs it is told as by `take_out`.
    """
    texts = [str(value) for value in values]
    await tx.execute(_ERASE, {"task": task, "member": member, "values": texts})


async def find_held(tx: AsyncSession, queue_ids: Collection[int], *, lease_s: float = LEASE_S) -> set[int]:
    """Return those of the entries that a worker has, of which the queue heard within the lease."""
    held = await tx.execute(_HELD, {"queue_ids": list(queue_ids), "lease": timedelta(seconds=lease_s)})
    return set(held.scalars())


async def find_entries(tx: AsyncSession, queue_ids: Collection[int]) -> set[int]:
    """Return those of the entries that a worker has or will take; ended and failed ones are not among them."""
    found = await tx.execute(_TO_BE_RUN, {"queue_ids": list(queue_ids)})
    return set(found.scalars())


async def queue_depth(connection: AsyncConnection | AsyncSession, task: str | None = None) -> int:
    """Return how many jobs, of one task when it is named, wait for a worker now.

    Those with a delay count once it is over.
    """
    return int((await connection.execute(_DEPTH, {"task": task})).scalar_one())


async def oldest_wait_s(connection: AsyncConnection | AsyncSession, task: str | None = None) -> float:
    """Return for how long the entry that waits longest, of one task when it is named, has been ready.

    One that was handed back waits from then on. 0 when none waits.
    """
    return float((await connection.execute(_OLDEST_WAIT, {"task": task})).scalar_one() or 0)


def schema_sql() -> list[str]:
    """Return the statements that make the queue's tables, for a migration, each to be run by itself.

    They are those of the pgqueuer that is installed: a release of it with other tables needs a migration too.
    """
    schema = target(NAMES)
    return [
        *(schema_ddl.render_enum(each, NAMES) for each in schema.enums),
        *(schema_ddl.render_table(each, NAMES) for each in schema.tables),
        *(schema_ddl.render_index(each, NAMES) for each in schema.indexes),
        *(schema_ddl.render_function(each, NAMES) for each in schema.functions),
        *(schema_ddl.render_trigger(each, NAMES) for each in schema.triggers),
    ]


def drop_sql() -> list[str]:
    """Return the statements that remove the queue's tables, as far as they are there."""
    return schema_ddl.render_uninstall(NAMES).splitlines()
