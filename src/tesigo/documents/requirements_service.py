"""The requirements of a document that come as a file."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents.errors import RequirementsTooLong
from tesigo.documents.models import DocumentRow
from tesigo.documents.quotas import Quotas
from tesigo.documents.service import update_document
from tesigo.writing.brief import LONGEST_REQUIREMENTS


def join_requirements(kept: str, text: str) -> str:
    """Return what was there with the text of a file below it, once: what somebody typed is never lost.

    Raises RequirementsTooLong.
    """
    added = text.strip()
    whole = kept if added in kept else f"{kept}\n\n{added}".strip()
    if len(whole) > LONGEST_REQUIREMENTS:
        raise RequirementsTooLong(len(whole), LONGEST_REQUIREMENTS)
    return whole


async def add_requirements(
    tx: AsyncSession, document: DocumentRow, text: str, *, quotas: Quotas, now: datetime
) -> None:
    """Keep the text of a file with the document's requirements.

    Raises RequirementsTooLong, QuotaReached, and BeingWritten while a job writes the document.
    """
    whole = join_requirements(document.requirements or "", text)
    await update_document(tx, document, {"requirements": whole}, quotas=quotas, now=now)
