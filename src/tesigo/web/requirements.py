"""The requirements of a document: brought as a file, shown as they were understood, taken over where somebody wants."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from tesigo.accounts.session import CurrentUser
from tesigo.documents import requirements_service, service
from tesigo.documents.mapping import to_brief
from tesigo.documents.quotas import Quotas
from tesigo.documents.uploads import read_rules
from tesigo.kit.errors import Conflict, Invalid
from tesigo.kit.requests import Now, SettingsNow, database_of, settings_of
from tesigo.kit.schemas import RowId
from tesigo.web.notices import Notice, leave_notices
from tesigo.web.pages import show_page, words_of
from tesigo.web.sentences import sentence_of
from tesigo.web.understood import understand
from tesigo.web.uploaded_files import count_files

router = APIRouter(prefix="/documents/{document_id}/requirements")


@router.get("")
async def show_requirements(
    request: Request, current: CurrentUser, settings: SettingsNow, document_id: RowId
) -> Response:
    """Show the text of the rules, what was understood of it, and what is proposed by it."""
    async with database_of(request).transaction() as tx:
        document = await service.own_document(tx, current.id, document_id)
        brief = to_brief(document)
    return show_page(
        request,
        "requirements.html",
        user=current,
        document=document,
        understood=await understand(brief, words_of(request)),
        file_mb=settings.max_upload_mb,
    )


@router.post("")
async def add_requirements(
    *,
    request: Request,
    current: CurrentUser,
    settings: SettingsNow,
    now: Now,
    document_id: RowId,
    rules: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep the text of the file with the document; one that cannot be read is told with its reason."""
    words = words_of(request)
    async with database_of(request).transaction() as tx:
        service.refuse_while_written(await service.own_document(tx, current.id, document_id))
    if rules is None or not rules.filename:
        return _back(request, document_id, Notice("warning", words("upload.none_chosen")))
    await count_files(request, current, [rules])
    try:
        read = await read_rules(rules.filename, await rules.read(), settings.max_upload_mb)
        async with database_of(request).transaction() as tx:
            document = await service.own_document(tx, current.id, document_id, lock=True)
            await requirements_service.add_requirements(
                tx, document, read.text, quotas=Quotas.of(settings), now=now
            )
    except (Invalid, Conflict) as failure:
        refused = words("upload.refused", name=rules.filename, reason=sentence_of(failure, words))
        return _back(request, document_id, Notice("warning", refused))
    return _back(request, document_id, Notice("done", words("rules.added", name=rules.filename)))


@router.post("/take-over")
async def take_over(
    *,
    request: Request,
    current: CurrentUser,
    settings: SettingsNow,
    now: Now,
    document_id: RowId,
    take: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Set what was proposed and chosen; whatever is not proposed (any more) stays as it is."""
    words = words_of(request)
    async with database_of(request).transaction() as tx:
        brief = to_brief(await service.own_document(tx, current.id, document_id))
    understood = await understand(brief, words)
    changes: dict[str, object] = {
        one.setting: one.value for one in understood.proposals if one.setting in (take or ())
    }
    try:
        async with database_of(request).transaction() as tx:
            document = await service.own_document(tx, current.id, document_id, lock=True)
            await service.update_document(tx, document, changes, quotas=Quotas.of(settings), now=now)
    except Conflict as failure:
        return _back(request, document_id, Notice("warning", sentence_of(failure, words)))
    return _back(request, document_id, Notice("done", words.count("rules.taken", len(changes))))


def _back(request: Request, document_id: int, notice: Notice) -> Response:
    """Return the answer that leads to the page of the document's requirements."""
    response = RedirectResponse(f"/documents/{document_id}/requirements", 303)
    more = words_of(request)("notices.more")
    leave_notices(response, [notice], more=more, settings=settings_of(request))
    return response
