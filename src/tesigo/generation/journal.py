"""What a run tells of itself, recorded in short transactions: each one checks that the run is still ours."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import sections_service, sources_service
from tesigo.generation import store
from tesigo.generation.models import JobRow
from tesigo.generation.progress import progress_at, progress_of_sections
from tesigo.generation.service import end_job, tell
from tesigo.kit.clock import Clock
from tesigo.kit.db import Database
from tesigo.manuscript import Manuscript, Outline, Section, Source
from tesigo.writing.stages import Stage


class DatabaseJournal:
    """The journal of one run of one job; every method raises JobTakenOver when the run is over.

    A finished section is recorded with its citations, the progress, the event and the wake-up in one
    transaction: it is there whole or not at all.
    """

    def __init__(self, database: Database, clock: Clock, *, job_id: uuid.UUID, fence: uuid.UUID) -> None:
        self._database = database
        self._clock = clock
        self._job_id = job_id
        self._fence = fence

    async def stage_started(self, stage: Stage) -> None:
        """Record that the run enters this stage."""
        async with self._own_job() as (tx, job):
            job.stage = stage
            job.progress = max(job.progress, progress_at(stage))
            await tell(tx, job, "stage", at=self._clock())

    async def evidence_found(self, sources: tuple[Source, ...], warnings: tuple[str, ...]) -> None:
        """Record the sources that were gathered, and what went wrong on the way."""
        async with self._own_job() as (tx, job):
            await sources_service.record_found(tx, job.document_id, sources, self._clock())
            job.warnings = [*job.warnings, *(warning for warning in warnings if warning not in job.warnings)]

    async def outline_ready(self, outline: Outline) -> None:
        """Record the outline."""
        async with self._own_job() as (tx, job):
            await sections_service.record_outline(tx, job.document_id, outline)
            job.sections_total = sum(1 for _ in outline.walk())
            await tell(tx, job, "stage", at=self._clock())

    async def section_written(self, section: Section) -> None:
        """Record a finished section."""
        async with self._own_job() as (tx, job):
            now = self._clock()
            await sections_service.record_section(tx, job.document_id, section, now)
            job.sections_done = await sections_service.count_written(tx, job.document_id)
            job.attempt = 1  # a job that gets on may be handed over as often as it likes
            reached = progress_of_sections(job.sections_done, job.sections_total)
            job.progress = max(job.progress, reached)
            await tell(tx, job, "section", at=now, section=section.number)

    async def warned(self, warning: str) -> None:
        """Record a sentence that the user should read."""
        async with self._own_job() as (_, job):
            if warning not in job.warnings:
                job.warnings = [*job.warnings, warning]

    async def completed(self, manuscript: Manuscript) -> None:
        """End the job: everything is written."""
        async with self._own_job() as (tx, job):
            now = self._clock()
            await sections_service.record_completion(
                tx, job.document_id, statement=manuscript.statement, now=now
            )
            job.progress = 100
            await end_job(tx, job, "completed", at=now)

    async def failed(self, reason: str) -> None:
        """End the job: it cannot go on, for the reason that this sentence tells the user."""
        async with self._own_job() as (tx, job):
            await end_job(tx, job, "failed", at=self._clock(), error=reason)

    @asynccontextmanager
    async def _own_job(self) -> AsyncIterator[tuple[AsyncSession, JobRow]]:
        async with self._database.transaction() as tx:
            yield tx, await store.lock_own_job(tx, self._job_id, self._fence)
