"""Jobs as their user sees them: requested, looked at, watched."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.identity import User
from tesigo.documents import sections_service
from tesigo.documents import service as documents
from tesigo.documents.models import DocumentRow
from tesigo.generation import store
from tesigo.generation.errors import AlreadyWritten, JobRuns
from tesigo.generation.models import EventRow, JobRow
from tesigo.generation.progress import priority_of
from tesigo.kit.notify import announce
from tesigo.kit.queue import defer

WRITE_DOCUMENT = "write_document"
"""The queue's name for the task that runs a job; its payload is `{"job_id": …}`."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job with what can be said of its future.

    queue_position: how many are served before it, None unless it waits. eta_s: seconds until it ends, by the
    pace of its sections so far, None while there is none.
    """

    job: JobRow
    queue_position: int | None
    eta_s: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a document stands: its newest job, if there was any, and the number of its last event."""

    document_status: str
    job: JobRow | None
    seq: int


async def request_job(tx: AsyncSession, user: User, document: DocumentRow, *, now: datetime) -> JobRow:
    """Have the document written: the job's row and its place in the queue, in this one transaction.

    A document whose job failed goes on from what is written. Raises JobRuns and AlreadyWritten.
    """
    document = await documents.own_document(tx, user.id, document.id, lock=True)
    if await store.find_unfinished_job(tx, document.id):
        raise JobRuns
    if document.status == "completed" or (document.status == "draft" and document.word_count):
        raise AlreadyWritten
    job = JobRow(
        id=uuid.uuid4(),
        document_id=document.id,
        user_id=user.id,
        status="queued",
        stage="",
        progress=0,
        sections_done=0,
        sections_total=0,
        priority=priority_of(document.pages, is_premium=user.is_premium, now=now),
        attempt=0,
        fence=None,
        error=None,
        warnings=[],
        tokens_used=0,
        created_at=now,
        started_at=None,
        finished_at=None,
    )
    document.status = "generating"
    await store.add_job(tx, job)
    await tell(tx, job, "status", at=now)
    await defer(tx, WRITE_DOCUMENT, {"job_id": str(job.id)}, priority=job.priority)
    return job


async def get_job_status(tx: AsyncSession, user_id: int, job_id: uuid.UUID, now: datetime) -> JobStatus:
    """Return the user's job. Raises JobNotFound, the same for one that is absent and for another's."""
    job = await store.get_job(tx, job_id, user_id=user_id)
    position = await store.count_before(tx, job) if job.status == "queued" else None
    return JobStatus(job, position, _eta_s(job, now))


async def find_latest_job(tx: AsyncSession, document_id: int) -> JobRow | None:
    """Return the document's newest job; whose document it is, is for the caller to have checked."""
    return await store.find_latest_job(tx, document_id)


async def take_snapshot(tx: AsyncSession, user_id: int, document_id: int) -> Snapshot:
    """Return where the user's document stands. Raises DocumentNotFound, also for another's."""
    document = await documents.own_document(tx, user_id, document_id)
    job, seq = await store.get_last_state(tx, document_id)
    return Snapshot(document.status, job, seq)


async def read_events(
    tx: AsyncSession, document_id: int, *, after: int, limit: int = 500
) -> Sequence[EventRow]:
    """Return the events after this number, in their order, at most `limit` of them."""
    return await store.get_events(tx, document_id, after=after, limit=limit)


async def tell(tx: AsyncSession, job: JobRow, kind: str, *, at: datetime, section: str | None = None) -> None:
    """Record an event of the job (its row is locked or new) and wake those who watch the document.

    kind: status, stage or section.
    """
    await store.add_event(tx, job, kind, section=section, at=at)
    await announce(tx, topic_of(job.document_id))


def topic_of(document_id: int) -> str:
    """Return the topic under which news of this document is announced."""
    return f"document:{document_id}"


async def end_job(
    tx: AsyncSession, job: JobRow, status: str, *, at: datetime, error: str | None = None
) -> None:
    """End a job that is locked, and bring its document into the state that follows."""
    job.status = status
    job.error = error
    job.fence = None
    job.finished_at = at
    await sections_service.record_status(tx, job.document_id, status)
    await tell(tx, job, "status", at=at)


def _eta_s(job: JobRow, now: datetime) -> int | None:
    if job.status != "running" or job.started_at is None or not job.sections_done:
        return None
    pace_s = (now - job.started_at).total_seconds() / job.sections_done
    return round(pace_s * (job.sections_total - job.sections_done))
