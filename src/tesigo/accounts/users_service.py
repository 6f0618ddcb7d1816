"""What is changed about users: their name by themselves, their rights by who runs the installation.

ADMIN_EMAILS makes administrators too, at every sign-in: whoever stands there cannot lose the right here. Who
loses it stays signed in, as a user like others, and keeps the second factor until it is removed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import service, store, users_store
from tesigo.accounts.addresses import is_among, normalise_address
from tesigo.accounts.errors import AddressUnknown, AdministratorBySetting, UserGone
from tesigo.accounts.identity import User
from tesigo.accounts.models import UserRow
from tesigo.accounts.tokens import token_not_good

log = structlog.get_logger(__name__)


class Rights(TypedDict, total=False):
    """What is to change; what is left out stays. daily_token_limit: None for none of the user's own."""

    is_admin: bool
    is_premium: bool
    daily_token_limit: int | None


@dataclass(frozen=True, slots=True)
class UserEntry:
    """A user as the list of users shows them. factor_confirmed_at: None without a second factor in force."""

    id: int
    email: str
    is_admin: bool
    is_premium: bool
    daily_token_limit: int | None
    factor_confirmed_at: datetime | None
    created_at: datetime


async def rename_user(tx: AsyncSession, user_id: int, full_name: str | None) -> User:
    """Return the user with this name, which stands on title pages; None for no name.

    Raises TokenNotGood when the user was deleted meanwhile.
    """
    await users_store.set_full_name(tx, user_id, full_name)
    user = await service.find_user(tx, user_id)
    if user is None:
        raise token_not_good()
    return user


async def list_users(tx: AsyncSession, *, after_id: int, limit: int) -> list[UserEntry]:
    """Return at most `limit` users with a greater id, in the order of their ids; none that was deleted."""
    return [_entry(row) for row in await users_store.find_users(tx, after_id=after_id, limit=limit)]


async def count_users(tx: AsyncSession) -> int:
    """Return how many users there are; none that was deleted."""
    return await users_store.count_users(tx)


async def get_user_id(tx: AsyncSession, email: str) -> int:
    """Return whose address this is. Raises AddressNotValid; AddressUnknown, also for a deleted user."""
    address = normalise_address(email)
    user_id = await users_store.find_user_id(tx, address)
    if user_id is None:
        raise AddressUnknown(
            f"No user has the address {address}: users begin with their first sign-in. "
            "`tesigo users list` shows all."
        )
    return user_id


async def set_rights(
    tx: AsyncSession, user_id: int, wanted: Rights, *, admin_emails: Collection[str]
) -> UserEntry:
    """Return the user with the wanted rights, which hold from their next request on.

    admin_emails: ADMIN_EMAILS, however it is written. Raises AdministratorBySetting for who stands there and shall
    be no administrator; UserGone when the user was deleted meanwhile.
    """
    row = await store.lock_user(tx, user_id)
    if row is None:
        raise UserGone("This user was deleted meanwhile.")
    is_admin = wanted.get("is_admin", row.is_admin)
    if not is_admin and is_among(row.email, admin_emails):
        raise AdministratorBySetting(
            "This address stands in ADMIN_EMAILS and would be an administrator again at the next sign-in: "
            "take it out there, restart TesiGo, then take the right away."
        )
    if is_admin != row.is_admin:
        row.is_admin = is_admin
        log.info("administrator made" if is_admin else "administrator unmade", user_id=row.id)
    row.is_premium = wanted.get("is_premium", row.is_premium)
    row.daily_token_limit = wanted.get("daily_token_limit", row.daily_token_limit)
    await tx.flush()
    return _entry(row)


def _entry(row: UserRow) -> UserEntry:
    return UserEntry(
        id=row.id,
        email=row.email,
        is_admin=row.is_admin,
        is_premium=row.is_premium,
        daily_token_limit=row.daily_token_limit,
        factor_confirmed_at=row.factor_confirmed_at,
        created_at=row.created_at,
    )
