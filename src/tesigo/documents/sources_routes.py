"""The sources of a document, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, status

from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser
from tesigo.documents import service, sources_service
from tesigo.documents.limits import UPLOADS
from tesigo.documents.ownership import OwnDocument, OwnDocumentLocked
from tesigo.documents.quotas import Quotas
from tesigo.documents.schemas import AddedSources, CslRecord, SourceAnswer
from tesigo.documents.uploads import read_upload
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Now, SettingsNow, Tx, database_of
from tesigo.kit.schemas import ListAnswer, RowId, decode_cursor, encode_cursor

router = APIRouter(prefix="/documents/{document_id}/sources", tags=["sources"])

_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/json": {"schema": CslRecord.model_json_schema()},
        },
    }
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Add sources",
    dependencies=[limited_by(UPLOADS)],
    responses=problem_responses(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
    openapi_extra=_BODIES,
)
async def add_sources(
    request: Request, current: CurrentUser, now: Now, settings: SettingsNow, document_id: RowId
) -> AddedSources:
    """Read a file and add its sources, or add one CSL record.

    Takes PDF, DOCX, plain text, Markdown, BibTeX, RIS, and CSL-JSON as an array or one record a line; the
    kind is decided by the content. A work that the document has already is completed, not added again.
    """
    async with database_of(request).transaction() as tx:
        await service.own_document(tx, current.id, document_id)
    reading = await read_upload(request, most_mib=settings.max_upload_mb)
    async with database_of(request).transaction() as tx:
        document = await service.own_document(tx, current.id, document_id, lock=True)
        listed = await sources_service.add_sources(
            tx, document, reading.sources, quotas=Quotas.of(settings), now=now
        )
        return AddedSources(
            items=[SourceAnswer.model_validate(source) for source in listed], warnings=list(reading.warnings)
        )


@router.get("", summary="List the sources", responses=problem_responses(400, 401, 404, 422))
async def list_sources(
    tx: Tx,
    document: OwnDocument,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> ListAnswer[SourceAnswer]:
    """Return the sources in the order in which they came, each with how often the text cites it."""
    listed = await sources_service.list_sources(tx, document, after_id=decode_cursor(cursor), limit=limit + 1)
    return ListAnswer(
        items=[SourceAnswer.model_validate(source) for source in listed[:limit]],
        next_cursor=encode_cursor(listed[limit - 1].id) if len(listed) > limit else None,
    )


@router.delete(
    "/{source_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove a source",
    responses=problem_responses(401, 403, 404, 409, 422),
)
async def remove_source(tx: Tx, document: OwnDocumentLocked, source_id: RowId) -> None:
    """Remove a source that the text does not cite; 409 while it does."""
    await sources_service.remove_source(tx, document, source_id)
