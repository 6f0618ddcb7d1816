"""What a run tells of itself, recorded in short transactions: each one checks that the run is still ours."""

import asyncio
import functools
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ParamSpec

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import sections_service, sources_service
from tesigo.generation import store
from tesigo.generation.checkpoints import take_checkpoint
from tesigo.generation.errors import JobTakenOver
from tesigo.generation.models import JobRow
from tesigo.generation.ports import Checkpoint, CheckpointCopies
from tesigo.generation.progress import progress_at, progress_of_sections
from tesigo.generation.service import end_job, tell
from tesigo.kit.clock import Clock
from tesigo.kit.db import Database, DatabaseAway
from tesigo.manuscript import Manuscript, Outline, PlannedSection, Section, Source
from tesigo.usage import service as usage
from tesigo.usage.account import DatabaseAccount
from tesigo.writing.ports import OUTLINE
from tesigo.writing.stages import Stage

log = structlog.get_logger(__name__)

_RETRY_PAUSE_S = 2.0
_SURE_FOR_S = 3.0  # less than a lease, which must run out before anybody takes a job over
_PATIENT_PAUSE_S = 0.5
MOST_RESTS = 146
"""How many rests in a row may come to nothing: about a day of them, when a breaker recovers within a minute."""
COSTLY_REST = 15
"""A rest after a run that spent tokens counts as so many: what always fails only once it was paid for ends soon."""

_Told = ParamSpec("_Told")


def _patient(
    record: Callable[_Told, Coroutine[Any, Any, None]],
) -> Callable[_Told, Coroutine[Any, Any, None]]:
    """Have it recorded again for as long as the database is away: an answer that was paid for is not given up.

    That is safe, because the fence is checked each time; a run that shall stop is cancelled.
    """

    @functools.wraps(record)
    async def record_patiently(*args: _Told.args, **kwargs: _Told.kwargs) -> None:
        while True:
            try:
                return await record(*args, **kwargs)
            except DatabaseAway as away:
                log.warning("cannot be recorded, trying again", reason=away.reason)
                await asyncio.sleep(_PATIENT_PAUSE_S)

    return record_patiently


class DatabaseJournal:
    """The journal of one run of one job; every method raises JobTakenOver when the run is over.

    A finished section is recorded with its citations, what its calls used, the progress, the checkpoint, the event and
    the wake-up in one transaction: it is there whole or not at all. Sections may be told of at the same time: one
    waits for the other here, so that a run holds one connection at most. However long the database is away, it is
    waited for.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        copies: CheckpointCopies,
        account: DatabaseAccount,
        job_id: uuid.UUID,
        document_id: int,
        fence: uuid.UUID,
    ) -> None:
        self._database = database
        self._clock = clock
        self._copies = copies
        self._account = account
        self._job_id = job_id
        self._document_id = document_id
        self._fence = fence
        self._turn = asyncio.Lock()
        self._under_way: list[str] = []
        self._stock_taken_s = time.monotonic()
        self._ours_s = float("-inf")

    @_patient
    async def stage_started(self, stage: Stage) -> None:
        """Record that the run enters this stage."""
        async with self._own_job() as (tx, job):
            job.stage = stage
            if progress_at(stage) > job.progress:
                job.progress = progress_at(stage)
                _got_on(job)  # if only by a stage: one that stops there again does not
            await tell(tx, job, "stage", at=self._clock())

    @_patient
    async def evidence_found(self, sources: tuple[Source, ...], warnings: tuple[str, ...]) -> None:
        """Record the sources that were gathered, and what went wrong on the way."""
        async with self._own_job() as (tx, job):
            await sources_service.record_found(tx, self._document_id, sources, self._clock())
            job.warnings = [*job.warnings, *(warning for warning in warnings if warning not in job.warnings)]

    @_patient
    async def outline_ready(self, outline: Outline) -> None:
        """Record the outline."""
        async with self._own_job() as (tx, job):
            await sections_service.record_outline(tx, self._document_id, outline)
            job.tokens_used += await self._account.record(tx, OUTLINE)
            job.sections_total = sum(1 for _ in outline.walk())
            await tell(tx, job, "stage", at=self._clock())

    @_patient
    async def section_started(self, planned: PlannedSection) -> None:
        """Remember that the section is under way: the checkpoints from now on say so.

        Whoever slept while another took the job over stops here, before a section is paid for twice.
        """
        if time.monotonic() - self._ours_s > _SURE_FOR_S:
            async with self._turn, self._database.transaction() as tx:
                if not await store.has_fence(tx, self._job_id, self._fence):
                    raise JobTakenOver("this run of the job is over: nothing more is begun")
            self._ours_s = time.monotonic()
        self._under_way.append(planned.number)

    @_patient
    async def section_written(self, section: Section) -> None:
        """Record a finished section."""
        async with self._own_job() as (tx, job):
            now = self._clock()
            if section.number in await sections_service.find_written(tx, self._document_id):
                self._forget(section)  # it was committed, and only the answer got lost
                return
            job.tokens_used += await self._account.record(tx, section.number)
            tokens = await usage.count_product_tokens(tx, self._document_id, section.number)
            await sections_service.record_section(tx, self._document_id, section, now, tokens_used=tokens)
            done = await sections_service.find_written(tx, self._document_id)
            job.sections_done = len(done)
            _got_on(job)
            reached = progress_of_sections(job.sections_done, job.sections_total)
            job.progress = max(job.progress, reached)
            under_way = [number for number in self._under_way if number != section.number]
            checkpoint = await take_checkpoint(
                tx, job, sections_done=done, current_sections=under_way, now=now
            )
            await tell(tx, job, "section", at=now, section=section.number)
        self._forget(section)
        await self._copy(checkpoint)

    async def keep_checkpoints(self, every_s: float) -> None:
        """Take a checkpoint whenever `every_s` went by without one, until cancelled or until the run is over.

        While the database is away it tries again, and again.
        """
        while True:
            left_s = self._stock_taken_s + every_s - time.monotonic()
            if left_s > 0:
                await asyncio.sleep(left_s)
                continue
            try:
                await self._take_stock()
            except JobTakenOver:
                return
            except DatabaseAway as error:
                log.warning("no checkpoint, trying again", reason=error.reason)
                await asyncio.sleep(min(every_s, _RETRY_PAUSE_S))

    @_patient
    async def warned(self, warning: str) -> None:
        """Record a sentence that the user should read."""
        async with self._own_job() as (_, job):
            if warning not in job.warnings:
                job.warnings = [*job.warnings, warning]

    @_patient
    async def completed(self, manuscript: Manuscript) -> None:
        """End the job: everything is written."""
        async with self._own_job() as (tx, job):
            now = self._clock()
            await sections_service.record_completion(
                tx, self._document_id, statement=manuscript.statement, now=now
            )
            job.progress = 100
            job.tokens_used += await self._account.record_rest(tx)
            await end_job(tx, job, "completed", at=now)
            self._under_way = []
            checkpoint = await self._checkpoint(tx, job)
        await self._copy(checkpoint)

    @_patient
    async def failed(self, reason: str) -> None:
        """End the job: it cannot go on, for the reason that this sentence tells the user."""
        async with self._own_job() as (tx, job):
            job.tokens_used += await self._account.record_rest(tx)
            await end_job(tx, job, "failed", at=self._clock(), error=reason)
            checkpoint = await self._checkpoint(tx, job)
        await self._copy(checkpoint)

    @_patient
    async def paused(self, reason: str, *, resumes_at: datetime | None = None) -> None:
        """Let the job rest until its user resumes it; this sentence tells why.

        resumes_at: when it goes on by itself, by the entry that the queue has of it.
        """
        async with self._own_job() as (tx, job):
            wasted = await self._account.record_rest(tx)
            job.tokens_used += wasted
            job.status = "paused"
            job.error = reason
            job.fence = None
            job.resumes_at = resumes_at
            if resumes_at is not None:
                job.rests += COSTLY_REST if wasted else 1
                job.attempt = 0  # that nobody answers is no fault of the job
            await sections_service.record_status(tx, self._document_id, "paused")
            await tell(tx, job, "status", at=self._clock())
            checkpoint = await self._checkpoint(tx, job)
        await self._copy(checkpoint)

    def _forget(self, section: Section) -> None:
        self._under_way = [number for number in self._under_way if number != section.number]

    async def _take_stock(self) -> None:
        async with self._own_job() as (tx, job):
            checkpoint = await self._checkpoint(tx, job)
        await self._copy(checkpoint)

    async def _checkpoint(self, tx: AsyncSession, job: JobRow) -> Checkpoint:
        done = await sections_service.find_written(tx, self._document_id)
        return await take_checkpoint(
            tx, job, sections_done=done, current_sections=self._under_way, now=self._clock()
        )

    async def _copy(self, checkpoint: Checkpoint) -> None:
        """Copy what is committed; one that comes late is stale, and nobody believes it."""
        self._stock_taken_s = time.monotonic()
        await self._copies.keep(checkpoint)

    @asynccontextmanager
    async def _own_job(self) -> AsyncIterator[tuple[AsyncSession, JobRow]]:
        async with self._turn, self._database.transaction() as tx:
            job = await store.lock_own_job(tx, self._job_id, self._fence)
            self._ours_s = time.monotonic()
            yield tx, job


def _got_on(job: JobRow) -> None:
    """Count its attempts and its rests anew: a job that gets on may be handed over as often as it likes."""
    job.attempt, job.rests = 1, 0
