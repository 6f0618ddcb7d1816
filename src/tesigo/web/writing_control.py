"""The writing of a document under its user's hand: started, cancelled, gone on with."""

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tesigo.accounts.session import CurrentUser
from tesigo.documents import service
from tesigo.generation.control import cancel_job, resume_document
from tesigo.generation.service import find_latest_job, request_job
from tesigo.kit.errors import Conflict
from tesigo.kit.requests import Now, database_of, settings_of
from tesigo.kit.schemas import RowId
from tesigo.web.notices import Notice, leave_notices
from tesigo.web.pages import words_of
from tesigo.web.problem_pages import sentence_of

router = APIRouter(prefix="/documents/{document_id}")


@router.post("/write")
async def start_writing(request: Request, current: CurrentUser, now: Now, document_id: RowId) -> Response:
    """Have the document written; when that cannot be, its page says why."""
    try:
        async with database_of(request).transaction() as tx:
            document = await service.own_document(tx, current.id, document_id)
            await request_job(tx, current, document, now=now)
    except Conflict as failure:
        return back_to_document(request, document_id, [_warning(request, failure)])
    return back_to_document(request, document_id)


@router.post("/cancel")
async def cancel_writing(request: Request, current: CurrentUser, now: Now, document_id: RowId) -> Response:
    """Cancel the document's job; what is written stays. When it has ended already, the page says so."""
    try:
        async with database_of(request).transaction() as tx:
            await service.own_document(tx, current.id, document_id)
            job = await find_latest_job(tx, document_id)
            if job is not None:
                await cancel_job(tx, current.id, job.id, now=now)
    except Conflict as failure:
        return back_to_document(request, document_id, [_warning(request, failure)])
    return back_to_document(request, document_id)


@router.post("/resume")
async def go_on_writing(request: Request, current: CurrentUser, now: Now, document_id: RowId) -> Response:
    """Go on from what is written; when that cannot be, the page says why."""
    try:
        async with database_of(request).transaction() as tx:
            await resume_document(tx, current, document_id, now=now)
    except Conflict as failure:
        return back_to_document(request, document_id, [_warning(request, failure)])
    return back_to_document(request, document_id)


def back_to_document(request: Request, document_id: int, notices: Iterable[Notice] = ()) -> RedirectResponse:
    """Return the answer that leads to the document's page, which shows these notices."""
    response = RedirectResponse(f"/documents/{document_id}", 303)
    more = words_of(request)("notices.more")
    leave_notices(response, notices, more=more, settings=settings_of(request))
    return response


def _warning(request: Request, failure: Conflict) -> Notice:
    return Notice("warning", sentence_of(failure, words_of(request)))
