"""An administrator sets up a second factor with a browser alone, and switches it off."""

import re
import time
from urllib.parse import unquote

import pytest
from pyotp import TOTP
from sqlalchemy import text
from tests.web.conftest import Browser, words_on

from tesigo.accounts import factor_service, service, users_service
from tesigo.entry.wiring import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = "/settings/second-factor"
FORMS = (HERE, f"{HERE}/confirm", f"{HERE}/remove")
STEP_S = 30


async def make_administrator(house: House, email: str, *, is_admin: bool = True) -> None:
    statement = text("UPDATE users SET is_admin = :is_admin WHERE email = :email")
    async with house.database.transaction() as tx:
        await tx.execute(statement, {"email": email, "is_admin": is_admin})


async def factor_of(house: House, email: str) -> tuple[bool, bool]:
    """Return whether a factor was begun, and whether it is in force."""
    statement = text(
        "SELECT factor_seed IS NOT NULL, factor_confirmed_at IS NOT NULL FROM users WHERE email = :email"
    )
    async with house.database.transaction() as tx:
        is_begun, is_in_force = (await tx.execute(statement, {"email": email})).one()
    return is_begun, is_in_force


async def secret_being_told(house: House, email: str) -> factor_service.NewFactor | None:
    async with house.database.transaction() as tx:
        user_id = await users_service.get_user_id(tx, email)
        user = await service.find_user(tx, user_id)
        return await factor_service.find_begun_factor(tx, user, keys=house.keys)


def secret_on(page: str) -> str:
    """Return the secret that the page shows, whose groups must be of four letters."""
    shown = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page)[1].split(" ")
    assert {len(group) for group in shown} == {4}
    return "".join(shown)


async def test_a_factor_is_scanned_confirmed_and_switched_off(browser: Browser, house: House):
    await browser.sign_in()
    await make_administrator(house, browser.email)
    assert "It is switched off." in words_on(await browser.open("/settings"))
    begun = await browser.send(HERE)
    assert begun.url.path == HERE
    secret = secret_on(begun.text)
    picture = unquote(re.search(r'<img src="data:image/svg\+xml;charset=utf-8,([^"]+)"', begun.text)[1])
    assert picture.startswith("<svg")
    assert "fill='#fff'" in picture  # paper around the dark, at night too
    assert begun.headers["cache-control"] == "no-store"
    assert "never confirmed" in words_on(await browser.open("/settings"))
    assert secret_on((await browser.open(HERE)).text) == secret

    wrong = await browser.send(f"{HERE}/confirm", code="000000")
    assert "wrong or were used before" in words_on(wrong)
    assert secret_on(wrong.text) == secret  # nothing has to be scanned again
    assert await factor_of(house, browser.email) == (True, False)
    code = TOTP(secret).now()
    done = await browser.send(f"{HERE}/confirm", code=f"{code[:3]} {code[3:]}")
    assert done.url.path == "/settings"
    assert "The second factor is on." in words_on(done)
    assert await factor_of(house, browser.email) == (True, True)
    assert await secret_being_told(house, browser.email) is None
    page = await browser.open(HERE)
    assert 'class="secret"' not in page.text
    assert 'src="data:' not in page.text

    assert "A second factor is on already" in words_on(await browser.send(HERE))
    assert "wrong or were used before" in words_on(await browser.send(f"{HERE}/remove", code=code))
    assert await factor_of(house, browser.email) == (True, True)
    removed = await browser.send(f"{HERE}/remove", code=TOTP(secret).at(int(time.time()) + STEP_S))
    assert "The second factor is off." in words_on(removed)
    assert await factor_of(house, browser.email) == (False, False)


async def test_users_who_are_no_administrators_have_none(browser: Browser, house: House):
    await browser.sign_in()
    assert HERE not in (await browser.open("/settings")).text
    assert (await browser.open(HERE)).status_code == 403
    for form in FORMS:
        answer = await browser.send(form, code="123456")
        assert answer.status_code == 403, form
        assert "for administrators only" in words_on(answer)
    assert await factor_of(house, browser.email) == (False, False)


async def test_who_was_an_administrator_can_still_switch_it_off(browser: Browser, house: House):
    await browser.sign_in()
    await make_administrator(house, browser.email)
    secret = secret_on((await browser.send(HERE)).text)
    await browser.send(f"{HERE}/confirm", code=TOTP(secret).now())
    await make_administrator(house, browser.email, is_admin=False)
    page = await browser.open("/settings")
    assert HERE in page.text
    assert "dministrator" not in words_on(page)
    await browser.send(f"{HERE}/remove", code=TOTP(secret).at(int(time.time()) + STEP_S))
    assert await factor_of(house, browser.email) == (False, False)
    assert HERE not in (await browser.open("/settings")).text


async def test_another_sites_page_sets_up_and_removes_nothing(browser: Browser, house: House):
    await browser.sign_in()
    await make_administrator(house, browser.email)
    for form in FORMS:
        answer = await browser.client.post(
            form, data={"code": "123456"}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status_code == 403, form
    assert await factor_of(house, browser.email) == (False, False)


async def test_a_code_without_a_factor_is_refused_in_words(browser: Browser, house: House):
    await browser.sign_in()
    await make_administrator(house, browser.email)
    for form in FORMS[1:]:
        answer = await browser.send(form, code="123456")
        assert answer.url.path == HERE
        assert "There is no second factor here." in words_on(answer)


async def test_digits_cannot_be_guessed_on_the_page(browser: Browser, house: House):
    await browser.sign_in()
    await make_administrator(house, browser.email)
    secret = secret_on((await browser.send(HERE)).text)
    for _ in range(5):
        assert "wrong or were used before" in words_on(await browser.send(f"{HERE}/confirm", code="no code"))
    refused = await browser.send(f"{HERE}/confirm", code=TOTP(secret).now())
    assert refused.url.path == HERE
    assert "too often in a short time" in words_on(refused)
    assert await factor_of(house, browser.email) == (True, False)
