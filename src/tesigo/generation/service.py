"""Jobs: requested, queued again, told of, ended."""

import uuid
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.identity import User
from tesigo.documents import sections_service
from tesigo.documents import service as documents
from tesigo.documents.models import DocumentRow
from tesigo.documents.sections_service import SectionCounts
from tesigo.generation import store
from tesigo.generation.budgets import Budget, require_room
from tesigo.generation.deadlines import priority_of
from tesigo.generation.errors import AlreadyWritten, JobRuns, TextIsEdited
from tesigo.generation.models import JobRow
from tesigo.generation.progress import progress_of_sections
from tesigo.kit.notify import announce
from tesigo.kit.queue import defer, take_out

WRITE_DOCUMENT = "write_document"
"""The queue's name for the task that runs a job; its payload is `{"job_id": …}`."""


async def request_job(
    tx: AsyncSession, user: User, document: DocumentRow, *, budget: Budget, now: datetime
) -> JobRow:
    """Have the document written: the job's row and its place in the queue, in this one transaction.

    A paused job goes on as the same job; where one failed or was cancelled, a new one goes on from what is
    written. Raises JobRuns, AlreadyWritten also for a text that its user has taken over, TokenLimitReached.
    """
    document = await documents.own_document(tx, user.id, document.id, lock=True)
    unfinished = await store.find_unfinished_job(tx, document.id)
    if unfinished is not None and unfinished.status != "paused":
        raise JobRuns
    counts = await _count_unless_written(tx, document)
    await require_room(tx, budget, user, document, planned=counts.planned, now=now)
    priority = priority_of(document.pages, is_premium=user.is_premium, now=now)
    if unfinished is not None:
        unfinished.priority = priority  # the time in which it rested is no time of waiting
        return await queue_again(tx, unfinished, at=now)
    reached = progress_of_sections(counts.written, counts.planned) if counts.planned else 0
    job = JobRow(
        id=uuid.uuid4(),
        document_id=document.id,
        user_id=user.id,
        status="queued",
        stage="",
        progress=reached,
        sections_done=counts.written,
        sections_total=counts.planned,
        priority=priority,
        attempt=0,
        fence=None,
        resumes_at=None,
        rests=0,
        error=None,
        warnings=[],
        tokens_used=0,
        queue_id=None,
        checkpoint_at=None,
        created_at=now,
        started_at=None,
        finished_at=None,
    )
    await store.add_job(tx, job)
    await _put_in_queue(tx, job, at=now)
    return job


async def queue_again(tx: AsyncSession, job: JobRow, *, at: datetime) -> JobRow:
    """Return the unfinished job, in the queue anew; its document is locked, and no worker has it.

    It keeps its priority: a job whose entry was lost has waited all the time. Its attempts are counted anew.
    """
    if job.queue_id is not None:
        # a worker that was killed between its last word and the end of its entry would have it run beside the new one
        await take_out(tx, job.queue_id)
    job.status = "queued"
    job.error = None
    job.fence = None
    job.attempt = job.rests = 0
    job.resumes_at = None
    await _put_in_queue(tx, job, at=at)
    return job


async def own_job(tx: AsyncSession, user_id: int, job_id: uuid.UUID) -> JobRow:
    """Return the user's job: the one check of ownership for jobs.

    Raises JobNotFound, the same for a job that is absent and for another's.
    """
    return await store.get_job(tx, job_id, user_id=user_id)


async def find_latest_job(tx: AsyncSession, document_id: int) -> JobRow | None:
    """Return the document's newest job; whose document it is, is for the caller to have checked."""
    return await store.find_latest_job(tx, document_id)


async def tell(tx: AsyncSession, job: JobRow, kind: str, *, at: datetime, section: str | None = None) -> None:
    """Record an event of the job (its row is locked or new) and wake those who watch the document.

    kind: status, stage or section.
    """
    await store.add_event(tx, job, kind, section=section, at=at)
    await announce(tx, topic_of(job.document_id))


def topic_of(document_id: int) -> str:
    """Return the topic under which news of this document is announced."""
    return f"document:{document_id}"


def topic_of_run(job_id: uuid.UUID) -> str:
    """Return the topic under which the run of this job is told that it may be over."""
    return f"job:{job_id}"


async def end_job(
    tx: AsyncSession, job: JobRow, status: str, *, at: datetime, error: str | None = None
) -> None:
    """End a job that is locked, and bring its document into the state that follows.

    The document of a cancelled one is paused when anything of it is planned or written, else a draft again.
    """
    job.status = status
    job.error = error
    job.fence = None
    job.resumes_at = None
    job.finished_at = at
    if status == "cancelled":
        has_begun = (await sections_service.count_sections(tx, job.document_id)).planned > 0
        status = "paused" if has_begun else "draft"
    await sections_service.record_status(tx, job.document_id, status)
    await tell(tx, job, "status", at=at)


async def _put_in_queue(tx: AsyncSession, job: JobRow, *, at: datetime) -> None:
    await sections_service.record_status(tx, job.document_id, "generating")
    await tell(tx, job, "status", at=at)
    job.queue_id = await defer(tx, WRITE_DOCUMENT, {"job_id": str(job.id)}, priority=job.priority)


async def _count_unless_written(tx: AsyncSession, document: DocumentRow) -> SectionCounts:
    """Return what is planned and written of a document that there is something left to do for.

    A text that its user replaced as a whole has no planned sections any more: either it tells of its author,
    or, taken over unchanged, of fewer sections than were planned.
    """
    if document.status == "completed" or (document.status == "draft" and document.word_count):
        raise AlreadyWritten
    counts = await sections_service.count_sections(tx, document.id)
    if counts.planned and counts.written == counts.planned:
        last = await store.find_latest_job(tx, document.id)
        if counts.edited or (last is not None and counts.planned < last.sections_total):
            raise TextIsEdited
    return counts
