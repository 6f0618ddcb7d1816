"""The way in, in a real Chromium: by the link here, by its code from elsewhere, and when something is wrong."""

import pytest
from playwright.async_api import expect
from tests.web.test_in_browser import AXE, Installation, Watched, chromium_path, installation, watched

__all__ = ["chromium_path", "installation", "watched"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


async def test_a_link_that_is_opened_elsewhere_shows_its_code_for_the_browser_that_asked(
    watched: Watched, installation: Installation
):
    link = await watched.ask_for_mail()
    await watched.is_good_for_everybody()
    context = await installation.chromium.new_context(viewport={"width": 390, "height": 800})
    await context.add_init_script(path=AXE)
    elsewhere = Watched(await context.new_page(), installation.address, installation.outbox)
    await elsewhere.open(link)
    await expect(elsewhere.page.get_by_role("heading", level=1)).to_have_text("Go back to where you asked")
    await elsewhere.is_good_for_everybody()
    code = link.partition("#")[2]
    await expect(elsewhere.page.get_by_role("status", name="The code")).to_have_text(code)

    await elsewhere.open("/sign-in/code")
    await elsewhere.page.get_by_label("Code from the mail").fill(code)
    await elsewhere.page.keyboard.press("Enter")
    await expect(elsewhere.page.get_by_role("alert")).to_contain_text("asked for in another browser")
    await elsewhere.is_good_for_everybody()
    await context.close()

    await watched.page.get_by_label("Code from the mail").fill(code)
    await watched.page.keyboard.press("Enter")
    await expect(watched.page.get_by_role("heading", level=1)).to_have_text("One thing before you start")
    await watched.is_good_for_everybody()
