"""The way in, in a real Chromium: by the link here, by its code from elsewhere, and when something is wrong."""

import time

import httpx
import pytest
from playwright.async_api import expect
from tests.houses import code_from_mail
from tests.web.test_in_browser import AXE, Installation, Watched, chromium_path, installation, watched

__all__ = ["chromium_path", "installation", "watched"]

NARROW = {"width": 390, "height": 800}
IS_CUT = "(input) => input.value.length < 34 || input.scrollWidth > input.clientWidth"

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_link_that_is_opened_elsewhere_shows_its_code_for_the_browser_that_asked(
    watched: Watched, installation: Installation
):
    link = await watched.ask_for_mail()
    await watched.is_good_for_everybody()
    context = await installation.chromium.new_context(viewport=NARROW)
    await context.add_init_script(path=AXE)
    elsewhere = Watched(await context.new_page(), installation.address, installation.outbox)
    await elsewhere.open(link)
    await expect(elsewhere.page.get_by_role("heading", level=1)).to_have_text("Go back to where you asked")
    await elsewhere.is_good_for_everybody()
    code = link.partition("#")[2]
    await expect(elsewhere.page.get_by_role("status", name="The code")).to_have_text(code)

    await elsewhere.open("/sign-in/code")
    field = elsewhere.page.get_by_label("Code from the mail")
    await field.fill(code)
    await elsewhere.page.set_viewport_size(NARROW)
    assert not await field.evaluate(IS_CUT)
    await elsewhere.page.keyboard.press("Enter")
    await expect(elsewhere.page.get_by_role("alert")).to_contain_text("asked for in another browser")
    assert not await field.evaluate(IS_CUT)
    await elsewhere.is_good_for_everybody()
    await context.close()

    await watched.page.get_by_label("Code from the mail").fill(code)
    await watched.page.keyboard.press("Enter")
    await expect(watched.page.get_by_role("heading", level=1)).to_have_text("One thing before you start")
    await watched.is_good_for_everybody()


async def test_a_link_that_somebody_else_sent_signs_nobody_in_who_waits_for_an_own_one(
    installation: Installation,
):
    sent = {"email": f"sender{time.time_ns()}@example.com"}
    async with httpx.AsyncClient(base_url=installation.address) as sender:
        assert (await sender.post("/api/v1/auth/magic-link", json=sent)).status_code == 202
    code = await code_from_mail(installation.outbox, sent["email"])
    context = await installation.chromium.new_context(viewport=NARROW)
    reader = Watched(await context.new_page(), installation.address, installation.outbox)
    own = await reader.ask_for_mail()
    await reader.open(f"/sign-in/link#{code}")
    await reader.page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(reader.page.get_by_role("alert")).to_contain_text("asked for in another browser")
    await expect(reader.page.get_by_label("Code from the mail")).to_have_value("")
    await reader.open(own)
    await reader.page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(reader.page.get_by_role("heading", level=1)).to_have_text("One thing before you start")
    await context.close()
