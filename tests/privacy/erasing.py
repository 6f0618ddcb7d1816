"""An account that is erased, and what is counted before and afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.generation.jobs import rows

from tesigo.privacy.erasure_service import erase_user


async def id_of(me) -> int:
    return (await me.ask("GET", "/user/me")).json()["id"]


async def delete_account(me) -> None:
    answer = await me.ask("DELETE", "/user/delete-account")
    assert (answer.status_code, answer.json()) == (200, {"status": "account_deleted"}), answer.text


async def count(me, table: str, condition: str, **values) -> int:
    ((found,),) = await rows(me, f"SELECT count(*) FROM {table} WHERE {condition}", **values)  # noqa: S608 - names of ours
    return found


@asynccontextmanager
async def being_erased(me) -> AsyncIterator[int]:
    """Erase the account in a transaction that is committed when the block has ended."""
    user_id = await id_of(me)
    async with me.house.database.transaction() as tx:
        await erase_user(tx, user_id, keys=me.house.keys, now=me.house.clock())
        yield user_id


async def until_one_waits(me) -> None:
    """Wait until a statement waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(20):
        while True:
            if (await rows(me, waiting))[0][0]:
                return
            await asyncio.sleep(0.01)
