"""The requirements of a document as a file, over HTTP."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request

from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser
from tesigo.documents import requirements_service, service
from tesigo.documents.limits import UPLOADS
from tesigo.documents.quotas import Quotas
from tesigo.documents.schemas import RequirementsAnswer
from tesigo.documents.uploads import read_rules_upload
from tesigo.intake.requirements.reading import understand_requirements
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Now, SettingsNow, database_of
from tesigo.kit.schemas import RowId

router = APIRouter(prefix="/documents/{document_id}/requirements", tags=["documents"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@router.post(
    "",
    summary="Bring the requirements as a file",
    dependencies=[limited_by(UPLOADS)],
    responses=problem_responses(401, 403, 404, 409, 413, 415, 422, 429, 503),
    openapi_extra=_BODY,
)
async def add_requirements(
    request: Request, current: CurrentUser, now: Now, settings: SettingsNow, document_id: RowId
) -> RequirementsAnswer:
    """Read a university's rules (PDF, DOCX or plain text), keep their text with the document, say what they ask.

    The text is added below what the document's requirements say already. No setting is changed by it.
    """
    async with database_of(request).transaction() as tx:
        service.refuse_while_written(await service.own_document(tx, current.id, document_id))
    rules = await read_rules_upload(request, most_mib=settings.max_upload_mb)
    asked = await asyncio.to_thread(understand_requirements, rules.text)
    async with database_of(request).transaction() as tx:
        document = await service.own_document(tx, current.id, document_id, lock=True)
        await requirements_service.add_requirements(
            tx, document, rules.text, quotas=Quotas.of(settings), now=now
        )
    return RequirementsAnswer.of(rules, asked)
