"""The SQL of the second factor."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.models import UserRow


async def get_factor(tx: AsyncSession, user_id: int) -> tuple[str | None, datetime | None]:
    """Return the seed and since when the factor is in force, both None for a user without one.

    Never from what this transaction has read before: another may have changed it since.
    """
    statement = select(UserRow.factor_seed, UserRow.factor_confirmed_at).where(UserRow.id == user_id)
    row = (await tx.execute(statement)).one_or_none()
    return (None, None) if row is None else (row.factor_seed, row.factor_confirmed_at)


async def begin_factor(tx: AsyncSession, user_id: int, *, seed: str) -> bool:
    """Set the seed of a factor that is not in force yet; return False, and leave it, when one is in force."""
    begun = await tx.scalar(
        update(UserRow)
        .where(UserRow.id == user_id, UserRow.factor_confirmed_at.is_(None))
        .values(factor_seed=seed, factor_step=None)
        .returning(UserRow.id)
    )
    return begun is not None


async def take_step(tx: AsyncSession, user_id: int, *, seed: str, step: int) -> bool:
    """Return whether the step is later than every one that was taken, and take it.

    One statement: of any number of transactions that bring the same code at the same time, one succeeds.
    seed: the one that the code was compared with; nothing is taken when it was replaced meanwhile.
    """
    taken = await tx.scalar(
        update(UserRow)
        .where(
            UserRow.id == user_id,
            UserRow.factor_seed == seed,
            UserRow.factor_step.is_(None) | (UserRow.factor_step < step),
        )
        .values(factor_step=step)
        .returning(UserRow.id)
    )
    return taken is not None


async def confirm_factor(tx: AsyncSession, user_id: int, *, now: datetime) -> None:
    """Put the factor in force; one that is in force keeps its time."""
    await tx.execute(
        update(UserRow)
        .where(UserRow.id == user_id, UserRow.factor_confirmed_at.is_(None))
        .values(factor_confirmed_at=now)
    )


async def remove_factor(tx: AsyncSession, user_id: int) -> None:
    """Forget the factor, in force or not."""
    await tx.execute(
        update(UserRow)
        .where(UserRow.id == user_id)
        .values(factor_seed=None, factor_confirmed_at=None, factor_step=None)
    )
