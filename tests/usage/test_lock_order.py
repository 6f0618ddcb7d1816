"""Locks are taken in one order, whoever takes them, so that none meets another in a deadlock."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.usage.ledgers import (
    DOCUMENT,
    RESERVATION,
    Ledger,
    held,
    make_call,
    make_spent,
    until_somebody_waits,
)

from tesigo.gateway.ports import Call, Outcome, Usage
from tesigo.usage import service
from tesigo.usage.spending import Payer


async def is_free(ledger: Ledger, call: Call) -> bool:
    return await ledger.ask(f"{RESERVATION} SKIP LOCKED", id=call.id) == [(call.id,)]


async def do(ledger: Ledger, how: str, payer: Payer, calls: list[Call]) -> Any:
    """Do something to the reservations of these calls."""
    spent = [make_spent(ledger, call, 5) for call in calls]
    ids = [call.id for call in calls]
    async with ledger.database.transaction() as tx:
        ways: dict[str, Coroutine[Any, Any, Any]] = {
            "record": service.record(tx, spent, payer),
            "settle": service.settle(tx, spent),
            "release": service.release(tx, ids),
            "write_off": service.write_off_calls(tx, ids),
        }
        chosen = ways.pop(how)
        for other in ways.values():
            other.close()
        return await chosen


@pytest.mark.parametrize("how", ["record", "settle", "release", "write_off"])
async def test_of_two_reservations_the_lesser_id_is_locked_first_in_whatever_order_they_came(ledger, how):
    payer = await ledger.make_payer()
    lesser, greater = sorted((make_call(9), make_call(9)), key=lambda call: call.id)
    for call in (greater, lesser):
        assert await ledger.reserve(payer, call)
    async with held(ledger, RESERVATION, lesser.id):
        doing = asyncio.create_task(do(ledger, how, payer, [greater, lesser]))
        await until_somebody_waits(ledger)
        assert await is_free(ledger, greater)
    await doing


@pytest.mark.parametrize("how", ["record", "write_off"])
async def test_a_document_is_locked_before_its_reservations(ledger, how):
    payer, call = await ledger.make_payer(), make_call(9)
    assert await ledger.reserve(payer, call)
    async with held(ledger, DOCUMENT, payer.document_id):
        doing = asyncio.create_task(do(ledger, how, payer, [call]))
        await until_somebody_waits(ledger)
        assert await is_free(ledger, call)
    await doing


@pytest.mark.parametrize("how", ["reserve", "record_rest"])
async def test_an_account_holds_its_document_before_it_touches_what_it_set_aside(ledger, how):
    payer = await ledger.make_payer()
    account, calls = ledger.account(payer), [make_call(9) for _ in range(3)]
    for call in calls:
        await account.reserve(call)
    for call in calls[:2]:
        account.spend(call, Usage(5, 0), Outcome.USED, took_s=1)

    async def record_rest() -> None:
        async with ledger.database.transaction() as tx:
            await account.record_rest(tx)

    async with held(ledger, DOCUMENT, payer.document_id):
        doing = asyncio.create_task(account.reserve(make_call(9)) if how == "reserve" else record_rest())
        await until_somebody_waits(ledger)
        assert [await is_free(ledger, call) for call in calls] == [True] * 3
    await doing
