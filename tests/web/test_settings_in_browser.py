"""The settings in a real Chromium: from the consents to the goodbye, by keyboard, for everybody."""

import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect
from pyotp import TOTP
from tests.databases import EMBEDDED, database
from tests.processes import served
from tests.web.test_in_browser import FLAGS, SIZES, Installation, Watched, chromium_path, watched

__all__ = ["chromium_path", "watched"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
LANGUAGES = ("English", "Українська", "Italiano")
TABS = 24


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database_url() -> AsyncIterator[str]:
    async with database(EMBEDDED) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(
    database_url: str, chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """An installation for everybody's accounts; nothing is written in it."""
    folder = tmp_path_factory.mktemp("installation")
    async with (
        served(folder, "--no-worker", DATABASE_URL=database_url, SIGN_IN_LIMIT="1000") as (_, address),
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield Installation(address, folder / "data" / "outbox", browser)
        await browser.close()


async def address_of(watched: Watched) -> str:
    """Return the address that this reader signed in with; the way to the settings carries it."""
    return str(await watched.page.get_by_role("link", name="Settings").get_attribute("title"))


async def is_good_in_every_language(watched: Watched) -> None:
    """Check the page for barriers, and that the longer words of the other languages fit on both screens."""
    page = watched.page
    await watched.is_good_for_everybody()
    for language in (*LANGUAGES[1:], LANGUAGES[0]):
        await page.get_by_role("button", name=language).click()
        await expect(page.get_by_role("button", name=language)).to_have_attribute("aria-current", "true")
        for size in SIZES:
            await page.set_viewport_size(size)
            assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), (
                language,
                size,
            )
    await page.set_viewport_size(SIZES[0])


async def test_from_the_consents_to_the_goodbye(watched: Watched, tmp_path: Path):
    page = watched.page
    await watched.sign_in()
    address = await address_of(watched)
    await page.get_by_role("link", name="Settings").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    await is_good_in_every_language(watched)

    await page.get_by_label("First and last name").fill("Olena Kovalenko")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Your name was saved.")
    await expect(page.get_by_label("First and last name")).to_have_value("Olena Kovalenko")
    await watched.is_good_for_everybody()
    news = page.get_by_role("checkbox", name="You may send me news about the service.")
    await news.focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Your consents were saved.")
    await expect(news).to_be_checked()
    await expect(page.get_by_role("checkbox", name="Statistics about my use")).not_to_be_checked()

    for kind in ("JSON", "ZIP"):
        async with page.expect_download() as started:
            await page.get_by_role("link", name=f"Download as {kind}").click()
        await (await started.value).save_as(tmp_path / f"data.{kind}")
    record = json.loads((tmp_path / "data.JSON").read_text("utf-8"))
    assert record["user"]["full_name"] == "Olena Kovalenko"
    assert record["user"]["email"] == address
    assert zipfile.is_zipfile(tmp_path / "data.ZIP")

    await page.get_by_role("link", name="Delete my account").click()
    await is_good_in_every_language(watched)
    field = page.get_by_label("To confirm, type your e-mail address")
    old_cookies = await page.context.cookies()
    await field.fill(address)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Your account was deleted.")
    await watched.is_good_for_everybody()
    await page.context.add_cookies(old_cookies)
    await watched.open("/settings")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_a_second_factor_is_set_up_and_switched_off(watched: Watched, database_url: str):
    page = watched.page
    await watched.sign_in()
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "UPDATE users SET is_admin = true WHERE email = $1", await address_of(watched)
        )
    finally:
        await connection.close()
    await watched.open("/settings")
    await watched.is_good_for_everybody()
    await page.get_by_role("button", name="Set up a second factor").click()
    picture = page.get_by_role("img", name="QR code")
    assert await picture.evaluate(
        "(image) => image.complete && image.naturalWidth > 100"
    )  # the policy lets it in
    await is_good_in_every_language(watched)
    secret = (await page.locator(".secret").inner_text()).replace(" ", "")
    await page.get_by_label("Code from the app").fill(TOTP(secret).now())
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("The second factor is on.")
    await watched.is_good_for_everybody()
    await page.get_by_role("link", name="Switch off").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Switch the second factor off")
    await is_good_in_every_language(watched)


async def test_a_keyboard_reaches_every_control_and_sees_it(watched: Watched):
    page = watched.page
    await watched.sign_in()
    await watched.open("/settings")
    reached = []
    for _ in range(TABS):
        await page.keyboard.press("Tab")
        on = await page.evaluate(
            """() => { const node = document.activeElement; const look = getComputedStyle(node);
                return node.closest("main") ? [node.getAttribute("name") ?? node.textContent.trim(),
                    look.outlineStyle, parseFloat(look.outlineWidth) >= 2] : null; }"""
        )
        if on:
            assert on[1:] == ["solid", True], on
            reached.append(on[0])
    assert reached[:8] == [
        "name", "Save", "analytics", "marketing", "Save", "Download as JSON", "Download as ZIP",
        "Delete my account …",
    ]  # fmt: skip
