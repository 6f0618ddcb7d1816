"""The queue of background work: how a job gets in, and what the database needs for it.

The jobs lie in our own database (pgqueuer's tables), so that a job commits and rolls back with the row that
it serves. `queue_worker` takes them out again.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pgqueuer.adapters.persistence import schema_ddl
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.domain.schema.declaration import target
from pgqueuer.domain.settings import DBSettings, Durability
from sqlalchemy import text
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

_ENQUEUE = QueryQueueBuilder(NAMES).build_enqueue_query()
_DEPTH = text(
    f"SELECT count(*) FROM {NAMES.queue_table} WHERE status = 'queued' AND execute_after <= now()"  # noqa: S608 - a name of ours
)


class RetryIn(Exception):
    """What a handler raises to have its job run again, by any worker, after `delay_s`."""

    def __init__(self, delay_s: float) -> None:
        super().__init__(f"again in {delay_s:g} s")
        self.delay_s = delay_s


async def defer(
    tx: AsyncSession,
    task: str,
    payload: Mapping[str, Any],
    *,
    priority: int = 0,
    delay: timedelta = timedelta(0),
) -> None:
    """Put a job into the queue when this session's transaction commits; a rollback leaves none.

    task: the name of a handler of `queue_worker.consume`. payload: what JSON can say. priority: 32 bits,
    higher first, and of equals the older first.
    """
    # Through SQLAlchemy, not on the driver's connection below it: that would not have begun a transaction
    # when this is the session's first statement, and the job would survive a rollback.
    connection = await tx.connection()
    await connection.exec_driver_sql(
        _ENQUEUE, ([priority], [task], [json.dumps(dict(payload)).encode()], [delay], [None], ["null"])
    )


async def queue_depth(connection: AsyncConnection | AsyncSession) -> int:
    """Return how many jobs wait for a worker now; those with a delay count once it is over."""
    return int((await connection.execute(_DEPTH)).scalar_one())


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
