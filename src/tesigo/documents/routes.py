"""Documents, their outline, sections and exports, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser
from tesigo.documents import export_service, files_service, sections_service, service
from tesigo.documents.errors import DocumentNotFound
from tesigo.documents.limits import EXPORTS
from tesigo.documents.ownership import OwnDocument, OwnDocumentLocked
from tesigo.documents.ports import FileStore
from tesigo.documents.quotas import Quotas
from tesigo.documents.schemas import (
    DocumentAnswer,
    DocumentStatus,
    DocumentSummary,
    DocumentToCreate,
    DocumentToUpdate,
    OutlineAnswer,
    SectionAnswer,
    SectionList,
    SectionSummary,
)
from tesigo.export.formats import Format
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Now, SettingsNow, Tx, database_of, now_of
from tesigo.kit.schemas import IS_STORABLE, ListAnswer, RowId, decode_cursor, encode_cursor
from tesigo.writing.brief import make_brief
from tesigo.writing.ports import ComposerChoice

SectionNumber = Annotated[str, Path(max_length=16, examples=["2.1"]), IS_STORABLE]

_DOCUMENT = "/{document_id:int}"
"""Digits alone: `/documents/recover` is no document, and has none of these methods."""

router = APIRouter(prefix="/documents", tags=["documents"])


def files_of(request: Request) -> FileStore:
    """Return the application's file store (`app.state.files`)."""
    files: FileStore = request.app.state.files
    return files


def composers_of(request: Request) -> ComposerChoice:
    """Return who can write in this installation (`app.state.composers`)."""
    composers: ComposerChoice = request.app.state.composers
    return composers


ComposersNow = Annotated[ComposerChoice, Depends(composers_of)]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Create a document",
    responses=problem_responses(400, 401, 403, 409, 422),
)
async def create_document(
    *,
    current: CurrentUser,
    tx: Tx,
    now: Now,
    settings: SettingsNow,
    composers: ComposersNow,
    response: Response,
    wanted: DocumentToCreate,
) -> DocumentAnswer:
    """Create a document that nothing is written of yet; its address is in `Location`."""
    fields = wanted.model_dump(exclude={"model", "requirements"})
    brief = make_brief(**fields, requirements=wanted.requirements or "")
    quotas = Quotas.of(settings)
    model = wanted.model and composers.resolve(wanted.model)
    document = await service.create_document(tx, current.id, brief, model=model, quotas=quotas, now=now)
    response.headers["Location"] = f"/api/v1/documents/{document.id}"
    return DocumentAnswer.of(document, "")


@router.get("", summary="List my documents", responses=problem_responses(400, 401, 422))
async def list_documents(
    current: CurrentUser,
    tx: Tx,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
    status: Annotated[DocumentStatus | None, Query()] = None,
) -> ListAnswer[DocumentSummary]:
    """Return my documents, newest first, without their text."""
    rows = await service.list_documents(
        tx, current.id, status=status, before_id=decode_cursor(cursor), limit=limit + 1
    )
    return ListAnswer(
        items=[DocumentSummary.model_validate(row) for row in rows[:limit]],
        next_cursor=encode_cursor(rows[limit - 1].id) if len(rows) > limit else None,
    )


@router.get(_DOCUMENT, summary="Read a document", responses=problem_responses(401, 404, 422))
async def read_document(tx: Tx, document: OwnDocument) -> DocumentAnswer:
    """Return the document with all that is written of it."""
    return DocumentAnswer.of(document, await sections_service.render_content(tx, document.id))


@router.put(
    _DOCUMENT,
    summary="Change a document",
    responses=problem_responses(400, 401, 403, 404, 409, 422),
)
async def update_document(
    *,
    tx: Tx,
    now: Now,
    settings: SettingsNow,
    composers: ComposersNow,
    document: OwnDocumentLocked,
    wanted: DocumentToUpdate,
) -> DocumentAnswer:
    """Change the fields that are given, and return the whole document.

    `content` replaces the text; every key that it cites must be a source of the document.
    """
    quotas = Quotas.of(settings)
    changes = wanted.changes()
    if changes.get("model"):
        changes["model"] = composers.resolve(changes["model"])
    await service.update_document(tx, document, changes, quotas=quotas, now=now)
    if "content" in wanted.model_fields_set:
        await sections_service.replace_content(tx, document, wanted.content, quotas=quotas, now=now)
    return DocumentAnswer.of(document, await sections_service.render_content(tx, document.id))


@router.delete(
    _DOCUMENT,
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a document",
    responses=problem_responses(401, 403, 404, 422),
)
async def delete_document(tx: Tx, now: Now, document: OwnDocumentLocked) -> None:
    """Delete the document with its sections, sources and jobs; a job that writes it stops.

    Its exports go right after, or as soon as the place where they are kept can be reached.
    """
    await files_service.delete_document(tx, document, now=now)


@router.get(
    "/{document_id}/outline",
    summary="Read the outline",
    responses=problem_responses(401, 404, 422),
)
async def read_outline(tx: Tx, document: OwnDocument) -> OutlineAnswer:
    """Return the chapters and sections that are planned; none before a job has planned them."""
    outline = await sections_service.load_outline(tx, document)
    return OutlineAnswer.from_planned(document.title, outline.sections if outline else ())


@router.get(
    "/{document_id}/sections",
    summary="List the sections",
    responses=problem_responses(401, 404, 422),
)
async def list_sections(tx: Tx, document: OwnDocument) -> SectionList:
    """Return all sections in reading order, also those that are only planned."""
    rows = await sections_service.load_section_rows(tx, document)
    counts = {
        section.number: len(section.citations)
        for section in await sections_service.load_sections(tx, document.id)
    }
    return SectionList(items=[SectionSummary.of(row, counts.get(row.number, 0)) for row in rows])


@router.get(
    "/{document_id}/sections/{number}",
    summary="Read a section",
    responses=problem_responses(401, 404, 422),
)
async def read_section(tx: Tx, document: OwnDocument, number: SectionNumber) -> SectionAnswer:
    """Return one section with its text, and each citation with the passage that supports it."""
    row, written = await sections_service.load_section(tx, document, number)
    return SectionAnswer.of(row, written, await sections_service.load_page(tx, document))


@router.get(
    "/{document_id}/export",
    summary="Download the document",
    dependencies=[limited_by(EXPORTS)],
    response_class=Response,
    responses={
        200: {"content": {wanted.media_type: {} for wanted in Format}, "description": "The file"},
        **problem_responses(400, 401, 404, 409, 422, 429, 503),
    },
)
async def export_document(
    request: Request,
    current: CurrentUser,
    document_id: RowId,
    wanted: Annotated[Format, Query(alias="format")] = Format.DOCX,
) -> Response:
    """Return the document as a file of the wanted format; 409 while nothing is written."""
    async with database_of(request).transaction() as tx:
        document = await service.own_document(tx, current.id, document_id)
        manuscript = await service.load_manuscript(tx, document, author=current.full_name or "")
    content = await export_service.export_document(document_id, manuscript, wanted, files_of(request))
    await _forget_when_deleted(request, current, document_id)
    name = export_service.file_name(manuscript.title, wanted)
    return Response(
        content,
        media_type=wanted.media_type,
        headers={
            "Content-Disposition": export_service.attachment(name),
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _forget_when_deleted(request: Request, current: CurrentUser, document_id: int) -> None:
    """Leave no file of a document that was deleted while it was rendered. Raises DocumentNotFound then."""
    try:
        async with database_of(request).transaction() as tx:
            await service.own_document(tx, current.id, document_id)
    except DocumentNotFound:
        async with database_of(request).transaction() as tx:
            await files_service.defer_removal(tx, [document_id], now=now_of(request))
        raise
