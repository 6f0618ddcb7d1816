import asyncio

import pytest
from tests.usage.ledgers import DOCUMENT, FlakyDatabase, Ledger, held, make_call, until_somebody_waits

from tesigo.gateway.errors import TokenLimitReached, TokensSetAside
from tesigo.gateway.ports import Call, Outcome, Usage
from tesigo.kit.db import DatabaseAway
from tesigo.usage.account import DatabaseAccount


def spend(account: DatabaseAccount, call: Call, tokens: int, outcome: Outcome = Outcome.USED) -> None:
    account.spend(call, Usage(tokens, 0), outcome, took_s=1.5)


async def record(ledger: Ledger, account: DatabaseAccount, product: str) -> int:
    async with ledger.database.transaction() as tx:
        return await account.record(tx, product)


async def record_rest(ledger: Ledger, account: DatabaseAccount) -> int:
    async with ledger.database.transaction() as tx:
        return await account.record_rest(tx)


async def outcomes(ledger: Ledger) -> list[tuple[str, str, int]]:
    query = "SELECT product, outcome, prompt_tokens + completion_tokens FROM usage ORDER BY 1, 2, 3"
    return await ledger.ask(query)


def flaky(ledger: Ledger) -> FlakyDatabase:
    ledger.more.append(FlakyDatabase(ledger.database.url))
    return ledger.more[-1]


async def test_all_that_was_spent_for_a_product_is_recorded_with_it_and_the_rest_with_the_end(ledger):
    payer = await ledger.make_payer()
    account = ledger.account(payer)
    for product, tokens, outcome in (
        ("1", 50, Outcome.WASTED), ("1", 60, Outcome.USED), ("2", 7, Outcome.WASTED),
    ):  # fmt: skip
        call = make_call(100, product=product)
        await account.reserve(call)
        spend(account, call, tokens, outcome)
    assert await ledger.sums() == (0, 50 + 60 + 100)  # what was spent is told with the next call
    assert await record(ledger, account, "1") == 110
    assert await outcomes(ledger) == [("1", "used", 60), ("1", "wasted", 50)]
    assert await ledger.ask("SELECT DISTINCT took_ms, called_at FROM usage") == [(1_500, ledger.now)]
    assert await record_rest(ledger, account) == 7
    assert (await ledger.sums(), await ledger.counted(payer)) == ((117, 0), 117)


async def test_what_was_recorded_in_a_transaction_that_broke_off_is_recorded_by_the_next(ledger):
    payer = await ledger.make_payer()
    account, call = ledger.account(payer), make_call(100)
    await account.reserve(call)
    spend(account, call, 60)

    async def break_off() -> None:
        async with ledger.database.transaction() as tx:
            assert await account.record(tx, "1") == 60
            raise DatabaseAway("test")

    with pytest.raises(DatabaseAway):
        await break_off()
    assert (await ledger.sums(), await ledger.counted(payer)) == ((0, 100), 0)
    assert await record(ledger, account, "1") == 60
    assert (await ledger.sums(), await ledger.counted(payer)) == ((60, 0), 60)


async def test_what_was_committed_although_nobody_heard_of_it_counts_once(ledger):
    payer, unsure = await ledger.make_payer(), flaky(ledger)
    account, call = ledger.account(payer), make_call(100)
    await account.reserve(call)
    spend(account, call, 60)
    unsure.loses_answers = True
    with pytest.raises(DatabaseAway):
        async with unsure.transaction() as tx:
            await account.record(tx, "1")
    assert await record(ledger, account, "1") == 0
    assert await record_rest(ledger, account) == 0
    assert (await ledger.sums(), await ledger.counted(payer)) == ((60, 0), 60)


async def test_a_run_does_not_stand_in_its_own_way_with_what_it_has_spent(ledger):
    payer = await ledger.make_payer(limit=1_000)
    account = ledger.account(payer, patience_s=0)
    for _ in range(10):  # each may use 550, none of them is recorded yet
        call = make_call(550)
        await account.reserve(call)
        spend(account, call, 50)
    assert await ledger.sums() == (0, 450 + 550)
    with pytest.raises(TokenLimitReached, match="500 are used today"):
        await account.reserve(make_call(501))
    assert await record(ledger, account, "1") == 500


async def test_a_call_waits_for_what_others_have_set_aside_and_goes_on_when_they_have_ended(ledger):
    payer = await ledger.make_payer(limit=1_000)
    one, other = ledger.account(payer), ledger.account(payer)
    first, second = make_call(800), make_call(800)
    await one.reserve(first)
    waiting = asyncio.create_task(other.reserve(second))
    for _ in range(20):
        assert not waiting.done()
        assert await ledger.sums() == (0, 800)
    await one.release(first)
    async with asyncio.timeout(20):
        await waiting
    assert await ledger.sums() == (0, 800)


async def test_a_call_that_has_waited_long_enough_is_told_to_come_again_soon(ledger):
    payer = await ledger.make_payer(limit=1_000)
    await ledger.account(payer).reserve(make_call(800))
    with pytest.raises(TokensSetAside) as reached:
        await ledger.account(payer, patience_s=0).reserve(make_call(800))
    assert 0 < reached.value.retry_after_s <= 60


async def test_a_call_of_which_nothing_was_heard_is_lost_with_the_most_that_it_can_have_used(ledger):
    payer = await ledger.make_payer()
    account, call = ledger.account(payer), make_call(100, product="3")
    await account.reserve(call)
    assert await record_rest(ledger, account) == 100
    assert await outcomes(ledger) == [("3", "lost", 100)]
    spend(account, call, 20)  # heard of after all
    assert await record_rest(ledger, account) == 0
    assert (await ledger.sums(), await ledger.counted(payer)) == ((100, 0), 100)


async def test_what_an_unused_call_had_set_aside_is_given_back_although_the_database_was_away(ledger):
    payer, unsure = await ledger.make_payer(limit=100), flaky(ledger)
    account = ledger.account(payer, on=unsure)
    first, second = make_call(100), make_call(100)
    await account.reserve(first)
    unsure.is_away = True
    await account.release(first)
    assert await ledger.sums() == (0, 100)
    with pytest.raises(DatabaseAway):
        await account.reserve(second)
    unsure.is_away = False
    await account.reserve(second)
    assert await ledger.sums() == (0, 100)
    await account.release(second)
    assert await ledger.sums() == (0, 0)
    assert await record_rest(ledger, account) == 0


@pytest.mark.parametrize("again", ["the next call", "the end of the run"])
async def test_what_was_set_aside_although_nobody_heard_of_it_is_given_back_with(ledger, again):
    payer, unsure = await ledger.make_payer(limit=100), flaky(ledger)
    account = ledger.account(payer, on=unsure)
    unsure.loses_answers = True
    with pytest.raises(DatabaseAway):
        await account.reserve(make_call(100))
    unsure.loses_answers = False
    assert await ledger.sums() == (0, 100)
    if again == "the next call":
        await account.reserve(make_call(90))
        assert await ledger.sums() == (0, 90)
    else:
        assert await record_rest(ledger, account) == 0
        assert await ledger.sums() == (0, 0)


async def test_calls_of_one_run_at_the_same_time_are_all_accounted_for(ledger):
    payer = await ledger.make_payer(limit=1_000)
    account = ledger.account(payer)

    async def write(number: int) -> int:
        recorded = 0
        for _ in range(3):
            call = make_call(400, product=str(number))
            await account.reserve(call)
            assert sum(await ledger.sums()) <= 1_000
            spend(account, call, 5)
        async with ledger.database.transaction() as tx:
            recorded += await account.record(tx, str(number))
        return recorded

    async with asyncio.timeout(60):
        assert await asyncio.gather(*(write(number) for number in range(8))) == [15] * 8
    assert await record_rest(ledger, account) == 0
    assert (await ledger.sums(), await ledger.counted(payer)) == ((120, 0), 120)


async def test_a_reservation_that_is_cancelled_leaves_nothing_behind(ledger):
    payer = await ledger.make_payer(limit=100)
    account = ledger.account(payer)
    async with held(ledger, DOCUMENT, payer.document_id):
        asking = asyncio.create_task(account.reserve(make_call(100)))
        await until_somebody_waits(ledger)
        asking.cancel()
        await asyncio.wait({asking})
        assert asking.cancelled()
    await account.reserve(make_call(100))
    assert await ledger.sums() == (0, 100)
