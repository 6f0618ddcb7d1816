"""The figures of a whole installation: its users, documents and jobs, who works, and what it has used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import users_service
from tesigo.documents import service as documents
from tesigo.generation import all_jobs_service, workers_service
from tesigo.generation.service import WRITE_DOCUMENT
from tesigo.kit.queue import queue_depth
from tesigo.usage import limits_service
from tesigo.usage import service as usage


@dataclass(frozen=True, slots=True)
class Stats:
    """An installation at one moment.

    total_users, total_documents: those that are there, without what was deleted.
    total_tokens: ever used, also by users and for documents that are gone; tokens_today: of these, since midnight UTC.
    average_tokens: over the documents that are there and have used any, 0 when none has.
    jobs: by status, 0 where none is. queue_depth: jobs that are ready for a worker. workers: processes that live.
    """

    total_users: int
    total_documents: int
    total_tokens: int
    tokens_today: int
    average_tokens: float
    jobs: Mapping[str, int]
    queue_depth: int
    workers: int


async def read_stats(tx: AsyncSession, now: datetime) -> Stats:
    """Return the figures of now. tx: a snapshot, so that they are of the same moment."""
    counted = await documents.count_documents(tx)
    return Stats(
        total_users=await users_service.count_users(tx),
        total_documents=counted.there,
        total_tokens=await usage.count_tokens(tx),
        tokens_today=await limits_service.all_tokens_used_today(tx, now),
        average_tokens=counted.tokens / counted.with_tokens if counted.with_tokens else 0,
        jobs=await all_jobs_service.count_jobs(tx),
        queue_depth=await queue_depth(tx, WRITE_DOCUMENT),
        workers=(await workers_service.count_workers(tx, now)).alive,
    )
