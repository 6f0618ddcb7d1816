"""The interface speaks the language that its reader chose, else the one that the browser likes best."""

import pytest
from tests.houses import next_mail
from tests.web.conftest import Browser

from tesigo.web.languages import preferred_language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("uk", "uk"), ("it-IT,it;q=0.9,en;q=0.8", "it"), ("de,uk;q=0.5,en;q=0.3", "uk"),
     ("de;q=1.0, en;q=0.2, it;q=0.7", "it"), ("uk;q=0,en", "en"), ("de", "en"), ("x;q=;,;;", "en"),
     ("it;q=abc,uk;q=0.1", "uk")],
)  # fmt: skip
def test_the_browsers_wish_is_read(accepted, language):
    assert preferred_language(accepted) == language


@pytest.mark.asyncio(loop_scope="module")
async def test_a_choice_outweighs_the_browser_and_stays(browser: Browser):
    page = await browser.open("/", **{"accept-language": "it"})
    assert '<html lang="it">' in page.text
    chosen = await browser.send("/language", language="uk", back="/sign-in?next=/documents/new")
    assert str(chosen.url).endswith("/sign-in?next=/documents/new")
    page = await browser.open("/", **{"accept-language": "it"})
    assert '<html lang="uk">' in page.text
    assert page.headers["content-language"] == "uk"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_language_that_there_is_not_changes_nothing(browser: Browser):
    page = await browser.send("/language", language="xx", back="//evil.example")
    assert str(page.url) == "http://127.0.0.1:8000/"
    assert '<html lang="en">' in page.text


@pytest.mark.asyncio(loop_scope="module")
async def test_the_mail_comes_in_the_language_of_the_page(browser: Browser, house):
    await browser.send("/language", language="uk", back="/")
    await browser.ask_for_mail()
    mail = await next_mail(house.settings.data_dir / "outbox", browser.email)
    assert mail["Subject"] == "Ваше посилання для входу в TesiGo"
