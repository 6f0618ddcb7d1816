"""All that accounts keep of one person: read as a whole, and erased as a whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import links_store, personal_store, store
from tesigo.accounts.links_service import SEND_LINK
from tesigo.kit.errors import NotSignedIn
from tesigo.kit.queue import erase
from tesigo.kit.records import as_record

KEPT_BACK: Mapping[str, Mapping[str, str]] = {
    "users": {
        "factor_seed": "the key of the second factor",
        "factor_step": "by which a code is not taken twice",
    },
    "sign_ins": {
        "refresh_hash": "the trace of a token",
        "parent_hash": "the trace of a token",
    },
    "link_codes": {
        "code_hash": "the trace of a code",
        "seed": "what a code is made from",
        "browser_hash": "the trace of a browser's secret",
    },
}
"""Columns, by table, that nobody is told, also not the user whom they protect; and why."""


async def read_account(tx: AsyncSession, user_id: int) -> dict[str, Any]:
    """Return `user`, and the lists `consents` (all ever decided), `sign_ins` and `link_codes`, oldest first.

    Raises NotSignedIn when the account was deleted meanwhile.
    """
    user = await store.find_user(tx, user_id)
    if user is None:
        raise _is_deleted()
    lists = {
        "consents": await personal_store.get_consents(tx, user_id),
        "sign_ins": await personal_store.get_sign_ins(tx, user_id),
        "link_codes": await personal_store.get_link_codes(tx, user.email),
    }
    return {
        "user": as_record(user, without=KEPT_BACK["users"]),
        **{
            name: [as_record(row, without=KEPT_BACK.get(name, ())) for row in rows]
            for name, rows in lists.items()
        },
    }


async def lock_account(tx: AsyncSession, user_id: int) -> str:
    """Return the user's address; nothing is added to the account, or to the address, before this transaction ends.

    Codes are locked before the user, as by whoever redeems one: the other order meets that in a deadlock.
    Raises NotSignedIn when the account was deleted meanwhile.
    """
    user = await store.find_user(tx, user_id)
    if user is None:
        raise _is_deleted()
    await links_store.lock_address(tx, user.email)
    await personal_store.lock_link_codes(tx, user.email)
    user = await store.lock_user(tx, user_id)
    if user is None:
        raise _is_deleted()
    return user.email


async def erase_account(tx: AsyncSession, user_id: int, *, email: str, now: datetime) -> None:
    """Make the row of the user, which `lock_account` has locked, anonymous, and delete all else that is theirs.

    A mail that waits to be sent to the address is not sent any more.
    """
    codes = await personal_store.delete_link_codes(tx, email)
    await erase(tx, SEND_LINK, "code_id", codes)
    await personal_store.anonymise_user(tx, user_id, now=now)


def _is_deleted() -> NotSignedIn:
    return NotSignedIn("This account was deleted.")
