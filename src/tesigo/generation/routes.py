"""Generation over HTTP: have an outline, have a document written, look at the job."""

import asyncio

from fastapi import APIRouter, Request, status
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.identity import User
from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser
from tesigo.documents import service as documents
from tesigo.documents import sources_service
from tesigo.documents.mapping import to_brief
from tesigo.documents.quotas import Quotas
from tesigo.documents.schemas import OutlineAnswer
from tesigo.gateway.errors import NoModelAnswers
from tesigo.generation import service
from tesigo.generation.forecasts import forecast_job
from tesigo.generation.limits import GENERATIONS
from tesigo.generation.ownership import OwnJob
from tesigo.generation.schemas import JobAnswer, JobQueued, ToGenerate
from tesigo.generation.tasks import Tools
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Now, SettingsNow, Tx, database_of
from tesigo.manuscript import Source
from tesigo.usage.account import DatabaseAccount
from tesigo.usage.spending import Payer
from tesigo.writing.brief import Brief, make_brief
from tesigo.writing.pipeline import plan_outline

_OUTLINE_WITHIN_S = 120.0

router = APIRouter(tags=["generation"])


def tools_of(request: Request) -> Tools:
    """Return what documents are written with (`app.state.tools`)."""
    tools: Tools = request.app.state.tools
    return tools


@router.post(
    "/generate/outline",
    summary="Propose an outline",
    dependencies=[limited_by(GENERATIONS)],
    responses=problem_responses(400, 401, 403, 404, 422, 429, 503),
)
async def generate_outline(request: Request, current: CurrentUser, wanted: ToGenerate) -> OutlineAnswer:
    """Return chapters and sections, each with its purpose, target words and sources; nothing is stored.

    Made of the document's sources, the library and the search services that are enabled; with a title alone, of the
    latter two. 400 with the code
    `no_usable_source` when nothing there suits the title; 429 (`token_limit_reached`) when a model is to propose it and
    today's tokens do not suffice, 503 (`no_model_answers`) while none answers.
    """
    async with database_of(request).transaction() as tx:
        brief, model, own = await _wanted(tx, current, wanted)
    tools = tools_of(request)
    payer = Payer(current.id, wanted.document_id)
    account = DatabaseAccount(tools.database, tools.clock, payer, service_limit=tools.daily_token_limit)
    composer = tools.composers.choose(model, account=account, job=f"user:{current.id}")
    try:
        async with asyncio.timeout(_OUTLINE_WITHIN_S):
            outline = await plan_outline(
                brief,
                composer=composer,
                own_sources=own,
                searches=tools.searches,
                search_timeout_s=tools.search_timeout_s,
            )
    except TimeoutError as late:
        raise NoModelAnswers("No outline came in time.", retry_after_s=_OUTLINE_WITHIN_S) from late
    finally:
        async with database_of(request).transaction() as tx:
            await account.record_rest(tx)
    return OutlineAnswer.from_planned(outline.title, outline.sections)


@router.post(
    "/generate/document-async",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Have a document written",
    dependencies=[limited_by(GENERATIONS)],
    responses=problem_responses(400, 401, 403, 404, 409, 422, 429),
)
async def generate_document(
    *, request: Request, current: CurrentUser, tx: Tx, now: Now, settings: SettingsNow, wanted: ToGenerate
) -> JobQueued:
    """Queue a job that writes the document, and answer at once.

    With `title` the document is created first. A document whose job is paused, failed or was cancelled goes on from
    what is written. 409 while a job for it waits or runs (`job_runs`), and once it is written (`already_written`);
    429 (`token_limit_reached`) when what it may need would pass today's limit of tokens.
    """
    tools = tools_of(request)
    if wanted.document_id is not None:
        document = await documents.own_document(tx, current.id, wanted.document_id)
    else:
        model = wanted.model and tools.composers.resolve(wanted.model)
        brief, quotas = _new_brief(wanted), Quotas.of(settings)
        document = await documents.create_document(tx, current.id, brief, model=model, quotas=quotas, now=now)
    return JobQueued.of(await service.request_job(tx, current, document, budget=tools.budget, now=now))


@router.get(
    "/jobs/{job_id}/status",
    summary="Look at a job",
    responses=problem_responses(401, 404, 422),
)
async def read_job_status(request: Request, tx: Tx, now: Now, job: OwnJob) -> JobAnswer:
    """Return how far the job is; `progress` never falls."""
    at_a_time = tools_of(request).section_concurrency
    return JobAnswer.of(await forecast_job(tx, job, now, at_a_time=at_a_time))


async def _wanted(
    tx: AsyncSession, current: User, wanted: ToGenerate
) -> tuple[Brief, str | None, tuple[Source, ...]]:
    """Return what is wanted, by which model, and from which sources of its own."""
    if wanted.document_id is None:
        return _new_brief(wanted), wanted.model, ()
    document = await documents.own_document(tx, current.id, wanted.document_id)
    return to_brief(document), document.model, await sources_service.load_sources(tx, document.id)


def _new_brief(wanted: ToGenerate) -> Brief:
    return make_brief(
        wanted.title or "",
        pages=wanted.pages,
        language=wanted.language,
        requirements=wanted.requirements or "",
    )
