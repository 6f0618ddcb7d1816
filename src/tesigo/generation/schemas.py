"""What the routes of generation take and answer."""

import uuid
from datetime import datetime
from typing import Literal, Self

from pydantic import Field, model_validator

from tesigo.documents.schemas import Language, Model, Pages, Requirements, Title
from tesigo.generation.models import EventRow, JobRow
from tesigo.generation.service import JobStatus, Snapshot
from tesigo.kit.schemas import AnswerModel, RequestModel

Status = Literal["queued", "running", "paused", "completed", "failed", "cancelled"]


class ToGenerate(RequestModel):
    """What to write: a document that is there, by its id, or a new one, by its title."""

    document_id: int | None = Field(None, ge=1, le=2**63 - 1)
    title: Title | None = None
    pages: Pages = 10
    language: Language = "en"
    model: Model | None = None
    requirements: Requirements | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.document_id is None) == (self.title is None):
            raise ValueError("give either document_id or title")
        if self.document_id is not None and self.model_fields_set - {"document_id"}:
            raise ValueError("with document_id give nothing else: the document has its own settings")
        return self


class JobQueued(AnswerModel):
    """A job that waits for a worker. check_url: where its status is to be read."""

    job_id: uuid.UUID
    document_id: int
    status: Status
    check_url: str

    @classmethod
    def of(cls, job: JobRow) -> Self:
        """Return the answer for this job."""
        return cls(
            job_id=job.id,
            document_id=job.document_id,
            status="queued",
            check_url=f"/api/v1/jobs/{job.id}/status",
        )


class JobAnswer(AnswerModel):
    """How far a job is. progress: 0 to 100, it never falls; error: a sentence, when it failed."""

    job_id: uuid.UUID
    status: Status
    progress: int
    stage: str
    sections_done: int
    sections_total: int
    tokens_used: int
    queue_position: int | None
    eta_s: int | None
    error: str | None
    warnings: list[str]
    document_id: int

    @classmethod
    def of(cls, told: JobStatus) -> Self:
        """Return the answer for this job."""
        job = told.job
        return cls.model_validate(
            {
                "job_id": job.id,
                "status": job.status,
                "progress": job.progress,
                "stage": job.stage,
                "sections_done": job.sections_done,
                "sections_total": job.sections_total,
                "tokens_used": job.tokens_used,
                "queue_position": told.queue_position,
                "eta_s": told.eta_s,
                "error": job.error,
                "warnings": job.warnings,
                "document_id": job.document_id,
            }
        )


class LiveMessage(AnswerModel):
    """What the WebSocket sends: first the snapshot, then events; `seq` counts them without a gap."""

    type: Literal["snapshot", "status", "stage", "section"]
    seq: int
    job_id: uuid.UUID | None
    status: str
    progress: int
    stage: str
    sections_done: int
    sections_total: int
    section: str | None
    error: str | None
    at: datetime

    @classmethod
    def of_event(cls, event: EventRow) -> Self:
        """Return the message for this event."""
        return cls.model_validate(event)

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot, at: datetime) -> Self:
        """Return the message for this state; without any job it speaks of the document itself."""
        job = snapshot.job
        return cls(
            type="snapshot",
            seq=snapshot.seq,
            job_id=job.id if job else None,
            status=job.status if job else snapshot.document_status,
            progress=job.progress if job else 0,
            stage=job.stage if job else "",
            sections_done=job.sections_done if job else 0,
            sections_total=job.sections_total if job else 0,
            section=None,
            error=job.error if job else None,
            at=at,
        )
