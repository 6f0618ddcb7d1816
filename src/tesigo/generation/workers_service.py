"""Worker processes, on all machines: each tells of itself, and everybody can ask who works."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.gateway.measurements import ModelMeasured
from tesigo.generation import workers_store

ALIVE_FOR = timedelta(seconds=15)
"""How long after its last sign a worker is still believed to live."""

_FORGOTTEN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process as it told of itself.

    capacity: how many jobs it takes at a time now, 0 while it stops. running: how many it runs, which is more
    than its capacity while that falls. models: those that it called since it started.
    """

    id: uuid.UUID
    host: str
    pid: int
    capacity: int
    running: int
    started_at: datetime
    models: Sequence[ModelMeasured] = ()


@dataclass(frozen=True, slots=True)
class WorkersTotal:
    """All workers that live: their number, and the sums of what each says of itself."""

    alive: int
    capacity: int
    running: int


async def report_worker(tx: AsyncSession, worker: Worker, *, now: datetime) -> None:
    """Record what a worker tells of itself, as a sign of life."""
    await workers_store.put_worker(
        tx,
        worker.id,
        host=worker.host,
        pid=worker.pid,
        capacity=worker.capacity,
        running=worker.running,
        models=[asdict(model) for model in worker.models],
        started_at=worker.started_at,
        seen_at=now,
    )


async def dismiss_worker(tx: AsyncSession, worker_id: uuid.UUID) -> None:
    """Forget a worker that has stopped."""
    await workers_store.delete_worker(tx, worker_id)


async def list_workers(tx: AsyncSession, now: datetime) -> Sequence[Worker]:
    """Return the workers that live, the oldest first: those that gave a sign within 15 s."""
    rows = await workers_store.get_workers(tx, seen_after=now - ALIVE_FOR)
    return [
        Worker(
            row.id,
            row.host,
            row.pid,
            row.capacity,
            row.running,
            row.started_at,
            tuple(ModelMeasured(**told) for told in row.models),
        )
        for row in rows
    ]


async def count_workers(tx: AsyncSession, now: datetime) -> WorkersTotal:
    """Return the sums over the workers that live."""
    workers = await list_workers(tx, now)
    return WorkersTotal(
        alive=len(workers),
        capacity=sum(worker.capacity for worker in workers),
        running=sum(worker.running for worker in workers),
    )


async def forget_lost_workers(tx: AsyncSession, now: datetime) -> int:
    """Remove workers that gave no sign for a minute; return how many. One that wakes up tells of itself anew."""
    return await workers_store.delete_workers_before(tx, now - _FORGOTTEN_AFTER)
