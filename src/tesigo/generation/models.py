"""The tables of jobs and of what is told about them."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tesigo.kit.db import Row

DISPATCHED = ("queued", "running")
"""The statuses of a job that goes on by itself."""
UNFINISHED = (*DISPATCHED, "paused")
ENDED = ("completed", "failed", "cancelled")
STATUSES = (*UNFINISHED, *ENDED)


def _is_one_of(statuses: Iterable[str]) -> str:
    quoted = ", ".join(f"'{status}'" for status in statuses)
    return f"status IN ({quoted})"


class JobRow(Row):
    """One run of the pipeline over a document: the truth about it, whatever the queue says.

    status: one of STATUSES. progress: 0 to 100, it never falls.
    fence: made anew by each worker that takes the job up; a write with another fence is refused.
    attempt: how many workers have taken it up since it last got on.
    resumes_at: when it goes on by itself, for a paused job that waits for a provider; None for one that does not.
    rests: how often it did so since it last got on.
    queue_id: its entry in the queue; an ended job's entry may be gone.
    checkpoint_at: when its newest checkpoint was taken, None before the first.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(_is_one_of(STATUSES), name="status_is_known"),
        Index(
            "uq_jobs_unfinished",
            "document_id",
            unique=True,
            postgresql_where=text(_is_one_of(UNFINISHED)),
        ),
        Index(
            "ix_jobs_waiting", text("priority DESC"), "created_at", postgresql_where=text("status = 'queued'")
        ),
        Index("ix_jobs_status", "status", "finished_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(16), server_default="")
    progress: Mapped[int] = mapped_column(server_default="0")
    sections_done: Mapped[int] = mapped_column(server_default="0")
    sections_total: Mapped[int] = mapped_column(server_default="0")
    priority: Mapped[int]
    attempt: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[uuid.UUID | None]
    resumes_at: Mapped[datetime | None]
    rests: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None] = mapped_column(Text)
    warnings: Mapped[list[str]] = mapped_column(server_default="[]")
    tokens_used: Mapped[int] = mapped_column(BigInteger, server_default="0")
    queue_id: Mapped[int | None] = mapped_column(BigInteger)
    checkpoint_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class EventRow(Row):
    """What happened to a document's job, as watchers are told; `seq` has no gap within a document."""

    __tablename__ = "generation_events"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job_id: Mapped[uuid.UUID]
    type: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(16))
    progress: Mapped[int]
    sections_done: Mapped[int]
    sections_total: Mapped[int]
    section: Mapped[str | None] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]


class CheckpointRow(Row):
    """Where a job stood when it last took stock; what is written lies in the sections themselves.

    sections_done, current_sections: numbers of sections, written and under way.
    """

    __tablename__ = "checkpoints"

    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    document_id: Mapped[int] = mapped_column(BigInteger)
    progress: Mapped[int]
    sections_done: Mapped[list[str]]
    current_sections: Mapped[list[str]]
    tokens_used: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]


class WorkerRow(Row):
    """A worker process that gave a sign of life at `seen_at`.

    capacity: how many jobs it may run at a time now; running: how many it runs.
    models: what it tells of the models that it called.
    """

    __tablename__ = "workers"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    capacity: Mapped[int]
    running: Mapped[int]
    models: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
