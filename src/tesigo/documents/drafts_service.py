"""Drafts: the versions of a document's whole content that are saved while somebody edits it.

A draft changes no section: it is kept beside what is written, so that no edit is lost, whatever state the document
is in. The newest always stays; of the others the ten newest of the last thirty days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import drafts_store
from tesigo.documents.errors import DraftConflict, DraftNotFound
from tesigo.documents.models import DocumentRow, DraftRow
from tesigo.documents.quotas import Quotas

MOST_VERSIONS = 10
KEPT_FOR = timedelta(days=30)
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class ListedDraft:
    """A draft without its content. characters: how long that is."""

    version: int
    created_at: datetime
    auto_save: bool
    characters: int


async def save_draft(
    tx: AsyncSession,
    document: DocumentRow,
    content: str,
    *,
    based_on: int | None,
    quotas: Quotas,
    now: datetime,
) -> DraftRow:
    """Keep this content as the document's newest draft and return it; its version follows the last one's.

    document: locked by this transaction, so that saves at once get versions of their own, without a gap.
    based_on: the version that the content continues, 0 for none; None saves without looking.
    A save whose answer was lost comes again: when the newest draft has this very content and follows `based_on`,
    it is returned and nothing is stored. A save that names no version is always stored, also with equal content:
    nothing tells one that is repeated from one that is meant anew, and each of n saves is promised a version.
    Raises DraftConflict when `based_on` is not the newest otherwise, QuotaReached; nothing is changed then.
    """
    if based_on is not None and based_on != document.last_draft:
        if based_on == document.last_draft - 1:
            newest = await drafts_store.find_latest(tx, document.id)
            if newest is not None and newest.content == content:
                return newest
        raise DraftConflict(based_on, document.last_draft)
    document.last_draft += 1
    draft = DraftRow(
        document_id=document.id,
        version=document.last_draft,
        content=content,
        auto_save=True,
        created_at=now,
    )
    await drafts_store.add_draft(tx, draft)
    await drafts_store.delete_up_to(tx, document.id, draft.version - MOST_VERSIONS)
    await quotas.check_stored(tx, document.user_id)
    return draft


async def load_latest_draft(tx: AsyncSession, document: DocumentRow) -> DraftRow:
    """Return the document's newest draft, however old. Raises DraftNotFound when nothing was saved."""
    draft = await drafts_store.find_latest(tx, document.id)
    if draft is None:
        raise DraftNotFound("This document has no draft: nothing has been saved yet.")
    return draft


async def load_draft(tx: AsyncSession, document: DocumentRow, version: int, *, now: datetime) -> DraftRow:
    """Return one draft. Raises DraftNotFound, also for one whose time is over."""
    draft = await drafts_store.find_draft(tx, document.id, version, not_before=now - KEPT_FOR)
    if draft is None:
        raise DraftNotFound(
            f"This document has no draft of version {version}: "
            f"the newest {MOST_VERSIONS} of the last {KEPT_FOR.days} days are kept."
        )
    return draft


async def list_drafts(
    tx: AsyncSession, document: DocumentRow, *, before_version: int | None, limit: int, now: datetime
) -> Sequence[ListedDraft]:
    """Return at most `limit` of the document's drafts, newest first."""
    rows = await drafts_store.get_drafts(
        tx, document.id, not_before=now - KEPT_FOR, before_version=before_version, limit=limit
    )
    return [ListedDraft(row.version, row.created_at, row.auto_save, row.characters) for row in rows]


async def forget_old_drafts(tx: AsyncSession, now: datetime) -> int:
    """Delete drafts whose time is over, of all documents, at most 1,000 of them; return how many went.

    The newest of each document stays. Call it again, in a transaction of its own, until nothing goes.
    """
    return await drafts_store.delete_older(tx, before=now - KEPT_FOR, limit=_BATCH)
