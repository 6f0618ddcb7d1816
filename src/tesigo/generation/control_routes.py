"""Jobs under their user's hand, over HTTP: cancel, resume, find what can be resumed."""

from fastapi import APIRouter, Request, status

from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser
from tesigo.documents.ownership import OwnDocumentLocked
from tesigo.generation.checkpoints import read_checkpoints
from tesigo.generation.control import cancel_job, find_recoverable, resume_document
from tesigo.generation.forecasts import forecast_job
from tesigo.generation.limits import GENERATIONS
from tesigo.generation.ownership import OwnJob
from tesigo.generation.routes import tools_of
from tesigo.generation.schemas import JobAnswer, JobQueued, RecoverableDocument, RecoverableList
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Now, Tx, database_of

router = APIRouter(tags=["generation"])


@router.get(
    "/documents/recover",
    summary="List what can be resumed",
    responses=problem_responses(401),
)
async def list_recoverable(request: Request, current: CurrentUser) -> RecoverableList:
    """Return my documents whose writing stopped before its end and can go on, newest job first, at most 100.

    Their job is paused, failed or was cancelled when something was planned or written, or no worker has it any
    more. Jobs that wait their turn or run are not among them.
    """
    async with database_of(request).transaction() as tx:
        found = await find_recoverable(tx, current.id)
    checkpoints = await read_checkpoints(
        database_of(request), tools_of(request).copies, [each.job for each in found]
    )
    return RecoverableList(
        items=[RecoverableDocument.of(each, checkpoints.get(each.job.id)) for each in found]
    )


@router.post(
    "/documents/{document_id}/resume",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Go on writing a document",
    dependencies=[limited_by(GENERATIONS)],
    responses=problem_responses(400, 401, 403, 404, 409, 422, 429),
)
async def resume(
    request: Request, current: CurrentUser, tx: Tx, now: Now, document: OwnDocumentLocked
) -> JobQueued:
    """Go on from the last checkpoint: what is written stays as it is. Asking again makes no second job.

    A paused job goes on as the same job, and so does one that lost its worker; after a failed or cancelled job it
    is a new one. 409 while a worker has the job (`job_runs`), once the text is written or its user has replaced
    it as a whole (`already_written`), and when its writing was never started (`nothing_to_resume`); 429
    (`token_limit_reached`) while today's tokens do not suffice for a section more.
    """
    budget = tools_of(request).budget
    return JobQueued.of(await resume_document(tx, current, document, budget=budget, now=now))


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Cancel a job",
    responses=problem_responses(401, 403, 404, 409, 422),
)
async def cancel(request: Request, tx: Tx, now: Now, job: OwnJob) -> JobAnswer:
    """Cancel a job that waits, runs or is paused; a run stops within 2 s, also in the middle of a model call.

    What is written stays and can be gone on from. Cancelling again changes nothing; 409 (`job_ended`) for a job
    that is completed or failed.
    """
    cancelled = await cancel_job(tx, job.id, now=now)
    at_a_time = tools_of(request).section_concurrency
    return JobAnswer.of(await forecast_job(tx, cancelled, now, at_a_time=at_a_time))
