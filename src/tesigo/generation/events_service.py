"""What watchers of a document are told: its state at a moment, and the events after it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import service as documents
from tesigo.documents.errors import DocumentNotFound
from tesigo.generation import store
from tesigo.generation.models import EventRow, JobRow


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a document stood when event `seq` had happened; without a job `status` is the document's own.

    last_seq: the number of its newest event, 0 when there was none yet.
    """

    seq: int
    last_seq: int
    job_id: uuid.UUID | None
    status: str
    progress: int
    stage: str
    sections_done: int
    sections_total: int
    error: str | None
    at: datetime


async def take_snapshot(
    tx: AsyncSession, user_id: int, document_id: int, *, after: int | None, now: datetime
) -> Snapshot:
    """Return where the user's document stood after that event, 0 being the beginning; where it stands now by None.

    It is the present state, too, when that event or a later one was cleaned away, or when it has not happened:
    the snapshot's own `seq` tells. Raises DocumentNotFound, also for another's document.
    """
    document = await documents.own_document(tx, user_id, document_id)
    job, last_seq = await store.get_last_state(tx, document_id)
    if after is None or after > last_seq or not await _is_all_kept(tx, document_id, max(1, after), last_seq):
        return _present(document.status, job, last_seq=last_seq, at=now)
    if after == 0:
        return _before_any_job("draft" if last_seq else document.status, last_seq=last_seq, at=now)
    event = await store.get_event(tx, document_id, after)
    return Snapshot(
        seq=event.seq,
        last_seq=last_seq,
        job_id=event.job_id,
        status=event.status,
        progress=event.progress,
        stage=event.stage,
        sections_done=event.sections_done,
        sections_total=event.sections_total,
        error=event.error,
        at=event.at,
    )


async def read_events(tx: AsyncSession, document_id: int, *, after: int, limit: int) -> Sequence[EventRow]:
    """Return the events after this number, in their order, at most `limit` of them.

    Whose document it is, is for the caller to have checked. Raises DocumentNotFound when it is gone.
    """
    events = await store.get_events(tx, document_id, after=after, limit=limit)
    if not events and not await store.is_document_there(tx, document_id):
        raise DocumentNotFound
    return events


async def _is_all_kept(tx: AsyncSession, document_id: int, first: int, last: int) -> bool:
    """Tell whether the events of these numbers are all there: they are cleaned away in no certain order."""
    return await store.count_events(tx, document_id, first=first, last=last) == last - first + 1


def _present(status: str, job: JobRow | None, *, last_seq: int, at: datetime) -> Snapshot:
    if job is None:
        return _before_any_job(status, last_seq=last_seq, at=at)
    return Snapshot(
        seq=last_seq,
        last_seq=last_seq,
        job_id=job.id,
        status=job.status,
        progress=job.progress,
        stage=job.stage,
        sections_done=job.sections_done,
        sections_total=job.sections_total,
        error=job.error,
        at=at,
    )


def _before_any_job(status: str, *, last_seq: int, at: datetime) -> Snapshot:
    return Snapshot(
        seq=0,
        last_seq=last_seq,
        job_id=None,
        status=status,
        progress=0,
        stage="",
        sections_done=0,
        sections_total=0,
        error=None,
        at=at,
    )
