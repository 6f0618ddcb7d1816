import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta

from tests.usage.ledgers import Ledger, make_call, make_spent

from tesigo.gateway.ports import Outcome, Usage
from tesigo.usage import service
from tesigo.usage.spending import Payer


async def write_off_job(ledger: Ledger, payer: Payer) -> int:
    async with ledger.database.transaction() as tx:
        return await service.write_off_job(tx, payer.job_id)


async def write_off_forgotten(ledger: Ledger) -> int:
    async with ledger.database.transaction() as tx:
        return len(await service.write_off_forgotten(tx, ledger.now, spared=()))


async def test_a_call_is_recorded_with_all_that_is_known_of_it(ledger):
    payer = await ledger.make_payer()
    call = make_call(100, product="2.1")
    spent = replace(make_spent(ledger, call, 0, Outcome.WASTED), usage=Usage(40, 9, is_estimated=True))
    assert await ledger.record(payer, spent) == 49
    (row,) = await ledger.ask(
        "SELECT id, user_id, document_id, job_id, product, model, prompt, prompt_tokens, completion_tokens, "
        "is_estimated, outcome, called_at, took_ms FROM usage"
    )
    of_payer = (payer.user_id, payer.document_id, payer.job_id)
    assert row == (
        call.id, *of_payer, "2.1", "fake:model", "section/1", 40, 9, True, "wasted", ledger.now, 7,
    )  # fmt: skip
    assert await ledger.counted(payer) == 49


async def test_what_is_recorded_twice_counts_once(ledger):
    payer = await ledger.make_payer()
    first, second = (make_spent(ledger, make_call(100), tokens) for tokens in (60, 7))
    assert await ledger.record(payer, first) == 60
    assert await ledger.record(payer, first, second) == 7
    assert await ledger.record(payer, first, second) == 0
    assert await ledger.record(payer) == 0
    assert (await ledger.sums(), await ledger.counted(payer)) == ((67, 0), 67)


async def test_a_run_of_more_calls_than_one_statement_takes_is_recorded(ledger):
    payer = await ledger.make_payer()
    spent = [make_spent(ledger, make_call(9), 5) for _ in range(3_000)]
    assert await ledger.record(payer, *spent) == 15_000
    assert await ledger.record(payer, *spent) == 0
    assert await ledger.counted(payer) == 15_000


async def test_50_records_at_once_lose_no_token_of_a_document_and_count_none_twice(ledger):
    payer, databases = await ledger.make_payer(), [ledger.another_database() for _ in range(4)]
    calls = [make_spent(ledger, make_call(100), tokens) for tokens in range(1, 51)]

    async def record(number: int) -> int:
        async with databases[number % 4].transaction() as tx:
            return await service.record(tx, [calls[number % 50], calls[(number + 1) % 50]], payer)

    added = await asyncio.gather(*(record(number) for number in range(100)))
    assert sum(added) == sum(range(1, 51))
    assert (await ledger.sums(), await ledger.counted(payer)) == ((1_275, 0), 1_275)


async def test_tokens_of_a_document_that_was_deleted_stay_without_it(ledger):
    payer = await ledger.make_payer()
    await ledger.use(payer, 10)
    reserved = make_call(5)
    assert await ledger.reserve(payer, reserved)
    await ledger.ask("DELETE FROM documents WHERE id = :id", id=payer.document_id)
    assert await ledger.record(payer, make_spent(ledger, reserved, 4)) == 4
    assert await ledger.ask("SELECT user_id, document_id, prompt_tokens FROM usage ORDER BY 3") == [
        (payer.user_id, None, 4),
        (payer.user_id, None, 10),
    ]
    assert await ledger.sums() == (14, 0)


async def test_what_an_erased_user_spent_is_recorded_as_nobodys(ledger):
    payer = await ledger.make_payer()
    await ledger.ask(
        "UPDATE users SET deleted_at = now(), email = 'deleted_1@deleted.com' WHERE id = :id",
        id=payer.user_id,
    )
    assert await ledger.record(payer, make_spent(ledger, make_call(5), 5)) == 5
    assert await ledger.ask("SELECT user_id, document_id, job_id FROM usage") == [(None, None, None)]


async def test_what_a_killed_run_left_is_written_off_with_the_most_it_can_have_used(ledger):
    payer, other = await ledger.make_payer(), await ledger.make_payer()
    unheard, heard, others = make_call(100), make_call(100), make_call(100)
    assert await ledger.reserve(payer, unheard)
    assert await ledger.reserve(payer, heard)
    assert await ledger.reserve(other, others)
    async with ledger.database.transaction() as tx:
        await service.settle(tx, [make_spent(ledger, heard, 30)])
    assert await write_off_job(ledger, payer) == 130
    assert await ledger.ask(
        "SELECT id, user_id, document_id, job_id, prompt_tokens + completion_tokens, is_estimated, outcome, "
        "called_at, took_ms FROM usage ORDER BY prompt_tokens"
    ) == [
        (heard.id, payer.user_id, payer.document_id, payer.job_id, 30, False, "lost", ledger.now, None),
        (unheard.id, payer.user_id, payer.document_id, payer.job_id, 100, True, "lost", ledger.now, None),
    ]
    assert (await ledger.counted(payer), await ledger.counted(other)) == (130, 0)
    assert await ledger.sums() == (130, 100)
    assert await write_off_job(ledger, payer) == 0
    assert await ledger.record(payer, make_spent(ledger, unheard, 50)) == 0  # it was only paused
    assert await ledger.counted(payer) == 130


async def test_calls_that_nobody_told_of_for_an_hour_are_written_off_and_younger_ones_are_not(ledger):
    payers = [await ledger.make_payer() for _ in range(3)]
    for payer in (*payers, payers[0]):
        assert await ledger.reserve(payer, make_call(100))
    ledger.now += timedelta(seconds=1)
    assert await ledger.reserve(payers[0], make_call(10))
    await ledger.ask("DELETE FROM documents WHERE id = :id", id=payers[2].document_id)
    ledger.now += timedelta(minutes=59, seconds=59)
    assert await write_off_forgotten(ledger) == 0
    ledger.now += timedelta(seconds=1)
    assert await write_off_forgotten(ledger) == 4
    assert await write_off_forgotten(ledger) == 0
    assert [await ledger.counted(payer) for payer in payers[:2]] == [200, 100]
    assert await ledger.sums() == (400, 10)


async def test_a_thousand_at_a_time_are_written_off(ledger):
    payer = await ledger.make_payer()
    await ledger.ask(
        "INSERT INTO token_reservations SELECT gen_random_uuid(), :user_id, :document_id, NULL, '1', 'm', 'p', 1, 1, "
        "false, true, CAST(:now AS timestamptz) FROM generate_series(1, 1001)",
        user_id=payer.user_id,
        document_id=payer.document_id,
        now=ledger.now - timedelta(hours=2),
    )
    assert [await write_off_forgotten(ledger) for _ in range(3)] == [1_000, 1, 0]
    assert await ledger.counted(payer) == 2_002


async def test_what_is_given_back_is_free_and_what_never_was_is_no_error(ledger):
    payer, call = await ledger.make_payer(limit=100), make_call(100)
    assert await ledger.reserve(payer, call)
    async with ledger.database.transaction() as tx:
        await service.release(tx, [call.id, uuid.uuid4()])
        await service.release(tx, [])
    assert await ledger.reserve(payer, make_call(100))
