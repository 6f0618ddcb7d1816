"""Whoever has a second factor is asked for it on the page where the code of the mail is typed."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from pyotp import TOTP
from sqlalchemy import text
from tests.web.conftest import Browser, browser_of, words_on

from tesigo.accounts.totp import derive_secret
from tesigo.entry.wiring import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEED = "5eed" * 16


@dataclass
class Guarded:
    """A browser that is signed in as nobody, of a user with a second factor in force."""

    browser: Browser
    code: str
    device: TOTP

    def wrong_digits(self) -> str:
        near = {self.device.at(int(time.time()) + 30 * step) for step in range(-3, 4)}
        return next(digits for digits in ("000000", "111111", "222222", "333333", "444444", "555555",
                                          "666666", "777777") if digits not in near)  # fmt: skip

    async def send(self, digits: str = ""):
        fields = {"second_factor": digits} if digits else {}
        return await self.browser.send("/sign-in/code", code=self.code, **fields)


@pytest_asyncio.fixture(loop_scope="module")
async def guarded(browser: Browser, house: House) -> AsyncIterator[Guarded]:
    await browser.sign_in()
    factor = text("UPDATE users SET factor_seed = :seed, factor_confirmed_at = now() WHERE email = :email")
    async with house.database.transaction() as tx:
        await tx.execute(factor, {"seed": SEED, "email": browser.email})
    async with browser_of(house) as other:
        other.email = browser.email
        await other.ask_for_mail()
        yield Guarded(other, await other.code(), TOTP(derive_secret(SEED, keys=house.keys)))


async def test_the_field_appears_once_the_code_of_the_mail_is_right(guarded: Guarded):
    assert "second_factor" not in (await guarded.browser.open("/sign-in/code")).text
    asked = await guarded.send()
    assert (asked.status_code, asked.url.path) == (200, "/sign-in/code")
    assert "The second step" in words_on(asked)
    assert 'name="second_factor"' in asked.text
    assert guarded.code in asked.text  # it has not to be typed again
    assert 'aria-invalid="true"' not in asked.text
    wrong = await guarded.send(guarded.wrong_digits())
    assert wrong.status_code == 400
    assert "six digits are wrong or were used before" in words_on(wrong)
    assert 'name="second_factor"' in wrong.text
    shown = guarded.device.at(int(time.time()))
    assert (await guarded.send(f"{shown[:3]} {shown[3:]}")).url.path == "/documents"


async def test_after_five_wrong_ones_the_page_says_to_wait(guarded: Guarded):
    for _ in range(5):
        assert (await guarded.send(guarded.wrong_digits())).status_code == 400
    refused = await guarded.send(guarded.device.at(int(time.time())))
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 800
    assert "too often" in words_on(refused)
    assert 'name="second_factor"' in refused.text


@pytest.mark.parametrize(("language", "title"), [("uk", "Другий крок"), ("it", "Il secondo passo")])
async def test_it_is_asked_for_in_the_readers_language(guarded: Guarded, language: str, title: str):
    guarded.browser.client.headers["Accept-Language"] = language
    assert title in words_on(await guarded.send())
