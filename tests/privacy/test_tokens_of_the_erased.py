import asyncio
import uuid

import pytest
from tests.generation.jobs import make_ready, rows
from tests.privacy.erasing import being_erased, count, delete_account, id_of, until_one_waits
from tests.privacy.planting import STAY_AS_NOBODYS, make_everything, mark_every_column

from tesigo.documents.errors import DocumentNotFound
from tesigo.gateway.ports import Call, Outcome, Usage
from tesigo.kit.errors import NotSignedIn
from tesigo.usage.account import DatabaseAccount
from tesigo.usage.spending import Payer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("table", STAY_AS_NOBODYS)
async def test_tokens_that_a_person_used_stay_and_name_nothing_of_theirs(me, other, table):
    for each, mark in ((me, f"er13.{table}"), (other, f"er14.{table}")):
        await make_everything(each.client, mark)
        await mark_every_column(each.house.database, await id_of(each), mark)
    user_id = await id_of(me)
    query = f"SELECT * FROM {table} ORDER BY id"  # noqa: S608 - a name of ours
    before = [row._mapping for row in await rows(me, query)]
    assert any(row["user_id"] == user_id and row["job_id"] for row in before)
    await delete_account(me)
    nobody = {"user_id": None, "document_id": None, "job_id": None}
    assert [row._mapping for row in await rows(me, query)] == [
        {**row, **nobody} if row["user_id"] == user_id else row for row in before
    ]


async def test_what_a_call_used_while_the_account_went_is_recorded_as_nobodys_and_none_is_made_any_more(me):
    document_id = await make_ready(me)
    payer = Payer(await id_of(me), document_id, uuid.uuid4())
    account = DatabaseAccount(me.house.database, me.house.clock, payer, service_limit=None)
    calls = [Call(uuid.uuid4(), "er15", "fake:model", "section/1", Usage(100, 0)) for _ in range(3)]
    await account.reserve(calls[0])
    account.spend(calls[0], Usage(60, 0), Outcome.USED, took_s=1)
    await account.reserve(calls[1])

    async def record() -> int:
        async with me.house.database.transaction() as tx:
            return await account.record_rest(tx)

    async with being_erased(me):
        recording = asyncio.create_task(record())
        await until_one_waits(me)
        reserving = asyncio.create_task(account.reserve(calls[2]))
    assert await recording == 160
    with pytest.raises((DocumentNotFound, NotSignedIn)):
        await reserving
    told = "SELECT user_id, document_id, job_id, prompt_tokens, outcome FROM usage WHERE product = 'er15' ORDER BY 4"
    assert [tuple(row) for row in await rows(me, told)] == [
        (None, None, None, 60, "used"),
        (None, None, None, 100, "lost"),
    ]
    assert await count(me, "token_reservations", "product = 'er15'") == 0
