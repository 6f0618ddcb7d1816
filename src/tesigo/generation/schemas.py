"""What the routes of generation take and answer."""

import uuid
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from tesigo.documents.schemas import Language, Model, Pages, Requirements, Title
from tesigo.generation.control import Recoverable
from tesigo.generation.events_service import Snapshot
from tesigo.generation.forecasts import JobStatus
from tesigo.generation.models import EventRow, JobRow
from tesigo.generation.ports import Checkpoint
from tesigo.kit.schemas import IS_NUMBER, LARGEST_ID, AnswerModel, RequestModel

_JOB_ID = "0b6e6e0e-5c1f-4d57-9a4e-0a4f2f6d3c11"

Status = Literal["queued", "running", "paused", "completed", "failed", "cancelled"]


class ToGenerate(RequestModel):
    """What to write: a document that is there, by its id, or a new one, by its title."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["document_id"],
                    "properties": {"document_id": {"type": "integer"}},
                    "maxProperties": 1,
                },
                {
                    "required": ["title"],
                    "properties": {"title": {"type": "string"}, "document_id": {"type": "null"}},
                },
            ]
        }
    )

    document_id: Annotated[int, Field(ge=1, le=LARGEST_ID), IS_NUMBER] | None = None
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

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "job_id": _JOB_ID,
                    "document_id": 17,
                    "status": "queued",
                    "check_url": f"/api/v1/jobs/{_JOB_ID}/status",
                }
            ]
        },
    )

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
    """How far a job is.

    progress: 0 to 100, it never falls. queue_position: how many waiting jobs are served before it, null unless it
    waits. eta_s: seconds until it will have ended, by measured times of sections; null while there are
    none, for a waiting job while no worker lives, and before the outline of one that runs.
    error: a sentence, when it failed or is paused.
    """

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


class RecoverableDocument(AnswerModel):
    """A document whose writing stopped and can go on: POST to `resume_url`.

    progress: 0 to 100, what its newest job had reached. checkpoint_at: when that was last recorded, null when the job
    never came so far.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "document_id": 17,
                    "title": "Feedback on student essays",
                    "job_id": _JOB_ID,
                    "progress": 53,
                    "checkpoint_at": "2026-12-01T12:00:00Z",
                    "resume_url": "/api/v1/documents/17/resume",
                }
            ]
        }
    )

    document_id: int
    title: str
    job_id: uuid.UUID
    progress: int = Field(ge=0, le=100)
    checkpoint_at: datetime | None
    resume_url: str

    @classmethod
    def of(cls, found: Recoverable, checkpoint: Checkpoint | None) -> Self:
        """Return the answer for this document, from its job's checkpoint where there is one."""
        job = found.job
        return cls(
            document_id=job.document_id,
            title=found.title,
            job_id=job.id,
            progress=max(job.progress, checkpoint.progress if checkpoint else 0),
            checkpoint_at=checkpoint.at if checkpoint else job.checkpoint_at,
            resume_url=f"/api/v1/documents/{job.document_id}/resume",
        )


class RecoverableList(AnswerModel):
    """Documents that can be resumed, newest job first, at most 100."""

    items: list[RecoverableDocument]


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
    def of_snapshot(cls, snapshot: Snapshot) -> Self:
        """Return the message for this state; without any job it speaks of the document itself."""
        return cls(
            type="snapshot",
            seq=snapshot.seq,
            job_id=snapshot.job_id,
            status=snapshot.status,
            progress=snapshot.progress,
            stage=snapshot.stage,
            sections_done=snapshot.sections_done,
            sections_total=snapshot.sections_total,
            section=None,
            error=snapshot.error,
            at=snapshot.at,
        )
