"""What a user agreed to is kept, with when and from where."""

from datetime import datetime

import pytest
from tests.accounts.conftest import API, House


def bearer(tokens) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def test_the_consents_of_a_new_user_are_kept_with_time_address_and_browser(house: House):
    answer = await house.verify(await house.code_for(), marketing_consent=True)
    current = (await house.client.get(f"{API}/user/consents", headers=bearer(answer.json()))).json()
    assert {kind: consent["is_given"] for kind, consent in current.items()} == {
        "essential": True,
        "analytics": False,
        "marketing": True,
    }
    assert {datetime.fromisoformat(consent["decided_at"]) for consent in current.values()} == {
        house.clock.now
    }
    kept = await house.sql("SELECT DISTINCT ip, user_agent, decided_at FROM consents")
    assert kept == [("192.0.2.7", "Probe/1.0", house.clock.now)]


async def test_a_decision_holds_and_the_earlier_ones_are_kept(house: House):
    tokens = await house.enter()
    registered_at = house.clock.now
    house.clock.move(minutes=5)
    answer = await house.client.put(
        f"{API}/user/consents", json={"analytics": True, "marketing": False}, headers=bearer(tokens)
    )
    assert answer.status_code == 200
    consents = answer.json()
    assert consents["analytics"]["is_given"] is True
    assert datetime.fromisoformat(consents["analytics"]["decided_at"]) == house.clock.now
    assert datetime.fromisoformat(consents["marketing"]["decided_at"]) == registered_at
    assert consents["essential"]["is_given"] is True
    assert (await house.client.get(f"{API}/user/consents", headers=bearer(tokens))).json() == consents
    history = await house.sql("SELECT is_given FROM consents WHERE kind = 'analytics' ORDER BY id")
    assert history == [(False,), (True,)]


async def test_signing_in_again_changes_no_consent(house: House):
    first = (await house.verify(await house.code_for(), analytics_consent=True)).json()
    again = (await house.verify(await house.code_for(), marketing_consent=True)).json()
    consents = (await house.client.get(f"{API}/user/consents", headers=bearer(again))).json()
    assert first["user"] == again["user"]
    assert (consents["analytics"]["is_given"], consents["marketing"]["is_given"]) == (True, False)


async def test_everybody_sees_and_changes_their_own_consents_only(house: House):
    olena, taras = await house.enter(), await house.enter("taras@example.com")
    await house.client.put(
        f"{API}/user/consents", json={"analytics": True, "marketing": True}, headers=bearer(olena)
    )
    of_taras = (await house.client.get(f"{API}/user/consents", headers=bearer(taras))).json()
    assert of_taras["analytics"]["is_given"] is False


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"analytics": True},
        {"analytics": "yes", "marketing": False},
        {"analytics": True, "marketing": True, "essential": False},
    ],
)
async def test_a_decision_that_is_not_whole_is_422(house: House, body):
    answer = await house.client.put(f"{API}/user/consents", json=body, headers=bearer(await house.enter()))
    assert answer.status_code == 422


async def test_a_long_or_strange_user_agent_is_kept_as_far_as_it_is_readable(house: House):
    house.client.headers["User-Agent"] = "Probe\x00\x1b[31m" + "x" * 5000
    await house.enter()
    kept = (await house.sql("SELECT DISTINCT user_agent FROM consents"))[0][0]
    assert kept.startswith("Probe[31mxxx")
    assert len(kept) == 400
