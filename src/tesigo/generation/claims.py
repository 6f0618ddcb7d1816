"""A worker takes a job up: with a fence of its own, and all that is done already."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import service as accounts
from tesigo.documents import sections_service, sources_service
from tesigo.documents import service as documents
from tesigo.documents.mapping import to_brief
from tesigo.generation import store
from tesigo.generation.models import DISPATCHED
from tesigo.generation.service import end_job, tell, topic_of_run
from tesigo.kit.notify import announce
from tesigo.manuscript import Source
from tesigo.usage import service as usage
from tesigo.usage.account import DatabaseAccount
from tesigo.writing.brief import Brief
from tesigo.writing.pipeline import SoFar

MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """A run of a job: whose it is, and the fence that every write must show.

    attempt: 1 for the first since the job last got on.
    """

    job_id: uuid.UUID
    document_id: int
    user_id: int
    fence: uuid.UUID
    attempt: int
    queue_id: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a run works from: what is wanted, who is to write it, and what is there.

    rests: how often it rested in a row because no model answered.
    """

    brief: Brief
    model: str | None
    rests: int
    own_sources: tuple[Source, ...]
    so_far: SoFar


async def claim_job(tx: AsyncSession, job_id: uuid.UUID, now: datetime) -> Claim | None:
    """Return the run that begins now; whoever ran the job before can write no more, and is woken to see it.

    It only counts and fences, so that hardly anything can go wrong: commit it before anything else is tried. Then a
    job that breaks whoever takes it up is taken up five times, and not for ever.
    None when there is nothing to do: the job ended, rests until its user resumes it, is gone, or was taken up too
    often, and then it fails.
    """
    job = await store.lock_job(tx, job_id)
    if job is None or not (job.status in DISPATCHED or job.resumes_at is not None):
        return None
    await announce(tx, topic_of_run(job.id))
    job.attempt += 1
    if job.attempt > MOST_ATTEMPTS:
        await end_job(
            tx,
            job,
            "failed",
            at=now,
            error="The writing stopped unexpectedly several times: please start it again.",
        )
        return None
    job.fence = uuid.uuid4()
    job.status = "running"
    job.error = job.resumes_at = None
    job.started_at = job.started_at or now
    return Claim(job.id, job.document_id, job.user_id, job.fence, job.attempt, job.queue_id)


async def is_still_due(tx: AsyncSession, claim: Claim) -> bool:
    """Return whether the queue's entry of this run is still the one by which its job is to be written.

    The run's own end must not end such an entry: it may have come back to this very worker meanwhile.
    """
    job = await store.lock_job(tx, claim.job_id)
    return job is not None and job.status in DISPATCHED and job.queue_id == claim.queue_id


async def forgive_attempt(tx: AsyncSession, claim: Claim) -> None:
    """Do not count this run against its job: the worker ends it for a reason of its own. Raises JobTakenOver."""
    job = await store.lock_own_job(tx, claim.job_id, claim.fence)
    job.attempt -= 1


async def load_assignment(tx: AsyncSession, claim: Claim, now: datetime) -> Assignment:
    """Return what the run works from, and tell that it runs. Raises JobTakenOver.

    Without an outline research is still to be done, and the document's sources are its user's own; with one,
    they are all that was gathered. What an earlier run of the job spent and could not tell is written off.
    """
    job = await store.lock_own_job(tx, claim.job_id, claim.fence)
    job.tokens_used += await usage.write_off_job(tx, job.id)
    document = await documents.own_document(tx, claim.user_id, claim.document_id)
    user = await accounts.find_user(tx, claim.user_id)
    sources = await sources_service.load_sources(tx, document.id)
    outline = await sections_service.load_outline(tx, document)
    sections = await sections_service.load_sections(tx, document.id)
    job.sections_total = sum(1 for _ in outline.walk()) if outline else 0
    job.sections_done = len(sections)
    await tell(tx, job, "status", at=now)
    return Assignment(
        brief=to_brief(document, author=(user.full_name if user else None) or ""),
        model=document.model,
        rests=job.rests,
        own_sources=sources,
        so_far=SoFar(
            sources=sources if outline else (),
            outline=outline,
            sections={section.number: section for section in sections},
        ),
    )


async def record_rest(tx: AsyncSession, claim: Claim, account: DatabaseAccount) -> None:
    """Record what a run spent that is over, whoever has its job now: the tokens are used all the same."""
    job = await store.lock_job(tx, claim.job_id)
    tokens = await account.record_rest(tx)
    if job is not None:
        job.tokens_used += tokens


async def is_over(tx: AsyncSession, claim: Claim) -> bool:
    """Return whether the run has lost its job: to the user who cancelled or deleted it, or to another worker."""
    return not await store.has_fence(tx, claim.job_id, claim.fence)
