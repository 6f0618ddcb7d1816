"""The SQL of users, their consents and sign-ins."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.identity import Consent, ConsentKind, Visitor
from tesigo.accounts.models import ConsentRow, SignInRow, UserRow


async def find_user(tx: AsyncSession, user_id: int) -> UserRow | None:
    """Return the user unless it was deleted."""
    return await tx.scalar(select(UserRow).where(UserRow.id == user_id, UserRow.deleted_at.is_(None)))


async def find_user_by_email(tx: AsyncSession, email: str) -> UserRow | None:
    """Return the user with this normalised address; the account is not deleted before this transaction ends.

    One that is being deleted is waited for: it has no address afterwards, and is not found.
    """
    query = select(UserRow).where(UserRow.email == email).with_for_update(read=True, key_share=True)
    return await tx.scalar(query.execution_options(populate_existing=True))


async def hold_user(tx: AsyncSession, user_id: int) -> bool:
    """Return whether the user is there; if so, the account is not deleted before this transaction ends."""
    query = select(UserRow.id).where(UserRow.id == user_id, UserRow.deleted_at.is_(None))
    return await tx.scalar(query.with_for_update(read=True, key_share=True)) is not None


async def lock_user(tx: AsyncSession, user_id: int) -> UserRow | None:
    """Return the user unless it was deleted; nothing is added to the account before this transaction ends."""
    return await tx.scalar(
        select(UserRow)
        .where(UserRow.id == user_id, UserRow.deleted_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def add_user(tx: AsyncSession, *, email: str, now: datetime) -> UserRow | None:
    """Return the new user, None when another transaction added one with the same address first."""
    statement = insert(UserRow).values(email=email, created_at=now).on_conflict_do_nothing()
    return await tx.scalar(statement.returning(UserRow))


async def find_signed_in_user(
    tx: AsyncSession, *, user_id: int, sign_in_id: uuid.UUID, now: datetime
) -> UserRow | None:
    """Return the user if the sign-in is theirs and has not ended, and they were not deleted."""
    return await tx.scalar(
        select(UserRow)
        .join(SignInRow, SignInRow.user_id == UserRow.id)
        .where(
            UserRow.id == user_id,
            UserRow.deleted_at.is_(None),
            SignInRow.id == sign_in_id,
            SignInRow.revoked_at.is_(None),
            SignInRow.expires_at > now,
        )
    )


async def add_consents(
    tx: AsyncSession,
    user_id: int,
    decided: Iterable[tuple[ConsentKind, bool]],
    *,
    visitor: Visitor,
    now: datetime,
) -> None:
    """Add one row for each decision."""
    tx.add_all(
        ConsentRow(
            user_id=user_id,
            kind=kind.value,
            is_given=is_given,
            decided_at=now,
            ip=visitor.ip,
            user_agent=visitor.user_agent,
        )
        for kind, is_given in decided
    )
    await tx.flush()


async def get_consents(tx: AsyncSession, user_id: int) -> dict[ConsentKind, Consent]:
    """Return what holds now, for each kind that was ever decided."""
    rows = await tx.scalars(
        select(ConsentRow)
        .where(ConsentRow.user_id == user_id)
        .ext(distinct_on(ConsentRow.kind))
        .order_by(ConsentRow.kind, ConsentRow.id.desc())
    )
    kinds = ((ConsentKind(row.kind), row) for row in rows)
    return {kind: Consent(kind, row.is_given, row.decided_at) for kind, row in kinds}


async def add_sign_in(
    tx: AsyncSession,
    *,
    user_id: int,
    refresh_hash: str,
    visitor: Visitor,
    now: datetime,
    expires_at: datetime,
) -> SignInRow:
    """Return the new row."""
    row = SignInRow(
        id=uuid.uuid4(),
        user_id=user_id,
        refresh_hash=refresh_hash,
        created_at=now,
        renewed_at=now,
        expires_at=expires_at,
        ip=visitor.ip,
        user_agent=visitor.user_agent,
    )
    tx.add(row)
    await tx.flush()
    return row


async def rotate_sign_in(
    tx: AsyncSession,
    sign_in_id: uuid.UUID,
    *,
    user_id: int,
    spent_hash: str,
    next_hash: str,
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Return whether the spent token was the newest of the family and the next one has taken its place.

    One statement: of two transactions that spend the same token, one succeeds.
    """
    renewed = await tx.scalar(
        update(SignInRow)
        .where(
            SignInRow.id == sign_in_id,
            SignInRow.user_id == user_id,
            SignInRow.refresh_hash == spent_hash,
            SignInRow.revoked_at.is_(None),
            SignInRow.expires_at > now,
        )
        .values(refresh_hash=next_hash, parent_hash=spent_hash, renewed_at=now, expires_at=expires_at)
        .returning(SignInRow.id)
    )
    return renewed is not None


async def lock_sign_in(tx: AsyncSession, sign_in_id: uuid.UUID, *, user_id: int) -> SignInRow | None:
    """Return the row, held until the transaction ends."""
    return await tx.scalar(
        select(SignInRow)
        .where(SignInRow.id == sign_in_id, SignInRow.user_id == user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def revoke_sign_in(tx: AsyncSession, sign_in_id: uuid.UUID, *, now: datetime) -> None:
    """End a sign-in; one that has ended keeps its time."""
    await tx.execute(
        update(SignInRow)
        .where(SignInRow.id == sign_in_id, SignInRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def delete_some_sign_ins(tx: AsyncSession, *, ended_before: datetime, limit: int) -> int:
    """Delete at most `limit` sign-ins that expired or were revoked before the time; return how many."""
    ended = select(SignInRow.id).where(
        (SignInRow.expires_at < ended_before) | (SignInRow.revoked_at < ended_before)
    )
    ended = ended.limit(limit).with_for_update(skip_locked=True)
    gone = await tx.execute(delete(SignInRow).where(SignInRow.id.in_(ended)).returning(SignInRow.id))
    return len(gone.all())


async def delete_ended_sign_ins(tx: AsyncSession, user_id: int, *, now: datetime) -> None:
    """Delete sign-ins whose newest token has expired: nothing can refer to them any more."""
    await tx.execute(delete(SignInRow).where(SignInRow.user_id == user_id, SignInRow.expires_at <= now))
