"""A link that was asked for gets its mail, also when the mail server is away for minutes."""

import asyncio
import json

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.accounts.conftest import House
from tests.databases import SERVERS
from tests.fakes.mailer import code_in

from tesigo.accounts import links_service
from tesigo.accounts.codes import code_of_seed, keyed_hash, new_seed, plain_code
from tesigo.accounts.links_service import SEND_LINK

EMAIL = "olena@example.com"


async def request_link(house: House, tx) -> None:
    given = {"language": "uk", "browser": None, "keys": house.keys, "now": house.clock.now}
    await links_service.request_link(tx, email=EMAIL, **given)


async def until_empty(house: House) -> None:
    """Wait until the queue has no errand left, not even a failed one."""
    async with asyncio.timeout(20):
        while await house.sql("SELECT 1 FROM pgqueuer"):  # noqa: ASYNC110 - only the table knows
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
async def test_the_code_and_its_place_in_the_queue_come_and_go_together(house: House):
    async with house.database.transaction() as tx:
        await request_link(house, tx)
        await tx.rollback()
    assert await house.sql("SELECT 1 FROM link_codes") == []
    assert await house.sql("SELECT 1 FROM pgqueuer UNION ALL SELECT 1 FROM pgqueuer_log") == []
    async with house.database.transaction() as tx:
        await request_link(house, tx)
    await house.mailer.until_sent(1)
    await until_empty(house)
    assert [mail.to for mail in house.mailer.sent] == [EMAIL]


async def test_the_queue_knows_neither_the_address_nor_the_code(house: House):
    async with house.database.transaction() as tx:
        await request_link(house, tx)
        rows = list(await tx.execute(text("SELECT entrypoint, payload, to_jsonb(q)::text FROM pgqueuer q")))
        ((code_id, seed),) = await tx.execute(text("SELECT id, seed FROM link_codes"))
    ((task, payload, everything),) = rows
    assert task == SEND_LINK
    assert json.loads(payload) == {"code_id": code_id, "language": "uk"}
    assert EMAIL not in everything
    assert seed not in everything


async def test_nobody_can_derive_a_code_without_the_key_or_after_its_mail_was_sent(house: House):
    async with house.database.transaction() as tx:
        await request_link(house, tx)
        ((seed, stored),) = await tx.execute(text("SELECT seed, code_hash FROM link_codes"))
    code = code_of_seed(seed, secret_key=house.keys.secret_key)
    assert code_in(await house.mailer.until_sent(1)) == code
    assert code_of_seed(seed, secret_key=house.keys.jwt_secret) != code
    assert stored == keyed_hash("link code", plain_code(code), secret_key=house.keys.secret_key)
    await until_empty(house)
    assert await house.sql("SELECT seed FROM link_codes") == [(None,)]
    assert (await house.verify(code)).status_code == 200


def test_codes_and_seeds_do_not_repeat():
    seeds = {new_seed() for _ in range(100)}
    codes = {code_of_seed(seed, secret_key="key") for seed in seeds}
    assert len(seeds) == len(codes) == 100
    assert {len(plain_code(code)) for code in codes} == {28}


async def test_whoever_asks_is_not_told_that_the_mail_server_is_away_and_gets_the_mail_once_it_is_back(
    house: House,
):
    house.mailer.is_out_of_order = True
    assert (await house.ask()).status_code == 202
    await house.mailer.until_tried(1)
    house.mailer.is_out_of_order = False
    code = code_in(await house.mailer.until_sent(1))
    assert house.mailer.tries == 2
    assert (await house.verify(code)).status_code == 200


async def test_a_mail_whose_code_has_expired_is_given_up_and_nobody_can_derive_the_code_any_more(
    house: House,
):
    house.mailer.is_out_of_order = True
    answers = await asyncio.gather(*(house.ask() for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    await house.mailer.until_tried(5)
    house.clock.move(minutes=10)
    house.mailer.is_out_of_order = False
    with capture_logs() as logs:
        await until_empty(house)
    assert house.mailer.sent == []
    assert [log["log_level"] for log in logs if "given up" in log["event"]] == ["error"] * 5
    assert EMAIL not in str(logs)
    assert await house.sql("SELECT seed FROM link_codes") == [(None,)] * 5
    assert (await house.verify(await house.code_for())).status_code == 200


async def test_an_attempt_that_would_come_too_late_is_not_waited_for(house: House):
    house.mailer.is_out_of_order = True
    await house.ask()
    await house.mailer.until_tried(1)
    house.clock.move(minutes=9, seconds=30)
    await until_empty(house)
    assert house.mailer.tries == 2
    assert await house.sql("SELECT seed FROM link_codes") == [(None,)]


async def test_an_address_that_is_refused_for_good_is_not_tried_again_and_stands_in_no_log(house: House):
    house.mailer.refuses_for_good = True
    with capture_logs() as logs:
        assert (await house.ask()).status_code == 202
        await until_empty(house)
    assert house.mailer.tries == 1
    assert [log["event"] for log in logs if log["log_level"] == "warning"] == [
        "a mail was refused for good and is not sent"
    ]
    assert EMAIL not in str(logs)
    assert await house.sql("SELECT seed FROM link_codes") == [(None,)]


async def test_a_failure_that_nobody_foresaw_gives_the_mail_up_and_stands_in_the_log_without_the_address(
    house: House,
):
    house.mailer.unforeseen = IndexError(EMAIL)
    with capture_logs() as logs:
        assert (await house.ask()).status_code == 202
        await until_empty(house)
    assert house.mailer.tries == 1
    assert [log["reason"] for log in logs if log["log_level"] == "error"] == ["IndexError"]
    assert EMAIL not in str(logs)
    assert await house.sql("SELECT seed FROM link_codes") == [(None,)]


async def test_a_code_that_was_erased_with_its_address_gets_no_mail(house: House):
    house.mailer.is_out_of_order = True
    await house.ask()
    await house.mailer.until_tried(1)
    await house.sql("DELETE FROM link_codes")
    house.mailer.is_out_of_order = False
    await until_empty(house)
    assert house.mailer.sent == []
