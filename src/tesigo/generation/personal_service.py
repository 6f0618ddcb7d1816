"""All jobs of one person: read, and taken out of the queue for ever."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.generation import personal_store
from tesigo.generation.service import WRITE_DOCUMENT, topic_of, topic_of_run
from tesigo.kit.notify import announce
from tesigo.kit.queue import erase
from tesigo.kit.records import as_record

KEPT_BACK: Mapping[str, Mapping[str, str]] = {
    "jobs": {
        "fence": "by which a worker proves that the job is its own",
        "queue_id": "a place in the queue, which says nothing about a person",
    },
}
"""Columns, by table, that nobody is told, and why."""


async def read_jobs(tx: AsyncSession, user_id: int, document_id: int) -> list[dict[str, Any]]:
    """Return the jobs of the user's document, oldest first, each with its newest `checkpoint` or None."""
    return [
        {
            **as_record(job, without=KEPT_BACK["jobs"]),
            "checkpoint": None if checkpoint is None else as_record(checkpoint),
        }
        for job, checkpoint in await personal_store.get_jobs(tx, user_id, document_id=document_id)
    ]


async def read_events(tx: AsyncSession, document_id: int) -> list[dict[str, Any]]:
    """Return what happened to the document's jobs, in its order."""
    return [as_record(event) for event in await personal_store.get_events(tx, document_id)]


async def take_jobs_out(tx: AsyncSession, user_id: int, document_ids: Sequence[int]) -> Sequence[uuid.UUID]:
    """Return the ids of the user's jobs, which the queue and its log know no more; their rows are still there.

    document_ids: of the user's documents, which are locked. The runs and the watchers of these are told: a run
    whose row is gone by then stops, writes nothing back, and is not tried again.
    """
    job_ids = await personal_store.get_job_ids(tx, user_id)
    await erase(tx, WRITE_DOCUMENT, "job_id", job_ids)
    for job_id in job_ids:
        await announce(tx, topic_of_run(job_id))
    for document_id in document_ids:
        await announce(tx, topic_of(document_id))
    return job_ids
