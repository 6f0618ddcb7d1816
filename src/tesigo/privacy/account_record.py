"""All that is kept of one user, as one JSON record."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO, Any

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import personal_service as accounts
from tesigo.documents import personal_service as documents
from tesigo.generation import personal_service as generation
from tesigo.privacy.export_places import OwnThreads
from tesigo.privacy.json_file import JsonFile
from tesigo.usage import personal_service as usage


def file_name(user_id: int, extension: str) -> str:
    """Return what the download is called."""
    return f"user_data_{user_id}.{extension}"


async def write_record(
    tx: AsyncSession, user_id: int, out: IO[bytes], threads: OwnThreads, *, now: datetime
) -> None:
    """Write the record into the file: a document after the other, of each a few texts at a time.

    Its members: `user`, `consents` (every decision, with time, address and browser), `sign_ins`, `link_codes`,
    `documents` (with `content`, `sections`, `citations`, `sources`, `drafts`, `jobs`, `events`), `usage` (each
    call of a model, with its tokens) and `payments`, which is empty: this version takes none.
    tx: a snapshot, which stands still while a piece is written: `out` is a plain file.
    Raises NotSignedIn when the account is deleted.
    """
    file = JsonFile(out)
    account = await accounts.read_account(tx, user_id)
    with file.object():
        file.value(now, "exported_at")
        for name, value in account.items():
            file.value(value, name)
        with file.array("documents"):
            for document_id in await documents.list_ids(tx, user_id):
                await _write_document(tx, user_id, document_id, file, threads)
        with file.array("usage"):
            await _write_all(usage.stream_usage(tx, user_id), file, threads)
        file.value([], "payments")


async def _write_document(
    tx: AsyncSession, user_id: int, document_id: int, file: JsonFile, threads: OwnThreads
) -> None:
    document = await documents.read_document(tx, user_id, document_id)
    document["jobs"] = await generation.read_jobs(tx, user_id, document_id)
    document["events"] = await generation.read_events(tx, document_id)
    with file.object():
        for name, value in document.items():
            await threads.run(file.value, value, name)
        with file.array("sources"):
            await _write_all(documents.stream_sources(tx, document_id), file, threads)
        with file.array("drafts"):
            await _write_all(documents.stream_drafts(tx, document_id), file, threads)


async def _write_all(records: AsyncIterator[dict[str, Any]], file: JsonFile, threads: OwnThreads) -> None:
    async for record in records:
        await threads.run(file.value, record)
