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
    status: str
    at: datetime
    job_id: uuid.UUID | None = None
    progress: int = 0
    stage: str = ""
    sections_done: int = 0
    sections_total: int = 0
    error: str | None = None


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
        if job is None:
            return Snapshot(seq=0, last_seq=last_seq, status=document.status, at=now)
        return _snapshot_of(job, job.id, seq=last_seq, last_seq=last_seq, at=now)
    if after == 0:
        return Snapshot(seq=0, last_seq=last_seq, status="draft" if last_seq else document.status, at=now)
    event = await store.get_event(tx, document_id, after)
    return _snapshot_of(event, event.job_id, seq=event.seq, last_seq=last_seq, at=event.at)


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


def _snapshot_of(
    told: JobRow | EventRow, job_id: uuid.UUID, *, seq: int, last_seq: int, at: datetime
) -> Snapshot:
    return Snapshot(
        seq=seq,
        last_seq=last_seq,
        status=told.status,
        at=at,
        job_id=job_id,
        progress=told.progress,
        stage=told.stage,
        sections_done=told.sections_done,
        sections_total=told.sections_total,
        error=told.error,
    )
