"""The queue's handler: runs a job from where it stands to its end."""

import asyncio
import contextlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from tesigo.gateway.errors import WorkRests
from tesigo.generation.budgets import Budget
from tesigo.generation.claims import (
    MOST_ATTEMPTS,
    Assignment,
    Claim,
    claim_job,
    forgive_attempt,
    is_over,
    is_still_due,
    load_assignment,
    record_rest,
)
from tesigo.generation.errors import JobTakenOver
from tesigo.generation.journal import MOST_RESTS, DatabaseJournal
from tesigo.generation.ports import CheckpointCopies, NoCopies
from tesigo.generation.service import topic_of_run
from tesigo.kit.clock import Clock
from tesigo.kit.context import working_on
from tesigo.kit.db import Database, DatabaseAway
from tesigo.kit.errors import Failure, HouseUnavailable, LimitReached
from tesigo.kit.notify import News
from tesigo.kit.queue import RetryIn
from tesigo.manuscript import Manuscript
from tesigo.research.ports import SourceSearch
from tesigo.usage.account import DatabaseAccount
from tesigo.usage.spending import Payer
from tesigo.writing.pipeline import write_document
from tesigo.writing.ports import Composer, ComposerChoice, PageCounter

log = structlog.get_logger(__name__)

_PAUSE_S = 2.0
_PAUSES_S = (2.0, 8.0, 30.0, 120.0)
"""After each attempt but the last, when the machine is short of something: it may be so for minutes."""
_RESTS = (1, 1, 2, 5, 10)
"""How many times the breaker's recovery each rest in a row takes: a provider may be away for minutes, or for hours."""
_LONGEST_REST_S = 3_600.0
_LOOK_EVERY_S = 1.0
_FORGIVE_WITHIN_S = 1.0
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Tools:
    """All that a run works with.

    news: tells at once when a job was cancelled or taken over. copies: where copies of checkpoints go.
    section_concurrency: how many sections of one job are written at a time.
    daily_token_limit: how many tokens all users together may use in a day, None for any number.
    search_timeout_s: how long each search for sources may take.
    checkpoint_interval_s: a checkpoint is taken after each section, and at least so often.
    """

    database: Database
    clock: Clock
    composers: ComposerChoice
    searches: Sequence[SourceSearch]
    count_pages: PageCounter
    news: News
    copies: CheckpointCopies = field(default_factory=NoCopies)
    section_concurrency: int = 4
    checkpoint_interval_s: float = 300
    daily_token_limit: int | None = None
    search_timeout_s: float = 15

    @property
    def budget(self) -> Budget:
        """What a job that is asked for is held against."""
        return Budget(self.composers, self.daily_token_limit)


async def run_job(tools: Tools, payload: Mapping[str, Any]) -> None:
    """Write the document of the job that the payload names.

    A failure that the user can act on ends the job with its sentence, and a limit that is used up lets it rest.
    While no model answers, or all tokens are set aside, it rests, and goes on by itself. A lost database makes the
    queue bring the job again soon; a machine that is short of something, or that kills what counts pages, after a
    pause that grows with each attempt. A job that is cancelled, deleted or taken over meanwhile is stopped at once,
    also in the middle of a section. Cancellation leaves the job as it is, for the next worker, and is not counted.
    """
    job_id = uuid.UUID(str(payload["job_id"]))
    with working_on(job_id=str(job_id)):
        try:
            async with tools.database.transaction() as tx:
                claim = await claim_job(tx, job_id, tools.clock())
        except (DatabaseAway, OSError) as error:
            raise _goes_on_later(error, _PAUSE_S) from error
        if claim is None:
            return
        with working_on(document_id=claim.document_id, user_id=claim.user_id):
            try:
                await _run(tools, claim)
            except JobTakenOver:
                log.info("the run is over, the job is not ours any more")
                await _leave(tools, claim)
            except DatabaseAway as error:
                raise _goes_on_later(error, _PAUSE_S) from error
            except (HouseUnavailable, OSError) as error:
                raise _goes_on_later(error, _pause_after(claim)) from error
            except asyncio.CancelledError:
                await _forgive(tools, claim)
                raise


def _goes_on_later(error: Exception, pause_s: float) -> RetryIn:
    log.warning(
        "the database or the machine fails, the job goes on later", reason=repr(error), pause_s=pause_s
    )
    return RetryIn(pause_s)


def _pause_after(claim: Claim) -> float:
    """Return for how long to leave the machine alone; nobody waits for long to be told that no attempt is left."""
    return _PAUSES_S[claim.attempt - 1] if claim.attempt < MOST_ATTEMPTS else _PAUSE_S


async def _leave(tools: Tools, claim: Claim) -> None:
    """Leave the queue's entry to whoever has it; should that be this worker again, it is brought anew.

    Raises RetryIn while the job is still to be written by this entry.
    """
    try:
        async with tools.database.transaction() as tx:
            is_due = await is_still_due(tx, claim)
    except DatabaseAway as error:
        raise _goes_on_later(error, _PAUSE_S) from error
    if is_due:
        raise RetryIn(_PAUSE_S)


async def _forgive(tools: Tools, claim: Claim) -> None:
    """Take the attempt back, if that can be done at once: a worker that stops is no fault of its jobs."""
    with contextlib.suppress(JobTakenOver, DatabaseAway, TimeoutError):
        async with asyncio.timeout(_FORGIVE_WITHIN_S), tools.database.transaction() as tx:
            await forgive_attempt(tx, claim)


async def _run(tools: Tools, claim: Claim) -> None:
    assignment = await _load(tools, claim)
    payer = Payer(claim.user_id, claim.document_id, claim.job_id)
    account = DatabaseAccount(tools.database, tools.clock, payer, service_limit=tools.daily_token_limit)
    try:
        await _write(tools, claim, assignment, account)
    except BaseException:
        await _settle(tools, claim, account)
        raise


async def _write(tools: Tools, claim: Claim, assignment: Assignment, account: DatabaseAccount) -> None:
    journal = DatabaseJournal(
        tools.database,
        tools.clock,
        copies=tools.copies,
        account=account,
        job_id=claim.job_id,
        document_id=claim.document_id,
        fence=claim.fence,
    )
    log.info("job started", sections_written=len(assignment.so_far.sections))
    try:
        composer = tools.composers.choose(assignment.model, account=account, job=str(claim.job_id))
        manuscript = await _write_watched(tools, claim, assignment, composer, journal)
        await journal.completed(manuscript)
        log.info("job completed", words=manuscript.words)
    except (JobTakenOver, HouseUnavailable, OSError):
        raise
    except WorkRests as silence:
        await _rest(tools, journal, silence, rests=assignment.rests)
    except LimitReached as limit:
        reason = _storable(limit.message)
        log.warning("job paused", code=limit.code)
        await journal.paused(reason)
    except Failure as failure:
        reason = _storable(failure.message)
        log.warning("job failed", code=failure.code)  # its sentence may quote the document
        await journal.failed(reason)
    except Exception:
        log.exception("job failed unexpectedly")
        await journal.failed("Something went wrong on our side. What is written is kept; please start again.")


async def _rest(tools: Tools, journal: DatabaseJournal, silence: WorkRests, *, rests: int) -> None:
    """Let the job rest, and the queue bring it again: rarely when that did not help before, and for a day at most.

    Raises RetryIn.
    """
    if rests >= MOST_RESTS:
        log.warning("job paused", code=silence.code)
        await journal.paused(_storable(f"{silence.message} Please resume the writing later."))
        return
    pause_s = min(silence.retry_after_s * _RESTS[min(rests, len(_RESTS) - 1)], _LONGEST_REST_S)
    log.warning("job rests", code=silence.code, again_in_s=round(pause_s))
    told = f"{silence.message} The writing is tried again now and then, and goes on by itself."
    await journal.paused(_storable(told), resumes_at=tools.clock() + timedelta(seconds=pause_s))
    raise RetryIn(pause_s)


async def _settle(tools: Tools, claim: Claim, account: DatabaseAccount) -> None:
    """Record what calls used that came to nothing, if that can be done at once; else it is written off later."""
    with contextlib.suppress(DatabaseAway, TimeoutError):
        async with asyncio.timeout(_FORGIVE_WITHIN_S), tools.database.transaction() as tx:
            await record_rest(tx, claim, account)


def _storable(reason: str) -> str:
    """Return the sentence without what no database keeps: it may quote what a model or a source said.

    Refused, it would leave a job that runs for ever.
    """
    return _UNSTORABLE.sub("\ufffd", reason)


async def _load(tools: Tools, claim: Claim) -> Assignment:
    """Return what to work from; when it cannot be made out, the queue brings the job until its attempts are used up."""
    try:
        async with tools.database.transaction() as tx:
            return await load_assignment(tx, claim, tools.clock())
    except (JobTakenOver, HouseUnavailable, OSError):
        raise
    except Exception as error:
        log.exception("a job could not be taken up")
        raise RetryIn(_pause_after(claim)) from error


async def _write_watched(
    tools: Tools, claim: Claim, assignment: Assignment, composer: Composer, journal: DatabaseJournal
) -> Manuscript:
    """Return the document, written beside those who keep checkpoints and watch over the run.

    Raises JobTakenOver as soon as the run is over. No task is left behind; a thread (a count of pages, the offline
    writer) may still end what it computes, but only the journal writes, and what it is told comes from these tasks.
    """
    writing = asyncio.create_task(
        write_document(
            assignment.brief,
            composer=composer,
            own_sources=assignment.own_sources,
            searches=tools.searches,
            journal=journal,
            count_pages=tools.count_pages,
            so_far=assignment.so_far,
            concurrency=tools.section_concurrency,
            search_timeout_s=tools.search_timeout_s,
        )
    )
    beside = (
        asyncio.create_task(journal.keep_checkpoints(tools.checkpoint_interval_s)),
        asyncio.create_task(_until_over(tools, claim)),
    )
    try:
        await asyncio.wait({writing, *beside}, return_when=asyncio.FIRST_COMPLETED)
        is_written = writing.done()
    finally:
        for task in (writing, *beside):
            task.cancel()
        await asyncio.gather(writing, *beside, return_exceptions=True)
    if is_written:
        if writing.cancelled():  # nobody asked for that: handed back, the job would be run like that for ever
            raise RuntimeError("the writing gave itself up")
        return writing.result()
    for task in beside:
        if not task.cancelled():
            task.result()
    raise JobTakenOver("this run of the job is over: it was cancelled, deleted, or taken over")


async def _until_over(tools: Tools, claim: Claim) -> None:
    """Return when the run has lost its job: at once when that is announced, else within `_LOOK_EVERY_S`."""
    wake_ups = tools.news.wake_ups(topic_of_run(claim.job_id), pause_s=_LOOK_EVERY_S)
    async with contextlib.aclosing(wake_ups):
        async for _ in wake_ups:
            try:
                async with tools.database.transaction() as tx:
                    if await is_over(tx, claim):
                        return
            except DatabaseAway as away:
                log.warning("the run is not watched while the database is away", reason=away.reason)
