"""The settings: what stands on them, and what each of their forms does."""

from typing import Any

import pytest
from sqlalchemy import text
from tests.web.conftest import Browser, browser_of, words_on

from tesigo.entry.wiring import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


async def rows(house: House, statement: str, **values: Any) -> list[Any]:
    """Return what the database holds."""
    async with house.database.transaction() as tx:
        return list((await tx.execute(text(statement), values)).all())


async def decided(house: House, email: str) -> list[tuple[str, bool]]:
    return [
        (row.kind, row.is_given)
        for row in await rows(
            house,
            "SELECT kind, is_given FROM consents JOIN users ON users.id = user_id WHERE email = :email"
            " ORDER BY consents.id",
            email=email,
        )
    ]


async def test_a_stranger_is_sent_to_sign_in(browser: Browser):
    answer = await browser.open("/settings")
    assert str(answer.url).endswith("/sign-in?next=/settings")


async def test_the_settings_are_reached_from_every_page_and_name_the_address(browser: Browser):
    home = await browser.sign_in()
    assert 'href="/settings"' in home.text
    page = await browser.open("/settings")
    assert browser.email in words_on(page)
    assert 'aria-current="page"' in page.text


async def test_consents_are_kept_with_their_time_and_can_be_withdrawn(browser: Browser, house: House):
    await browser.sign_in()
    first = [("essential", True), ("analytics", False), ("marketing", False)]
    assert await decided(house, browser.email) == first
    page = await browser.send("/settings/consents", analytics="true")
    assert page.url.path == "/settings"
    assert "Your consents were saved." in words_on(page)
    assert "Your consents were saved." not in words_on(await browser.open("/settings"))
    assert await decided(house, browser.email) == [*first, ("analytics", True)]
    assert words_on(page).count("Given on ") == 2
    assert words_on(page).count("Declined on ") == 1
    withdrawn = await browser.send("/settings/consents", marketing="true")
    assert words_on(withdrawn).count("Given on ") == 2
    assert await decided(house, browser.email) == [
        *first, ("analytics", True), ("analytics", False), ("marketing", True)
    ]  # fmt: skip


async def test_no_form_can_withdraw_the_essential_consent(browser: Browser, house: House):
    await browser.sign_in()
    await browser.send("/settings/consents", essential="false", analytics="true")
    kept = [given for kind, given in await decided(house, browser.email) if kind == "essential"]
    assert kept == [True]


async def test_another_sites_page_changes_nothing(browser: Browser, house: House):
    await browser.sign_in()
    before = await decided(house, browser.email)
    for headers in (ELSEWHERE, {"Sec-Fetch-Site": "same-site"}):
        answer = await browser.client.post("/settings/consents", data={"analytics": "true"}, headers=headers)
        assert answer.status_code == 403
    assert await decided(house, browser.email) == before


async def test_the_settings_speak_the_readers_language(house: House):
    for language, heading in (("uk", "Налаштування"), ("it", "Impostazioni")):
        async with browser_of(house, **{"Accept-Language": language}) as browser:
            await browser.sign_in()
            assert heading in words_on(await browser.open("/settings"))
