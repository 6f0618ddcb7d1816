"""The SQL of all that accounts keep of one person."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.models import ConsentRow, LinkCodeRow, SignInRow, UserRow


async def get_consents(tx: AsyncSession, user_id: int) -> Sequence[ConsentRow]:
    """Return every decision about consents, oldest first."""
    query = select(ConsentRow).where(ConsentRow.user_id == user_id).order_by(ConsentRow.id)
    return (await tx.scalars(query)).all()


async def get_sign_ins(tx: AsyncSession, user_id: int) -> Sequence[SignInRow]:
    """Return every sign-in that is kept, oldest first."""
    query = select(SignInRow).where(SignInRow.user_id == user_id)
    return (await tx.scalars(query.order_by(SignInRow.created_at, SignInRow.id))).all()


async def get_link_codes(tx: AsyncSession, email: str) -> Sequence[LinkCodeRow]:
    """Return every code that was asked for at the address, oldest first."""
    return (
        await tx.scalars(select(LinkCodeRow).where(LinkCodeRow.email == email).order_by(LinkCodeRow.id))
    ).all()


async def lock_link_codes(tx: AsyncSession, email: str) -> None:
    """Let nobody redeem a code of the address before this transaction ends."""
    query = (
        select(LinkCodeRow.id).where(LinkCodeRow.email == email).order_by(LinkCodeRow.id).with_for_update()
    )
    await tx.execute(query)


async def delete_link_codes(tx: AsyncSession, email: str) -> Sequence[int]:
    """Delete every code of the address; return their ids."""
    gone = delete(LinkCodeRow).where(LinkCodeRow.email == email).returning(LinkCodeRow.id)
    return (await tx.scalars(gone)).all()


async def anonymise_user(tx: AsyncSession, user_id: int, *, now: datetime) -> None:
    """Leave of the user what says nothing about a person, and delete the consents and sign-ins."""
    await tx.execute(delete(ConsentRow).where(ConsentRow.user_id == user_id))
    await tx.execute(delete(SignInRow).where(SignInRow.user_id == user_id))
    await tx.execute(
        update(UserRow)
        .where(UserRow.id == user_id)
        .values(
            email=f"deleted_{user_id}@deleted.com",
            full_name="DELETED USER",
            is_premium=False,
            is_admin=False,
            daily_token_limit=None,
            factor_seed=None,
            factor_confirmed_at=None,
            factor_step=None,
            deleted_at=now,
        )
    )
