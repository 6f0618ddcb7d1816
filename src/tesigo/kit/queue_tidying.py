"""Keep the queue's tables small."""

from typing import Any, cast

from sqlalchemy import CursorResult, TextClause, text

from tesigo.kit.db import Database
from tesigo.kit.queue import NAMES

_AT_ONCE = 5_000


def _deletion(table: str, condition: str) -> TextClause:
    return text(
        f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {condition} ORDER BY id LIMIT :most)"  # noqa: S608 - names of ours
    )


_DELETIONS = (
    _deletion(NAMES.queue_table_log, "created < now() - interval '7 days'"),
    _deletion(NAMES.queue_table, "status = 'failed' AND updated < now() - interval '30 days'"),
    _deletion(NAMES.schedules_table, "next_run < now() - interval '30 days'"),
)


async def tidy_queue(database: Database) -> int:
    """Remove what nobody will read any more, in short transactions of its own; return how many rows.

    The log after a week; failed jobs, and schedules that no process has run, after a month. It is to be run
    as a periodic task; several at a time do no harm. Raises DatabaseAway: the next run removes the rest.
    """
    removed = 0
    for deletion in _DELETIONS:
        gone = _AT_ONCE
        while gone == _AT_ONCE:
            async with database.transaction() as tx:
                answer = await tx.execute(deletion, {"most": _AT_ONCE})
            gone = cast("CursorResult[Any]", answer).rowcount
            removed += gone
    return removed
