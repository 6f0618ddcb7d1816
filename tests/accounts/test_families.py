"""Refresh tokens follow one another in a family; one that two parties hold ends it."""

import asyncio

import pytest
from tests.accounts.conftest import House
from tests.databases import SERVERS


async def test_a_refresh_gives_a_new_pair_that_works(house: House):
    first = await house.enter()
    house.clock.move(minutes=50)
    answer = await house.refresh(first["refresh_token"])
    assert answer.status_code == 200
    second = answer.json()
    assert second["user"] == first["user"]
    assert answer.headers["cache-control"] == "no-store"
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert (await house.me(second["access_token"])).status_code == 200
    house.clock.move(minutes=50)
    assert (await house.me(second["access_token"])).status_code == 200
    assert (await house.refresh(second["refresh_token"])).status_code == 200


async def test_using_a_refresh_token_again_later_ends_the_whole_sign_in(house: House):
    first = await house.enter()
    second = (await house.refresh(first["refresh_token"])).json()
    house.clock.move(seconds=10.1)
    assert (await house.refresh(first["refresh_token"])).status_code == 401
    assert (await house.refresh(second["refresh_token"])).status_code == 401
    for tokens in (first, second):
        assert (await house.me(tokens["access_token"])).status_code == 401


async def test_a_second_tab_within_10_seconds_gets_the_same_next_token(house: House):
    first = await house.enter()
    one = (await house.refresh(first["refresh_token"])).json()
    house.clock.move(seconds=9.9)
    other = (await house.refresh(first["refresh_token"])).json()
    assert other["refresh_token"] == one["refresh_token"]
    assert (await house.me(one["access_token"])).status_code == 200
    assert (await house.me(other["access_token"])).status_code == 200
    assert (await house.refresh(other["refresh_token"])).status_code == 200


async def test_the_grace_is_for_the_immediate_parent_only(house: House):
    first = await house.enter()
    second = (await house.refresh(first["refresh_token"])).json()
    third = (await house.refresh(second["refresh_token"])).json()
    assert (await house.refresh(first["refresh_token"])).status_code == 401
    assert (await house.refresh(third["refresh_token"])).status_code == 401


async def test_a_thief_who_was_served_within_the_grace_is_found_out_at_the_next_renewal(house: House):
    stolen = (await house.enter())["refresh_token"]
    owner, thief = (await house.refresh(stolen)).json(), (await house.refresh(stolen)).json()
    thief = (await house.refresh(thief["refresh_token"])).json()
    house.clock.move(minutes=50)
    assert (await house.refresh(owner["refresh_token"])).status_code == 401
    assert (await house.me(thief["access_token"])).status_code == 401
    assert (await house.refresh(thief["refresh_token"])).status_code == 401


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
async def test_20_renewals_at_once_give_one_and_the_same_next_token(house: House):
    first = await house.enter()
    answers = await asyncio.gather(*(house.refresh(first["refresh_token"]) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_logging_out_ends_both_tokens_and_may_be_repeated(house: House):
    tokens = await house.enter()
    assert (await house.log_out(tokens["refresh_token"])).status_code == 204
    assert (await house.me(tokens["access_token"])).status_code == 401
    assert (await house.refresh(tokens["refresh_token"])).status_code == 401
    assert (await house.log_out(tokens["refresh_token"])).status_code == 204


async def test_after_logging_out_no_grace_revives_the_sign_in(house: House):
    first = await house.enter()
    second = (await house.refresh(first["refresh_token"])).json()
    await house.log_out(second["refresh_token"])
    assert (await house.refresh(first["refresh_token"])).status_code == 401


async def test_logging_out_leaves_the_other_devices_and_other_people_alone(house: House):
    here, there = await house.enter(), await house.enter()
    somebody_else = await house.enter("taras@example.com")
    await house.log_out(here["refresh_token"])
    for tokens in (there, somebody_else):
        assert (await house.me(tokens["access_token"])).status_code == 200
        assert (await house.refresh(tokens["refresh_token"])).status_code == 200


async def test_one_sign_in_that_is_misused_leaves_the_others_alone(house: House):
    here, there = await house.enter(), await house.enter()
    await house.refresh(here["refresh_token"])
    house.clock.move(minutes=1)
    assert (await house.refresh(here["refresh_token"])).status_code == 401
    assert (await house.refresh(there["refresh_token"])).status_code == 200
    assert (await house.me(there["access_token"])).status_code == 200


async def test_sign_ins_that_have_run_out_are_cleared_away_at_the_next_one(house: House):
    await house.enter()
    house.clock.move(days=8)
    await house.enter()
    assert await house.sql("SELECT count(*) FROM sign_ins") == [(1,)]
