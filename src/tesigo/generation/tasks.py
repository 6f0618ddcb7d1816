"""The queue's handler: runs a job from where it stands to its end."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from tesigo.generation.claims import Claim, claim_job
from tesigo.generation.errors import JobTakenOver
from tesigo.generation.journal import DatabaseJournal
from tesigo.kit.clock import Clock
from tesigo.kit.context import working_on
from tesigo.kit.db import Database, DatabaseAway
from tesigo.kit.errors import Failure
from tesigo.kit.queue import RetryIn
from tesigo.research.ports import SourceSearch
from tesigo.writing.pipeline import write_document
from tesigo.writing.ports import Composer, PageCounter

log = structlog.get_logger(__name__)

_DATABASE_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Tools:
    """All that a run works with."""

    database: Database
    clock: Clock
    composer: Composer
    searches: Sequence[SourceSearch]
    count_pages: PageCounter


async def run_job(tools: Tools, payload: Mapping[str, Any]) -> None:
    """Write the document of the job that the payload names.

    A failure that the user can act on ends the job with its sentence. A lost database, or a machine that is
    short of something, makes the queue bring the job again. Cancellation leaves the job as it is, for the next worker.
    """
    try:
        async with tools.database.transaction() as tx:
            claim = await claim_job(tx, uuid.UUID(str(payload["job_id"])), tools.clock())
        if claim is None:
            return
        with working_on(job_id=str(claim.job_id), document_id=claim.document_id, user_id=claim.user_id):
            await _run(tools, claim)
    except JobTakenOver:
        log.info("job left to another worker")
    except (DatabaseAway, OSError) as error:
        log.warning("the database or the machine fails, the job goes on later", reason=repr(error))
        raise RetryIn(_DATABASE_PAUSE_S) from error


async def _run(tools: Tools, claim: Claim) -> None:
    journal = DatabaseJournal(tools.database, tools.clock, job_id=claim.job_id, fence=claim.fence)
    log.info("job started", sections_written=len(claim.so_far.sections))
    try:
        manuscript = await write_document(
            claim.brief,
            composer=tools.composer,
            own_sources=claim.own_sources,
            searches=tools.searches,
            journal=journal,
            count_pages=tools.count_pages,
            so_far=claim.so_far,
        )
        await journal.completed(manuscript)
        log.info("job completed", words=manuscript.words)
    except (JobTakenOver, DatabaseAway, OSError):
        raise
    except Failure as failure:
        log.warning("job failed", code=failure.code, reason=failure.message)
        await journal.failed(failure.message)
    except Exception:
        log.exception("job failed unexpectedly")
        await journal.failed("Something went wrong on our side. What is written is kept; please start again.")
