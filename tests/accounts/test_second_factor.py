"""An administrator's sign-in asks for a code that changes every 30 seconds, once each."""

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from structlog.testing import capture_logs
from tests.accounts.conftest import API, House

from tesigo.accounts.totp import derive_secret, find_step
from tesigo.kit.secret_keys import generate_pair

FACTOR = f"{API}/user/second-factor"
BOSS = "boss@example.com"


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def digits(house: House, secret: str, *, steps: int = 0) -> str:
    """Return what the device shows, or showed or will show so many steps of 30 seconds away."""
    return pyotp.TOTP(secret).at(house.clock.now, counter_offset=steps)


def other_digits(house: House, secret: str, *, turn: int = 0) -> str:
    """Return six digits that are right at no time near now."""
    near = {digits(house, secret, steps=steps) for steps in range(-3, 4)}
    return [code for code in (f"{number:06}" for number in range(50)) if code not in near][turn]


async def call(
    house: House, tokens: dict[str, Any], method: str, path: str = "", **body: Any
) -> httpx.Response:
    request = {"json": body} if body else {}
    return await house.client.request(method, FACTOR + path, headers=bearer(tokens), **request)


async def begin(house: House, tokens: dict[str, Any]) -> str:
    answer = await call(house, tokens, "POST")
    assert answer.status_code == 200, answer.text
    return answer.json()["secret"]


async def set_up(house: House) -> tuple[dict[str, Any], str]:
    """Return the tokens of an administrator with a factor in force, and its secret; no code of now is used up."""
    boss = await house.enter(BOSS)
    secret = await begin(house, boss)
    answer = await call(house, boss, "POST", "/confirm", code=digits(house, secret))
    assert answer.status_code == 200, answer.text
    house.clock.move(seconds=60)
    return boss, secret


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_the_secret_is_shown_once_and_nothing_is_asked_for_before_it_is_confirmed(house: House):
    boss = await house.enter(BOSS)
    none = {"is_set_up": False, "confirmed_at": None}
    assert (await call(house, boss, "GET")).json() == none
    answer = await call(house, boss, "POST")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json().keys() == {"secret", "uri"}
    uri = urlsplit(answer.json()["uri"])
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/TesiGo:boss%40example.com")
    asked = parse_qs(uri.query)
    assert (asked["secret"], asked["issuer"]) == ([answer.json()["secret"]], ["TesiGo"])
    assert len(answer.json()["secret"]) == 32  # 160 bits
    assert (await call(house, boss, "GET")).json() == none
    await house.enter(BOSS)
    secret = await begin(house, boss)
    assert secret != answer.json()["secret"]
    old = await call(house, boss, "POST", "/confirm", code=digits(house, answer.json()["secret"]))
    assert code_of(old) == (400, "second_factor_not_valid")
    confirmed = await call(house, boss, "POST", "/confirm", code=digits(house, secret))
    assert confirmed.json()["is_set_up"] is True
    assert datetime.fromisoformat(confirmed.json()["confirmed_at"]) == house.clock.now
    assert (await call(house, boss, "GET")).json() == confirmed.json()
    assert code_of(await call(house, boss, "POST")) == (409, "second_factor_in_force")
    again = await call(house, boss, "POST", "/confirm", code=digits(house, secret, steps=1))
    assert code_of(again) == (409, "second_factor_in_force")


async def test_the_database_alone_does_not_tell_the_secret(house: House):
    _, secret = await set_up(house)
    ((row,),) = await house.sql("SELECT to_jsonb(users) FROM users")
    assert secret not in str(row)
    ((seed,),) = await house.sql("SELECT factor_seed FROM users")
    assert derive_secret(seed, keys=house.keys) == secret
    assert derive_secret(seed, keys=generate_pair()) != secret


async def test_only_administrators_have_anything_to_do_with_it(house: House):
    user = await house.enter()
    for method, path, body in (
        ("GET", "", {}),
        ("POST", "", {}),
        ("POST", "/confirm", {"code": "123456"}),
        ("DELETE", "", {"code": "123456"}),
    ):
        assert code_of(await call(house, user, method, path, **body)) == (403, "administrators_only")
    assert await house.sql("SELECT factor_seed FROM users") == [(None,)]


async def test_what_was_not_begun_is_neither_confirmed_nor_removed(house: House):
    boss = await house.enter(BOSS)
    for method, path in (("POST", "/confirm"), ("DELETE", "")):
        assert code_of(await call(house, boss, method, path, code="123456")) == (404, "no_second_factor")
    secret = await begin(house, boss)
    assert code_of(await call(house, boss, "DELETE", code=digits(house, secret))) == (404, "no_second_factor")


async def test_sign_in_asks_for_it_and_the_code_of_the_mail_stays_good_meanwhile(house: House):
    _, secret = await set_up(house)
    code = await house.code_for(BOSS)
    assert code_of(await house.verify(code)) == (400, "second_factor_required")
    wrong = await house.verify(code, second_factor=other_digits(house, secret))
    assert code_of(wrong) == (400, "second_factor_not_valid")
    shown = digits(house, secret)
    answer = await house.verify(code, second_factor=f"{shown[:3]} {shown[3:]}")
    assert answer.status_code == 200
    assert answer.json()["user"]["is_admin"] is True
    used = await house.verify(code, second_factor=digits(house, secret, steps=1))
    assert code_of(used) == (400, "code_not_valid")


async def test_without_the_code_of_the_mail_the_second_factor_is_of_no_use(house: House):
    _, secret = await set_up(house)
    answer = await house.verify("AAAA" * 7, second_factor=digits(house, secret))
    assert code_of(answer) == (400, "code_not_valid")
    assert (
        await house.verify(await house.code_for(BOSS), second_factor=digits(house, secret))
    ).status_code == 200


async def test_whoever_has_none_signs_in_as_before_whatever_digits_they_bring(house: House):
    answer = await house.verify(await house.code_for(), second_factor="123456")
    assert answer.status_code == 200


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345", 123456, None])
async def test_what_is_not_six_digits_signs_nobody_in(house: House, typed: Any):
    await set_up(house)
    answer = await house.verify(await house.code_for(BOSS), second_factor=typed)
    assert code_of(answer) == ((400, "second_factor_required") if typed is None else (422, "invalid_request"))


async def test_one_step_of_drift_either_way_is_taken_and_no_more(house: House):
    _, secret = await set_up(house)
    for steps, is_taken in ((-2, False), (2, False), (-1, True), (1, True)):
        code = await house.code_for(BOSS)
        answer = await house.verify(code, second_factor=digits(house, secret, steps=steps))
        assert (answer.status_code == 200) is is_taken, steps


def test_steps_are_counted_as_the_standard_says():
    """From: RFC 6238, appendix B (SHA-1), the last six of the eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890"
    for seconds, shown in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
        now = datetime.fromtimestamp(seconds).astimezone()
        assert find_step(secret, shown, now=now) == seconds // 30


async def test_a_code_is_taken_once_and_none_before_it_any_more(house: House):
    _, secret = await set_up(house)
    shown = digits(house, secret)
    assert (await house.verify(await house.code_for(BOSS), second_factor=shown)).status_code == 200
    for used in (shown, digits(house, secret, steps=-1)):
        answer = await house.verify(await house.code_for(BOSS), second_factor=used)
        assert code_of(answer) == (400, "second_factor_not_valid")


async def test_the_code_that_confirmed_signs_nobody_in(house: House):
    boss = await house.enter(BOSS)
    secret = await begin(house, boss)
    shown = digits(house, secret)
    await call(house, boss, "POST", "/confirm", code=shown)
    answer = await house.verify(await house.code_for(BOSS), second_factor=shown)
    assert code_of(answer) == (400, "second_factor_not_valid")


async def test_of_several_sign_ins_at_once_with_one_code_one_wins(house: House):
    _, secret = await set_up(house)
    codes = [await house.code_for(BOSS) for _ in range(5)]
    shown = digits(house, secret)
    answers = await asyncio.gather(*(house.verify(code, second_factor=shown) for code in codes))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]


async def test_after_five_wrong_ones_even_the_right_one_has_to_wait(house: House):
    _, secret = await set_up(house)
    code = await house.code_for(BOSS)
    for turn in range(5):
        wrong = await house.verify(code, second_factor=other_digits(house, secret, turn=turn))
        assert code_of(wrong) == (400, "second_factor_not_valid")
    for tried in (code, await house.code_for(BOSS)):
        answer = await house.verify(tried, second_factor=digits(house, secret))
        assert code_of(answer) == (429, "limit_reached")
        assert 800 < int(answer.headers["retry-after"]) <= 900
    assert (await house.enter())["user"]["is_admin"] is False  # others are not kept waiting


async def test_of_50_guesses_at_once_five_are_looked_at(house: House):
    _, secret = await set_up(house)
    code = await house.code_for(BOSS)
    guesses = [other_digits(house, secret, turn=turn) for turn in range(40)]
    answers = await asyncio.gather(*(house.verify(code, second_factor=guess) for guess in guesses))
    assert sorted(answer.status_code for answer in answers) == [400] * 5 + [429] * 35


async def test_right_ones_do_not_count(house: House):
    _, secret = await set_up(house)
    for _ in range(8):
        house.clock.move(seconds=30)
        answer = await house.verify(await house.code_for(BOSS), second_factor=digits(house, secret))
        assert answer.status_code == 200


async def test_a_stolen_session_does_not_guess_the_factor_away(house: House):
    boss, secret = await set_up(house)
    for turn in range(5):
        wrong = await call(house, boss, "DELETE", code=other_digits(house, secret, turn=turn))
        assert code_of(wrong) == (400, "second_factor_not_valid")
    assert (await call(house, boss, "DELETE", code=digits(house, secret))).status_code == 429
    assert code_of(await house.verify(await house.code_for(BOSS))) == (400, "second_factor_required")


async def test_wrong_ones_while_it_is_set_up_count_too(house: House):
    boss = await house.enter(BOSS)
    secret = await begin(house, boss)
    for turn in range(5):
        wrong = await call(house, boss, "POST", "/confirm", code=other_digits(house, secret, turn=turn))
        assert code_of(wrong) == (400, "second_factor_not_valid")
    assert (await call(house, boss, "POST", "/confirm", code=digits(house, secret))).status_code == 429


async def test_it_is_removed_with_a_code_of_its_own_and_then_not_asked_for(house: House):
    boss, secret = await set_up(house)
    assert (await call(house, boss, "DELETE")).status_code == 422
    assert (await call(house, boss, "DELETE", code=digits(house, secret))).status_code == 204
    assert (await call(house, boss, "GET")).json() == {"is_set_up": False, "confirmed_at": None}
    assert await house.sql("SELECT factor_seed, factor_step FROM users") == [(None, None)]
    await house.enter(BOSS)
    assert await begin(house, boss) != secret


async def test_who_is_no_administrator_any_more_keeps_it_until_they_remove_it(house: House):
    _, secret = await set_up(house)
    house.app.state.settings = house.app.state.settings.model_copy(update={"admin_emails": ()})
    await house.sql("UPDATE users SET is_admin = false")
    code = await house.code_for(BOSS)
    assert code_of(await house.verify(code)) == (400, "second_factor_required")
    demoted = (await house.verify(code, second_factor=digits(house, secret))).json()
    assert demoted["user"]["is_admin"] is False
    assert (await call(house, demoted, "GET")).json()["is_set_up"] is True
    house.clock.move(seconds=30)
    assert (await call(house, demoted, "DELETE", code=digits(house, secret))).status_code == 204
    assert code_of(await call(house, demoted, "POST")) == (403, "administrators_only")


async def test_neither_secret_nor_code_gets_into_a_log_and_each_change_does(house: House):
    with capture_logs() as lines:
        boss, secret = await set_up(house)
        shown = digits(house, secret)
        await call(house, boss, "DELETE", code=shown)
    told = [line for line in lines if "administrator" in line["event"] or "factor" in line["event"]]
    assert [line["event"] for line in told] == [
        "administrator made", "second factor in force", "second factor removed",
    ]  # fmt: skip
    assert {line["user_id"] for line in told} == {boss["user"]["id"]}
    assert not any(secret in str(line) or shown in str(line) or BOSS in str(line) for line in told)
