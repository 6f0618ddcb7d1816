"""The SQL of drafts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tesigo.documents.models import DraftRow

_newer = aliased(DraftRow)
_HAS_NEWER = exists().where(_newer.document_id == DraftRow.document_id, _newer.version > DraftRow.version)


async def add_draft(tx: AsyncSession, draft: DraftRow) -> None:
    """Add the draft; its document must be locked, so that nobody else adds this version."""
    tx.add(draft)
    await tx.flush()


async def delete_up_to(tx: AsyncSession, document_id: int, version: int) -> None:
    """Delete the document's drafts up to and with this version."""
    await tx.execute(delete(DraftRow).where(DraftRow.document_id == document_id, DraftRow.version <= version))


async def find_latest(tx: AsyncSession, document_id: int) -> DraftRow | None:
    """Return the document's newest draft."""
    query = select(DraftRow).where(DraftRow.document_id == document_id)
    return await tx.scalar(query.order_by(DraftRow.version.desc()).limit(1))


async def find_draft(
    tx: AsyncSession, document_id: int, version: int, *, not_before: datetime
) -> DraftRow | None:
    """Return one draft of the document: the newest, or one that was saved at this time or later."""
    query = select(DraftRow).where(DraftRow.document_id == document_id, DraftRow.version == version)
    return await tx.scalar(query.where(_stays(not_before)))


async def get_drafts(
    tx: AsyncSession, document_id: int, *, not_before: datetime, before_version: int | None, limit: int
) -> Sequence[Row[int, datetime, bool, int]]:
    """Return (version, created_at, auto_save, characters) of at most `limit` drafts, newest first.

    The newest is among them whenever it was saved, others only when they were saved at `not_before` or later.
    """
    query = select(
        DraftRow.version,
        DraftRow.created_at,
        DraftRow.auto_save,
        func.char_length(DraftRow.content).label("characters"),
    ).where(DraftRow.document_id == document_id, _stays(not_before))
    if before_version is not None:
        query = query.where(DraftRow.version < before_version)
    return (await tx.execute(query.order_by(DraftRow.version.desc()).limit(limit))).all()


async def delete_older(tx: AsyncSession, *, before: datetime, limit: int) -> int:
    """Delete at most `limit` drafts saved before this time that are not their document's newest; return how many.

    A draft that has a newer one never becomes the newest again, so that no document need be locked. What another
    transaction deletes at this moment is left to it.
    """
    old = (
        select(DraftRow.document_id, DraftRow.version)
        .where(DraftRow.created_at < before, _HAS_NEWER)
        .order_by(DraftRow.created_at)
        .limit(limit)
        .with_for_update(of=DraftRow, skip_locked=True)
    )
    removed = await tx.execute(
        delete(DraftRow)
        .where(tuple_(DraftRow.document_id, DraftRow.version).in_(old))
        .returning(DraftRow.version)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())


def _stays(not_before: datetime) -> ColumnElement[bool]:
    return (DraftRow.created_at >= not_before) | ~_HAS_NEWER
