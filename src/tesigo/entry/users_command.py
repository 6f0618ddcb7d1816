"""`tesigo users`: who uses this installation, and what they may; for who has its machine.

It may run while `tesigo serve` does, also on the embedded database, which both then use.
"""

from collections.abc import Callable

from tesigo.accounts import factor_service, sign_ins_service, users_service
from tesigo.accounts.users_service import Rights, UserEntry
from tesigo.entry.migrating import migrate
from tesigo.entry.wiring import open_house
from tesigo.kit.errors import Invalid
from tesigo.kit.settings import Settings

_PAGE = 500
_MOST_TOKENS = 2**31 - 1


def make_rights(*, admin: bool | None, premium: bool | None, daily_tokens: str | None) -> Rights:
    """Return what the options ask for; None for an option that was not given.

    daily_tokens: a number, or "none" for no limit of the user's own. Raises Invalid when nothing is asked for.
    """
    wanted = Rights()
    if admin is not None:
        wanted["is_admin"] = admin
    if premium is not None:
        wanted["is_premium"] = premium
    if daily_tokens is not None:
        wanted["daily_token_limit"] = _parse_tokens(daily_tokens)
    if not wanted:
        raise Invalid("Say what to set: --admin or --no-admin, --premium or --no-premium, --daily-tokens.")
    return wanted


async def list_all(settings: Settings, show: Callable[[UserEntry], None]) -> int:
    """Show every user in the order in which they came; return how many there are."""
    async with open_house(settings) as house:
        await migrate(house.database)
        shown = after_id = 0
        while True:
            async with house.database.transaction() as tx:
                entries = await users_service.list_users(tx, after_id=after_id, limit=_PAGE)
            for entry in entries:
                show(entry)
            shown += len(entries)
            if len(entries) < _PAGE:
                return shown
            after_id = entries[-1].id


async def set_rights(address: str, wanted: Rights, settings: Settings) -> UserEntry:
    """Return the user of this address with the wanted rights, which hold from their next request on.

    Raises AddressNotValid, AddressUnknown; AdministratorBySetting for a right that ADMIN_EMAILS gives.
    """
    async with open_house(settings) as house:
        await migrate(house.database)
        async with house.database.transaction() as tx:
            user_id = await users_service.get_user_id(tx, address)
            return await users_service.set_rights(tx, user_id, wanted, admin_emails=settings.admin_emails)


async def reset_second_factor(address: str, settings: Settings) -> bool:
    """Remove the second factor of a user who lost the device; return whether one was in force.

    Raises AddressNotValid, AddressUnknown.
    """
    async with open_house(settings) as house:
        await migrate(house.database)
        async with house.database.transaction() as tx:
            user_id = await users_service.get_user_id(tx, address)
            return await factor_service.reset_factor(tx, user_id)


async def sign_out(address: str, settings: Settings) -> int:
    """End all sign-ins of a user; return how many. Raises AddressNotValid, AddressUnknown."""
    async with open_house(settings) as house:
        await migrate(house.database)
        async with house.database.transaction() as tx:
            user_id = await users_service.get_user_id(tx, address)
            return await sign_ins_service.revoke_all_sign_ins(tx, user_id, house.clock())


def _parse_tokens(text: str) -> int | None:
    if text == "none":
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_TOKENS):
        raise Invalid(f"--daily-tokens: give a number from 0 to {_MOST_TOKENS}, or none.")
    return int(text)
