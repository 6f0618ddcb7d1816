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
from tesigo.generation.service import end_job, tell
from tesigo.manuscript import Source
from tesigo.writing.brief import Brief
from tesigo.writing.pipeline import SoFar

MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """A run of a job: what is wanted, what is there, and the fence that every write must show."""

    job_id: uuid.UUID
    document_id: int
    user_id: int
    fence: uuid.UUID
    brief: Brief
    own_sources: tuple[Source, ...]
    so_far: SoFar


async def claim_job(tx: AsyncSession, job_id: uuid.UUID, now: datetime) -> Claim | None:
    """Return the run that begins now; whoever ran the job before can write no more.

    Without an outline research is still to be done, and the document's sources are its user's own; with one,
    they are all that was gathered.
    None when there is nothing to do: the job ended, is gone, or was taken up too often, and then it fails.
    """
    job = await store.lock_job(tx, job_id)
    if job is None or job.status not in ("queued", "running"):
        return None
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
    job.started_at = job.started_at or now
    document = await documents.own_document(tx, job.user_id, job.document_id)
    user = await accounts.find_user(tx, job.user_id)
    sources = await sources_service.load_sources(tx, document.id)
    outline = await sections_service.load_outline(tx, document)
    sections = await sections_service.load_sections(tx, document.id)
    job.sections_total = sum(1 for _ in outline.walk()) if outline else 0
    job.sections_done = len(sections)
    await tell(tx, job, "status", at=now)
    return Claim(
        job_id=job.id,
        document_id=document.id,
        user_id=job.user_id,
        fence=job.fence,
        brief=to_brief(document, author=(user.full_name if user else None) or ""),
        own_sources=sources,
        so_far=SoFar(
            sources=sources if outline else (),
            outline=outline,
            sections={section.number: section for section in sections},
        ),
    )
