"""The SQL of the codes that go out by mail."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.identity import CameBy
from tesigo.accounts.models import LinkCodeRow, UserRow


async def lock_address(tx: AsyncSession, email: str) -> None:
    """Let no other transaction add codes of this address before this one ends."""
    await tx.execute(select(func.pg_advisory_xact_lock(_address_key(email))))


async def hold_address(tx: AsyncSession, email: str) -> None:
    """Wait until no other transaction has locked the address; this one may add codes of it then, beside others."""
    await tx.execute(select(func.pg_advisory_xact_lock_shared(_address_key(email))))


async def add_link_code(
    tx: AsyncSession,
    *,
    code_hash: str,
    seed: str,
    browser_hash: str | None,
    email: str,
    now: datetime,
    expires_at: datetime,
) -> LinkCodeRow:
    """Return the new row."""
    row = LinkCodeRow(
        code_hash=code_hash,
        seed=seed,
        browser_hash=browser_hash,
        email=email,
        created_at=now,
        expires_at=expires_at,
    )
    tx.add(row)
    await tx.flush()
    return row


async def claim_link_code(
    tx: AsyncSession, code_hash: str, *, came_by: CameBy, browser_hash: str | None, now: datetime
) -> str | None:
    """Return the address that the code was sent to and mark it used, None when it cannot be used in this way.

    browser_hash: of the secret of the browser that brings it, None when there is none.
    One statement: of any number of transactions that claim at the same time, one gets it.
    """
    return await tx.scalar(
        update(LinkCodeRow)
        .where(*_is_good(code_hash, now))
        .where(_is_taken_from(came_by, browser_hash))
        .values(used_at=now)
        .returning(LinkCodeRow.email)
    )


async def has_good_link_code(tx: AsyncSession, code_hash: str, *, now: datetime) -> bool:
    """Return whether some browser can use the code."""
    return await tx.scalar(select(LinkCodeRow.id).where(*_is_good(code_hash, now))) is not None


async def find_guarded_user(tx: AsyncSession, code_hash: str, *, now: datetime) -> int | None:
    """Return whose good code this is, None unless that user has a second factor in force."""
    return await tx.scalar(
        select(UserRow.id)
        .join(LinkCodeRow, LinkCodeRow.email == UserRow.email)
        .where(*_is_good(code_hash, now), UserRow.factor_confirmed_at.is_not(None))
    )


async def find_unsent_link_code(tx: AsyncSession, code_id: int) -> LinkCodeRow | None:
    """Return the code if its mail is still to be sent; one that was used needs none."""
    return await tx.scalar(
        select(LinkCodeRow).where(
            LinkCodeRow.id == code_id, LinkCodeRow.seed.is_not(None), LinkCodeRow.used_at.is_(None)
        )
    )


async def forget_seed(tx: AsyncSession, code_id: int) -> None:
    """Make sure that nobody can derive the code again."""
    await tx.execute(update(LinkCodeRow).where(LinkCodeRow.id == code_id).values(seed=None))


async def delete_some_link_codes(tx: AsyncSession, *, made_before: datetime, limit: int) -> int:
    """Delete at most `limit` codes made before the time; return how many.

    They would keep addresses of people who never signed in.
    """
    old = select(LinkCodeRow.id).where(LinkCodeRow.created_at < made_before)
    old = old.order_by(LinkCodeRow.created_at).limit(limit).with_for_update(skip_locked=True)
    gone = await tx.execute(delete(LinkCodeRow).where(LinkCodeRow.id.in_(old)).returning(LinkCodeRow.id))
    return len(gone.all())


def _address_key(email: str) -> ColumnElement[int]:
    return func.hashtextextended(f"link code {email}", 0)


def _is_taken_from(came_by: CameBy, browser_hash: str | None) -> ColumnElement[bool]:
    of_program = LinkCodeRow.browser_hash.is_(None)
    # compared with None it would be the code of a program
    of_this_browser = false() if browser_hash is None else LinkCodeRow.browser_hash == browser_hash
    match came_by:
        case CameBy.LINK:
            return of_this_browser
        case CameBy.TYPED:
            return or_(of_this_browser, of_program)
        case CameBy.PROGRAM:
            return of_program


def _is_good(code_hash: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return LinkCodeRow.code_hash == code_hash, LinkCodeRow.used_at.is_(None), LinkCodeRow.expires_at > now
