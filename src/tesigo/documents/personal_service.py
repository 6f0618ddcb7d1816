"""All documents of one person: read piece by piece, and deleted together."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import personal_store, sections_service, store
from tesigo.kit.records import as_record

_OF_THE_DOCUMENT = ("id", "document_id")


async def lock_documents(tx: AsyncSession, user_id: int) -> Sequence[int]:
    """Return the ids of the user's documents, oldest first; nobody else changes them before this transaction ends."""
    return await personal_store.lock_documents(tx, user_id)


async def list_ids(tx: AsyncSession, user_id: int) -> Sequence[int]:
    """Return the ids of the user's documents, oldest first."""
    return await personal_store.get_document_ids(tx, user_id)


async def list_titles(tx: AsyncSession, user_id: int) -> dict[int, str]:
    """Return the title of each of the user's documents by its id, oldest first."""
    return await personal_store.get_titles(tx, user_id)


async def read_document(tx: AsyncSession, user_id: int, document_id: int) -> dict[str, Any]:
    """Return the document's settings, its `content` as Markdown, its `sections` and its `citations`.

    Its sources and drafts, which may be long, come by `stream_sources` and `stream_drafts`.
    Raises DocumentNotFound, also for another's.
    """
    document = await store.get_document(tx, document_id, owner_id=user_id)
    sections = await store.get_sections(tx, document_id)
    citations = await personal_store.get_citations(tx, document_id)
    return {
        **as_record(document),
        "content": await sections_service.render_content(tx, document_id),
        "sections": [as_record(section, without=_OF_THE_DOCUMENT) for section in sections],
        "citations": [
            {"section": number, "key": key, **as_record(citation, without=("section_id", "source_id"))}
            for citation, number, key in citations
        ],
    }


async def read_content(tx: AsyncSession, document_id: int) -> str:
    """Return all that is written of the document as one Markdown text, "" when nothing is."""
    return await sections_service.render_content(tx, document_id)


async def stream_sources(tx: AsyncSession, document_id: int) -> AsyncIterator[dict[str, Any]]:
    """Yield the document's sources, with abstract and full text, in the order in which they came."""
    async for source in personal_store.stream_sources(tx, document_id):
        yield as_record(source, without=("document_id",))


async def stream_drafts(tx: AsyncSession, document_id: int) -> AsyncIterator[dict[str, Any]]:
    """Yield the document's drafts, oldest first."""
    async for draft in personal_store.stream_drafts(tx, document_id):
        yield as_record(draft, without=("document_id",))


async def delete_documents(tx: AsyncSession, user_id: int) -> None:
    """Delete all documents of the user with all that hangs on them; their files are for `files_service`."""
    await personal_store.delete_documents(tx, user_id)
