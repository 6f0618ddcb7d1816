"""The writing of a document under its user's hand: started, cancelled, gone on with."""

from collections.abc import Awaitable, Callable, Iterable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser
from tesigo.documents import service
from tesigo.generation.control import cancel_job, resume_document
from tesigo.generation.limits import GENERATIONS
from tesigo.generation.routes import tools_of
from tesigo.generation.service import find_latest_job, request_job
from tesigo.kit.errors import Conflict, Invalid, LimitReached
from tesigo.kit.requests import Now, database_of, settings_of
from tesigo.kit.schemas import RowId
from tesigo.web.notices import Notice, leave_notices
from tesigo.web.pages import words_of
from tesigo.web.sentences import sentence_of

router = APIRouter(prefix="/documents/{document_id}")


@router.post("/write", dependencies=[limited_by(GENERATIONS)])
async def start_writing(request: Request, current: CurrentUser, now: Now, document_id: RowId) -> Response:
    """Have the document written; when that cannot be, its page says why."""

    async def start(tx: AsyncSession) -> None:
        document = await service.own_document(tx, current.id, document_id)
        await request_job(tx, current, document, budget=tools_of(request).budget, now=now)

    return await _done(request, document_id, start)


@router.post("/cancel")
async def cancel_writing(request: Request, current: CurrentUser, now: Now, document_id: RowId) -> Response:
    """Cancel the document's job; what is written stays. When it has ended already, the page says so."""

    async def cancel(tx: AsyncSession) -> None:
        await service.own_document(tx, current.id, document_id)
        job = await find_latest_job(tx, document_id)
        if job is not None:
            await cancel_job(tx, job.id, now=now)

    return await _done(request, document_id, cancel)


@router.post("/resume", dependencies=[limited_by(GENERATIONS)])
async def go_on_writing(request: Request, current: CurrentUser, now: Now, document_id: RowId) -> Response:
    """Go on from what is written; when that cannot be, the page says why."""

    async def resume(tx: AsyncSession) -> None:
        document = await service.own_document(tx, current.id, document_id, lock=True)
        await resume_document(tx, current, document, budget=tools_of(request).budget, now=now)

    return await _done(request, document_id, resume)


def back_to_document(request: Request, document_id: int, notices: Iterable[Notice] = ()) -> RedirectResponse:
    """Return the answer that leads to the document's page, which shows these notices."""
    response = RedirectResponse(f"/documents/{document_id}", 303)
    more = words_of(request)("notices.more")
    leave_notices(response, notices, more=more, settings=settings_of(request))
    return response


async def _done(
    request: Request, document_id: int, work: Callable[[AsyncSession], Awaitable[None]]
) -> RedirectResponse:
    """Return the answer that leads to the document's page, once the work is done in a transaction of its own.

    What cannot be done is what the page then says: a conflict, a limit, a model that cannot be had any more.
    """
    try:
        async with database_of(request).transaction() as tx:
            await work(tx)
    except (Conflict, LimitReached, Invalid) as failure:
        warning = Notice("warning", sentence_of(failure, words_of(request)))
        return back_to_document(request, document_id, [warning])
    return back_to_document(request, document_id)
