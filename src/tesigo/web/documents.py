"""My documents: the list, and taking one away."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.session import CurrentUser
from tesigo.documents import files_service, service
from tesigo.documents.models import DocumentRow
from tesigo.documents.ownership import OwnDocument
from tesigo.generation.control import Recoverable, find_recoverable
from tesigo.generation.models import JobRow
from tesigo.generation.service import find_latest_job
from tesigo.kit.requests import Now, SettingsNow, Tx, database_of
from tesigo.kit.schemas import RowId, decode_cursor, encode_cursor
from tesigo.web.notices import Notice, leave_notices
from tesigo.web.pages import show_page, words_of

_PER_PAGE = 20
_MOST_INTERRUPTED = 5

router = APIRouter(prefix="/documents")


@dataclass(frozen=True, slots=True)
class _Listed:
    """A document with its state, and with its job while one runs."""

    row: DocumentRow
    status: str
    job: JobRow | None


@router.get("")
async def show_documents(
    request: Request,
    current: CurrentUser,
    tx: Tx,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Show my documents, newest first."""
    before_id = decode_cursor(cursor)
    rows = await service.list_documents(tx, current.id, status=None, before_id=before_id, limit=_PER_PAGE + 1)
    stopped = {found.job.document_id: found for found in await find_recoverable(tx, current.id)}
    listed = [await _list(tx, row, stopped.get(row.id)) for row in rows[:_PER_PAGE]]
    interrupted = [found for found in stopped.values() if found.job.status != "cancelled"]
    return show_page(
        request,
        "documents.html",
        user=current,
        documents=listed,
        interrupted=interrupted if cursor is None else [],
        most_interrupted=_MOST_INTERRUPTED,
        is_first=cursor is None,
        next_cursor=encode_cursor(listed[-1].row.id) if len(rows) > _PER_PAGE else None,
    )


@router.get("/{document_id}/delete")
async def ask_to_delete(request: Request, current: CurrentUser, document: OwnDocument) -> Response:
    """Ask once more before a document goes."""
    return show_page(request, "delete.html", user=current, document=document)


@router.post("/{document_id}/delete")
async def delete_document(
    request: Request, current: CurrentUser, settings: SettingsNow, now: Now, document_id: RowId
) -> Response:
    """Delete the document with all that belongs to it; a job that writes it stops."""
    async with database_of(request).transaction() as tx:
        document = await service.own_document(tx, current.id, document_id, lock=True)
        title = document.title
        await files_service.delete_document(tx, document, now=now)
    words = words_of(request)
    response = RedirectResponse("/documents", 303)
    done = Notice("done", words("delete.done", title=title))
    leave_notices(response, [done], more=words("notices.more"), settings=settings)
    return response


async def _list(tx: AsyncSession, row: DocumentRow, stopped: Recoverable | None) -> _Listed:
    """Return the document as the list shows it; stopped: its job, when that waits for somebody to go on with it."""
    if row.status == "generating":
        job = await find_latest_job(tx, row.id)
        return _Listed(row, job.status if job else row.status, job)
    return _Listed(row, stopped.job.status if stopped else row.status, None)
