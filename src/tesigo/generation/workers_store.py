"""The SQL of worker processes."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.generation.models import WorkerRow


async def put_worker(
    tx: AsyncSession,
    worker_id: uuid.UUID,
    *,
    host: str,
    pid: int,
    capacity: int,
    running: int,
    models: list[dict[str, Any]],
    started_at: datetime,
    seen_at: datetime,
) -> None:
    """Add the process, or bring what is known of it up to date."""
    news = {"capacity": capacity, "running": running, "models": models, "seen_at": seen_at}
    statement = insert(WorkerRow).values(id=worker_id, host=host, pid=pid, started_at=started_at, **news)
    await tx.execute(statement.on_conflict_do_update(index_elements=[WorkerRow.id], set_=news))


async def get_workers(tx: AsyncSession, *, seen_after: datetime) -> Sequence[WorkerRow]:
    """Return the processes seen after this time, the oldest first."""
    query = select(WorkerRow).where(WorkerRow.seen_at > seen_after)
    return (await tx.scalars(query.order_by(WorkerRow.started_at, WorkerRow.id))).all()


async def delete_worker(tx: AsyncSession, worker_id: uuid.UUID) -> None:
    """Delete one process; none is no error."""
    await tx.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))


async def delete_workers_before(tx: AsyncSession, time: datetime) -> int:
    """Delete the processes not seen since this time; return how many."""
    gone = await tx.scalars(delete(WorkerRow).where(WorkerRow.seen_at < time).returning(WorkerRow.id))
    return len(gone.all())
