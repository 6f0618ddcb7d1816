"""The SQL of the list of sign-ins; that of a single one's tokens is in `store`."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.models import SignInRow


async def find_sign_ins(tx: AsyncSession, user_id: int, *, now: datetime) -> Sequence[SignInRow]:
    """Return the sign-ins of the user that hold, newest use first."""
    rows = await tx.scalars(
        select(SignInRow)
        .where(*_that_hold(user_id, now))
        .order_by(SignInRow.renewed_at.desc(), SignInRow.created_at.desc(), SignInRow.id)
    )
    return rows.all()


async def revoke_own_sign_in(tx: AsyncSession, sign_in_id: uuid.UUID, *, user_id: int, now: datetime) -> bool:
    """End one sign-in; return whether it was the user's and held until now."""
    ended = await tx.scalar(
        update(SignInRow)
        .where(*_that_hold(user_id, now), SignInRow.id == sign_in_id)
        .values(revoked_at=now)
        .returning(SignInRow.id)
    )
    return ended is not None


async def revoke_sign_ins(
    tx: AsyncSession, user_id: int, *, but: uuid.UUID | None = None, now: datetime
) -> int:
    """End all sign-ins of the user that hold, but the named one; return how many ended."""
    statement = update(SignInRow).where(*_that_hold(user_id, now)).values(revoked_at=now)
    if but is not None:
        statement = statement.where(SignInRow.id != but)
    ended = await tx.scalars(statement.returning(SignInRow.id))
    return len(ended.all())


def _that_hold(user_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (SignInRow.user_id == user_id, SignInRow.revoked_at.is_(None), SignInRow.expires_at > now)
