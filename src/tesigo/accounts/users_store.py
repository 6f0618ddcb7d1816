"""The SQL of what is changed about users themselves."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.models import UserRow


async def find_users(tx: AsyncSession, *, after_id: int, limit: int) -> Sequence[UserRow]:
    """Return at most `limit` users with a greater id, in the order of their ids; none that was deleted."""
    rows = await tx.scalars(
        select(UserRow)
        .where(UserRow.id > after_id, UserRow.deleted_at.is_(None))
        .order_by(UserRow.id)
        .limit(limit)
    )
    return rows.all()


async def count_users(tx: AsyncSession) -> int:
    """Return how many users there are; none that was deleted."""
    return await tx.scalar(select(func.count()).select_from(UserRow).where(UserRow.deleted_at.is_(None))) or 0


async def find_user_id(tx: AsyncSession, email: str) -> int | None:
    """Return whose normalised address this is."""
    return await tx.scalar(select(UserRow.id).where(UserRow.email == email, UserRow.deleted_at.is_(None)))


async def set_full_name(tx: AsyncSession, user_id: int, full_name: str | None) -> None:
    """Set or remove the name of a user who was not deleted."""
    await tx.execute(
        update(UserRow).where(UserRow.id == user_id, UserRow.deleted_at.is_(None)).values(full_name=full_name)
    )
