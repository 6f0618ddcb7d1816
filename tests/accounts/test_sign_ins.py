"""A user sees where they are signed in, and ends it there."""

import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.accounts.conftest import API, House

from tesigo.accounts import sign_ins_service
from tesigo.accounts.cookies import cookie_names

SESSIONS = f"{API}/user/sessions"


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def listed(house: House, tokens: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await house.client.get(SESSIONS, headers=bearer(tokens))
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["items"]
    return answer.json()["items"]


async def id_of(house: House, tokens: dict[str, Any]) -> str:
    (current,) = [each["id"] for each in await listed(house, tokens) if each["is_current"]]
    return current


async def end(house: House, tokens: dict[str, Any], sign_in_id: str) -> httpx.Response:
    return await house.client.delete(f"{SESSIONS}/{sign_in_id}", headers=bearer(tokens))


async def is_over(house: House, tokens: dict[str, Any]) -> bool:
    """Return whether both tokens are refused; asking does not renew a sign-in that holds."""
    if (await house.me(tokens["access_token"])).status_code == 200:
        return False
    return (await house.refresh(tokens["refresh_token"])).status_code == 401


async def test_the_sign_ins_are_listed_newest_use_first_with_where_they_began(house: House):
    begun = house.clock.now
    old = await house.enter()
    house.clock.move(minutes=1)
    new = await house.enter()
    await house.enter("taras@example.com")
    first, second = await listed(house, old)
    assert (first["is_current"], second["is_current"]) == (False, True)
    assert second.keys() == {
        "id", "created_at", "renewed_at", "expires_at", "ip", "user_agent", "is_current",
    }  # fmt: skip
    assert (second["ip"], second["user_agent"]) == ("192.0.2.7", "Probe/1.0")
    assert datetime.fromisoformat(second["created_at"]) == begun
    assert (datetime.fromisoformat(second["expires_at"]) - begun).days == 7
    house.clock.move(minutes=1)
    old = (await house.refresh(old["refresh_token"])).json()
    items = await listed(house, new)
    assert [each["is_current"] for each in items] == [False, True]
    assert datetime.fromisoformat(items[0]["renewed_at"]) == house.clock.now
    assert datetime.fromisoformat(items[0]["created_at"]) == begun


async def test_what_has_ended_or_run_out_is_not_listed(house: House):
    out, kept = await house.enter(), await house.enter()
    await house.log_out(out["refresh_token"])
    assert len(await listed(house, kept)) == 1
    house.clock.move(days=6, hours=23)
    kept = (await house.refresh(kept["refresh_token"])).json()
    await house.enter()
    house.clock.move(minutes=59)
    assert len(await listed(house, kept)) == 2
    kept = (await house.refresh(kept["refresh_token"])).json()
    house.clock.move(days=6, hours=23, minutes=58)
    kept = (await house.refresh(kept["refresh_token"])).json()
    house.clock.move(minutes=10)  # the sign-in that was never renewed is seven days old now
    assert [each["is_current"] for each in await listed(house, kept)] == [True]


async def test_a_sign_in_that_is_ended_stops_at_once_and_no_other_does(house: House):
    here, lost, somebody = await house.enter(), await house.enter(), await house.enter("taras@example.com")
    lost_id = await id_of(house, lost)
    answer = await end(house, here, lost_id)
    assert (answer.status_code, answer.content) == (204, b"")
    assert await is_over(house, lost)
    for tokens in (here, somebody):
        assert (await house.me(tokens["access_token"])).status_code == 200
        assert (await house.refresh(tokens["refresh_token"])).status_code == 200
    assert lost_id not in {each["id"] for each in await listed(house, here)}


async def test_the_grace_of_a_renewal_does_not_outlive_the_end(house: House):
    here, lost = await house.enter(), await house.enter()
    lost_id = await id_of(house, lost)
    await house.refresh(lost["refresh_token"])
    await end(house, here, lost_id)
    assert (await house.refresh(lost["refresh_token"])).status_code == 401


async def test_the_current_sign_in_can_be_ended_as_well(house: House):
    here = await house.enter()
    assert (await end(house, here, await id_of(house, here))).status_code == 204
    assert await is_over(house, here)


async def test_one_that_is_absent_or_ended_or_somebody_elses_answers_the_same(house: House):
    here, ended, foreign = await house.enter(), await house.enter(), await house.enter("taras@example.com")
    ended_id, foreign_id = await id_of(house, ended), await id_of(house, foreign)
    await end(house, here, ended_id)
    answers = [await end(house, here, each) for each in (str(uuid.uuid4()), ended_id, foreign_id)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "not_found"
    assert (await house.me(foreign["access_token"])).status_code == 200
    assert (await end(house, here, "1")).status_code == 422


async def test_all_others_end_at_once(house: House):
    here, *others = [await house.enter() for _ in range(3)]
    somebody = await house.enter("taras@example.com")
    assert (await house.client.delete(SESSIONS, headers=bearer(here))).status_code == 204
    assert [await is_over(house, each) for each in others] == [True, True]
    assert [each["is_current"] for each in await listed(house, here)] == [True]
    assert (await house.me(somebody["access_token"])).status_code == 200
    assert (await house.client.delete(SESSIONS, headers=bearer(here))).status_code == 204


async def test_all_sign_ins_of_a_user_can_be_revoked_by_the_house(house: House):
    mine, also_mine, foreign = (
        await house.enter(),
        await house.enter(),
        await house.enter("taras@example.com"),
    )
    async with house.database.transaction() as tx:
        user_id = mine["user"]["id"]
        assert await sign_ins_service.revoke_all_sign_ins(tx, user_id, house.clock.now) == 2
    assert [await is_over(house, each) for each in (mine, also_mine)] == [True, True]
    assert (await house.me(foreign["access_token"])).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_without_a_sign_in_nothing_is_told_or_ended(house: House, method: str):
    assert (await house.client.request(method, SESSIONS)).status_code == 401
    assert (await house.client.delete(f"{SESSIONS}/{uuid.uuid4()}")).status_code == 401


async def test_a_browser_sees_and_ends_them_by_its_cookie_and_no_other_site_does(production: House):
    app, names = production.app, cookie_names(production.app.state.settings)
    lost = await production.enter()
    production.clock.move(minutes=1)
    here = await production.enter()
    cookie = f"{names.access}={here['access_token']}"
    async with production.browser(Cookie=cookie) as browser:
        items = (await browser.get(SESSIONS)).json()["items"]
        assert [each["is_current"] for each in items] == [True, False]
        url = f"{SESSIONS}/{items[1]['id']}"
        for refused in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            for target in (url, SESSIONS):
                answer = await browser.delete(target, headers=refused)
                assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")
        assert (await production.me(lost["access_token"])).status_code == 200
        answer = await browser.delete(url, headers={"Origin": app.state.settings.base_url})
        assert answer.status_code == 204
    assert await is_over(production, lost)


async def rename(house: House, tokens: dict[str, Any], **body: Any) -> httpx.Response:
    return await house.client.patch(f"{API}/user/me", json=body, headers=bearer(tokens))


async def test_a_name_is_set_trimmed_shown_and_removed(house: House):
    tokens = await house.enter()
    answer = await rename(house, tokens, full_name="  Олена О’Коваленко-Ferrà \n")
    assert (answer.status_code, answer.json()["full_name"]) == (200, "Олена О’Коваленко-Ferrà")
    assert (await house.me(tokens["access_token"])).json() == answer.json()
    assert (await rename(house, tokens, full_name="x" * 200)).status_code == 200
    assert (await rename(house, tokens, full_name=None)).json()["full_name"] is None


async def test_whoever_asks_is_told_their_own_tokens_of_the_day_also_with_a_new_name(house: House):
    for email in ("olena@example.com", "ivan@example.com"):
        tokens = await house.enter(email)
        house.clock.move(minutes=1)
        used = 1_000 * tokens["user"]["id"] + house.clock().day
        assert (await house.me(tokens["access_token"])).json()["tokens_used_today"] == used
        assert (await rename(house, tokens, full_name="Olena")).json()["tokens_used_today"] == used


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 201, "a\x00b", "a\nb", "a\u202eb", "\u200b", "\u2066", 7, ["x"], "a\ud800"]
)
async def test_what_is_no_name_is_refused_and_the_name_stays(house: House, name: Any):
    tokens = await house.enter()
    await rename(house, tokens, full_name="Olena")
    content = '{"full_name": "a\\ud800"}' if name == "a\ud800" else None
    answer = await house.client.request(
        "PATCH",
        f"{API}/user/me",
        headers={**bearer(tokens), "Content-Type": "application/json"},
        **({"content": content} if content else {"json": {"full_name": name}}),
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await house.me(tokens["access_token"])).json()["full_name"] == "Olena"


@pytest.mark.parametrize(
    "more",
    [{"is_admin": True}, {"is_premium": True}, {"daily_token_limit": 1}, {"id": 1}, {"email": "a@b.org"}],
)
async def test_nothing_but_the_name_can_be_set_and_nothing_is_set_beside_it(
    house: House, more: dict[str, Any]
):
    tokens = await house.enter()
    before = (await house.me(tokens["access_token"])).json()
    for body in ({"full_name": "Olena", **more}, more):
        assert (await rename(house, tokens, **body)).status_code == 422
    assert (await house.me(tokens["access_token"])).json() == before
