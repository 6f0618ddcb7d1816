import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.usage.ledgers import Ledger, make_call, make_spent

from tesigo.documents.errors import DocumentNotFound
from tesigo.gateway.errors import TokenLimitReached
from tesigo.gateway.ports import Outcome
from tesigo.kit.errors import NotSignedIn
from tesigo.kit.problems import retry_after, status_of
from tesigo.usage.limits_service import check_room, tokens_used_today
from tesigo.usage.spending import Day, Payer, TokenLimits


async def has_room(ledger: Ledger, payer: Payer, limits: TokenLimits, tokens: int) -> bool:
    try:
        async with ledger.database.transaction() as tx:
            await check_room(tx, payer.user_id, limits, tokens=tokens, now=ledger.now)
    except TokenLimitReached:
        return False
    return True


async def used_today(ledger: Ledger, payer: Payer) -> int:
    async with ledger.database.transaction() as tx:
        return await tokens_used_today(tx, payer.user_id, ledger.now)


@pytest.mark.parametrize("limits", [TokenLimits(1_000, None), TokenLimits(None, 1_000)])
async def test_a_limit_of_1000_with_800_used_refuses_300_with_429_and_allows_200(ledger, limits):
    payer = await ledger.make_payer()
    await ledger.use(payer, 800)
    async with ledger.database.transaction() as tx:
        with pytest.raises(TokenLimitReached) as reached:
            await check_room(tx, payer.user_id, limits, tokens=300, now=ledger.now)
        await check_room(tx, payer.user_id, limits, tokens=200, now=ledger.now)
    assert status_of(reached.value) == 429
    assert retry_after(reached.value) == {"Retry-After": str(12 * 60 * 60)}
    for told in ("1,000", "800", "300", "midnight UTC"):
        assert told in reached.value.message
    assert not await has_room(ledger, payer, limits, 201)


async def test_without_limits_there_is_room_for_anything(ledger):
    payer = await ledger.make_payer()
    await ledger.use(payer, 2_000_000_000)
    assert await has_room(ledger, payer, TokenLimits(None, None), 10**12)
    assert await ledger.reserve(payer, make_call(2_000_000_000))


async def test_the_limit_of_a_user_is_not_that_of_all_and_each_message_names_its_own(ledger):
    one, other = await ledger.make_payer(limit=1_000), await ledger.make_payer()
    await ledger.use(one, 900)
    await ledger.use(other, 3_000)
    assert await ledger.reserve(other, make_call(500), service_limit=5_000)
    with pytest.raises(TokenLimitReached, match="You may use 1,000 tokens a day; 900 are used"):
        await ledger.reserve(one, make_call(101), service_limit=5_000)
    with pytest.raises(TokenLimitReached, match=r"All users .* 5,000 tokens a day; 3,900 are used"):
        await ledger.reserve(other, make_call(1_101), service_limit=5_000)
    assert await ledger.reserve(one, make_call(100), service_limit=5_000)


async def test_a_new_limit_of_a_user_holds_at_the_next_call(ledger):
    payer = await ledger.make_payer(limit=100)
    with pytest.raises(TokenLimitReached, match="An administrator can raise the limit"):
        await ledger.reserve(payer, make_call(101))
    await ledger.ask("UPDATE users SET daily_token_limit = 101 WHERE id = :id", id=payer.user_id)
    assert await ledger.reserve(payer, make_call(101))
    await ledger.ask("UPDATE users SET daily_token_limit = NULL WHERE id = :id", id=payer.user_id)
    assert await ledger.reserve(payer, make_call(1_000_000))


async def test_what_others_set_aside_is_waited_for_and_what_they_used_is_not(ledger):
    one, other = await ledger.make_payer(), await ledger.make_payer()
    first, second = make_call(700), make_call(301)
    assert await ledger.reserve(one, first, service_limit=1_000)
    assert not await ledger.reserve(other, second, service_limit=1_000)
    assert await ledger.sums() == (0, 700)
    await ledger.record(one, make_spent(ledger, first, 699))
    assert await ledger.reserve(other, second, service_limit=1_000)
    await ledger.record(other, make_spent(ledger, second, 300))
    with pytest.raises(TokenLimitReached):
        await ledger.reserve(other, make_call(2), service_limit=1_000)
    assert await ledger.reserve(other, make_call(1), service_limit=1_000)


async def test_a_call_counts_for_the_day_on_which_it_was_made_and_the_next_begins_at_midnight_utc(ledger):
    payer = await ledger.make_payer(limit=1_000)
    ledger.now = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
    late = make_call(900)
    assert await ledger.reserve(payer, late)
    spent = make_spent(ledger, late, 900)
    with pytest.raises(TokenLimitReached) as reached:
        await ledger.reserve(payer, make_call(1_001))
    assert reached.value.retry_after_s == 1

    ledger.now += timedelta(seconds=1)
    assert await ledger.reserve(
        payer, make_call(1_000)
    )  # what is open since yesterday stands in nobody's way
    await ledger.record(payer, spent)
    assert await used_today(ledger, payer) == 0
    ledger.now -= timedelta(microseconds=1)
    assert await used_today(ledger, payer) == 900


async def test_the_day_is_that_of_utc_in_whatever_zone_the_time_is_told():
    in_kyiv = datetime(2026, 11, 24, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    day = Day.of(in_kyiv)
    assert (day.begins, day.ends) == (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
    assert Day.of(day.ends).begins == day.ends


async def test_tokens_of_today_are_the_users_own_with_what_was_wasted_and_without_what_is_set_aside(ledger):
    one, other = await ledger.make_payer(), await ledger.make_payer()
    await ledger.use(other, 50)
    await ledger.record(
        one, make_spent(ledger, make_call(9), 5), make_spent(ledger, make_call(9), 6, Outcome.WASTED)
    )
    assert await ledger.reserve(one, make_call(1_000))
    assert await used_today(ledger, one) == 11


async def test_nothing_is_set_aside_for_what_was_deleted(ledger):
    payer = await ledger.make_payer()
    await ledger.ask("DELETE FROM documents WHERE id = :id", id=payer.document_id)
    with pytest.raises(DocumentNotFound):
        await ledger.reserve(payer, make_call(1))
    await ledger.ask(
        "UPDATE users SET deleted_at = now(), email = 'deleted_1@deleted.com' WHERE id = :id",
        id=payer.user_id,
    )
    with pytest.raises(NotSignedIn):
        await ledger.reserve(payer.without_document(), make_call(1))


@pytest.mark.parametrize("is_own", [True, False])
async def test_50_calls_at_once_at_95_percent_of_a_limit_never_pass_it_together(ledger, is_own):
    limit = 10_000
    payers = [await ledger.make_payer(limit=limit if is_own else None) for _ in range(1 if is_own else 5)]
    databases = [ledger.another_database() for _ in range(4)]
    await ledger.use(payers[0], 9_500)
    refused = 0

    async def call(number: int) -> None:
        nonlocal refused
        account = ledger.account(
            payers[number % len(payers)], on=databases[number % 4], service_limit=None if is_own else limit
        )
        wanted = make_call(100, product=str(number))
        try:
            await account.reserve(wanted)
        except TokenLimitReached:
            refused += 1
            return
        assert sum(await ledger.sums()) <= limit
        account.spend(wanted, make_spent(ledger, wanted, 60).usage, Outcome.USED, took_s=1)
        async with databases[number % 4].transaction() as tx:
            assert await account.record(tx, str(number)) == 60
        assert sum(await ledger.sums()) <= limit

    await asyncio.gather(*(call(number) for number in range(50)))
    used, reserved = await ledger.sums()
    assert (used, reserved) == (9_500 + 60 * (50 - refused), 0)
    assert limit - 100 < used <= limit
