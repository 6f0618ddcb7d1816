"""The files of documents that are gone: they go too, through the queue, until the store says that none is left."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import service
from tesigo.documents.export_service import export_folder
from tesigo.documents.models import DocumentRow
from tesigo.documents.ports import FileStore
from tesigo.kit.errors import Unavailable
from tesigo.kit.queue import defer

REMOVE_FILES = "remove_files"
"""The queue's name for the task; its payload is `{"document_ids": […], "asked_at": TIME}`."""

_MOST_AT_ONCE = 500


async def delete_document(tx: AsyncSession, document: DocumentRow, *, now: datetime) -> None:
    """Delete the document with its sections, sources, citations and jobs; its files go once this has committed."""
    await service.delete_document(tx, document)
    await defer_removal(tx, [document.id], now=now)


async def defer_removal(
    tx: AsyncSession, document_ids: Sequence[int], *, now: datetime, delay: timedelta = timedelta(0)
) -> None:
    """Have the files of these documents removed once this transaction, which deletes them, has committed."""
    for start in range(0, len(document_ids), _MOST_AT_ONCE):
        some = list(document_ids[start : start + _MOST_AT_ONCE])
        payload = {"document_ids": some, "asked_at": (now + delay).isoformat()}
        await defer(tx, REMOVE_FILES, payload, delay=delay)


async def remove_exports(files: FileStore, document_ids: Sequence[int]) -> None:
    """Remove every kept export of these documents, and look whether they are gone.

    Raises Unavailable when the store does not answer, or still has one: the same call may work later.
    """
    for document_id in document_ids:
        folder = export_folder(document_id)
        await files.remove_files(folder)
        if await files.list_files(folder):
            raise Unavailable("The store still has files that were removed: look again later.")
