"""Documents: made, found, changed, removed, and the one place that decides whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import service as accounts
from tesigo.documents import sources_store, store
from tesigo.documents.errors import BeingWritten, DocumentNotFound
from tesigo.documents.mapping import to_brief, to_manuscript, to_sections, to_source
from tesigo.documents.models import DocumentRow
from tesigo.documents.quotas import Quotas
from tesigo.export.norms import load_norm
from tesigo.export.styles import find_style
from tesigo.manuscript import Manuscript
from tesigo.writing.brief import Brief, make_brief

_BRIEF_FIELDS = ("title", "pages", "language", "citation_style", "norm", "requirements")


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """How many documents all users have, how many of them have used tokens, and how many tokens these used."""

    there: int
    with_tokens: int
    tokens: int


async def own_document(
    tx: AsyncSession, user_id: int, document_id: int, *, lock: bool = False
) -> DocumentRow:
    """Return the user's document: the one check of ownership, for everything that belongs to a document.

    lock: nobody else changes the document before this transaction ends.
    Raises DocumentNotFound, the same for a document that is absent and for another's.
    """
    return await store.get_document(tx, document_id, owner_id=user_id, lock=lock)


async def find_document(tx: AsyncSession, document_id: int) -> DocumentRow | None:
    """Return a document whoever owns it, None when it is gone: only for what the house does unasked."""
    try:
        return await store.get_document(tx, document_id, owner_id=None)
    except DocumentNotFound:
        return None


async def create_document(
    tx: AsyncSession, user_id: int, brief: Brief, *, model: str | None, quotas: Quotas, now: datetime
) -> DocumentRow:
    """Add a document that nothing is written of yet.

    brief: as `make_brief` gives it. Raises UnknownNorm or UnknownStyle, which name those that exist;
    QuotaReached.
    """
    _check_looks(brief)
    await accounts.hold_user(tx, user_id)
    document = DocumentRow(
        user_id=user_id,
        title=brief.title,
        status="draft",
        pages=brief.pages,
        language=brief.language,
        citation_style=brief.citation_style,
        norm=brief.norm,
        model=model,
        requirements=brief.requirements or None,
        statement="",
        tokens_used=0,
        word_count=0,
        created_at=now,
        updated_at=now,
        completed_at=None,
    )
    await store.add_document(tx, document)
    await quotas.check_documents(tx, user_id)
    await quotas.check_stored(tx, user_id)
    return document


async def list_documents(
    tx: AsyncSession, user_id: int, *, status: str | None, before_id: int | None, limit: int
) -> Sequence[DocumentRow]:
    """Return at most `limit` of the user's documents, newest first."""
    return await store.get_documents(tx, user_id, status=status, before_id=before_id, limit=limit)


async def count_documents(tx: AsyncSession) -> DocumentCounts:
    """Return how many documents there are, whoever owns them."""
    return DocumentCounts(*await store.count_documents(tx))


async def update_document(
    tx: AsyncSession, document: DocumentRow, changes: Mapping[str, Any], *, quotas: Quotas, now: datetime
) -> None:
    """Change some of title, pages, language, citation_style, norm, requirements, model.

    Raises InvalidBrief, UnknownNorm or UnknownStyle, QuotaReached, and BeingWritten while a job writes the document.
    """
    refuse_while_written(document)
    wanted = {name: changes[name] or "" for name in _BRIEF_FIELDS if name in changes}
    asked = to_brief(document)
    known = {name: getattr(asked, name) for name in _BRIEF_FIELDS}
    brief = make_brief(**{**known, **wanted})
    _check_looks(brief)
    for name in wanted:
        setattr(document, name, getattr(brief, name))
    document.requirements = document.requirements or None
    if "model" in changes:
        document.model = changes["model"]
    document.updated_at = now
    await tx.flush()
    if wanted.get("requirements"):
        await quotas.check_stored(tx, document.user_id)


async def delete_document(tx: AsyncSession, document: DocumentRow) -> None:
    """Delete the document with its sections, sources, citations and jobs."""
    await store.delete_document(tx, document)


async def load_manuscript(tx: AsyncSession, document: DocumentRow, *, author: str = "") -> Manuscript:
    """Return what is written of the document, with all of its sources."""
    rows = await sources_store.get_sources(tx, document.id)
    sections = to_sections(
        await store.get_sections(tx, document.id),
        await store.get_citations(tx, document.id),
        {row.id: row.key for row in rows},
    )
    return to_manuscript(document, sections, tuple(to_source(row) for row in rows), author=author)


def refuse_while_written(document: DocumentRow) -> None:
    """Raise BeingWritten while a job writes the document."""
    if document.status == "generating":
        raise BeingWritten


def _check_looks(brief: Brief) -> None:
    load_norm(brief.norm)
    find_style(brief.citation_style)
