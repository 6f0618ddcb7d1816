"""The drafts of a document, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status

from tesigo.documents import drafts_service
from tesigo.documents.ownership import OwnDocument, OwnDocumentLocked
from tesigo.documents.quotas import Quotas
from tesigo.documents.schemas import (
    LARGEST_VERSION,
    DraftAnswer,
    DraftSaved,
    DraftSummary,
    DraftToSave,
    DraftVersion,
)
from tesigo.kit.problems import extended_problem, problem_responses
from tesigo.kit.requests import Now, SettingsNow, Tx
from tesigo.kit.schemas import ListAnswer, decode_cursor, encode_cursor

router = APIRouter(prefix="/documents/{document_id}", tags=["drafts"])


@router.post(
    "/draft",
    status_code=status.HTTP_201_CREATED,
    summary="Save a draft",
    responses={
        **problem_responses(401, 403, 404, 413, 422),
        **extended_problem(
            409,
            latest_version={
                "type": "integer",
                "minimum": 0,
                "description": "The version to go on from, 0 when there is none.",
            },
        ),
    },
)
async def save_draft(
    tx: Tx, now: Now, settings: SettingsNow, document: OwnDocumentLocked, draft: DraftToSave
) -> DraftSaved:
    """Keep the content as the newest draft, whatever state the document is in; no section changes.

    409 (`draft_conflict`) when `based_on` is not the newest version: that one stays as it is, and this content is
    not kept. Read `latest_version`, bring both together, and save with its number.

    A save whose answer was lost may be sent again as it was: when the newest version is the one after `based_on`
    and has this content, the answer names that version, and nothing is stored twice.
    """
    quotas = Quotas.of(settings)
    saved = await drafts_service.save_draft(
        tx, document, draft.content, based_on=draft.based_on, quotas=quotas, now=now
    )
    return DraftSaved.model_validate(saved)


@router.get("/draft/latest", summary="Read the newest draft", responses=problem_responses(401, 404, 422))
async def read_latest_draft(tx: Tx, document: OwnDocument) -> DraftAnswer:
    """Return the draft that was saved last, however old; 404 (`no_draft`) when nothing was saved."""
    return DraftAnswer.model_validate(await drafts_service.load_latest_draft(tx, document))


@router.get("/drafts", summary="List the drafts", responses=problem_responses(400, 401, 404, 422))
async def list_drafts(
    tx: Tx,
    now: Now,
    document: OwnDocument,
    *,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> ListAnswer[DraftSummary]:
    """Return the drafts without their content, newest first: at most 10, of the last 30 days but for the newest."""
    before_version = decode_cursor(cursor, largest=LARGEST_VERSION)
    listed = await drafts_service.list_drafts(
        tx, document, before_version=before_version, limit=limit + 1, now=now
    )
    return ListAnswer(
        items=[DraftSummary.model_validate(draft) for draft in listed[:limit]],
        next_cursor=encode_cursor(listed[limit - 1].version) if len(listed) > limit else None,
    )


@router.get("/drafts/{version}", summary="Read a draft", responses=problem_responses(401, 404, 422))
async def read_draft(
    tx: Tx, now: Now, document: OwnDocument, version: Annotated[DraftVersion, Path()]
) -> DraftAnswer:
    """Return one draft; 404 (`no_draft`) when it is none, or no longer kept."""
    return DraftAnswer.model_validate(await drafts_service.load_draft(tx, document, version, now=now))
