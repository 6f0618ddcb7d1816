"""A stranger becomes a signed-in user with a browser alone."""

import pytest
from tests.web.conftest import Browser, browser_of, words_on

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_from_the_front_door_to_the_documents_and_out_again(browser: Browser):
    assert "Sign in or open an account" in words_on(await browser.open("/"))
    asked = await browser.ask_for_mail()
    assert asked.url.path == "/sign-in/code"
    assert browser.email in words_on(asked)
    assert "outbox" in words_on(asked)  # development without a mail server says where mails are
    code = await browser.code()
    consent = await browser.send("/sign-in/code", code=code)
    assert 'name="essential"' in consent.text
    assert code in consent.text
    entered = await browser.send("/sign-in/code", code=code, essential="true")
    assert entered.url.path == "/documents"
    assert (await browser.open("/")).url.path == "/documents"
    assert (await browser.send("/sign-out")).url.path == "/"
    assert (await browser.open("/documents")).url.path == "/sign-in"


async def test_whoever_has_an_account_is_not_asked_for_consent_again(browser: Browser, house):
    await browser.sign_in()
    async with browser_of(house) as other:
        other.email = browser.email
        await other.ask_for_mail()
        assert (await other.send("/sign-in/code", code=await other.code())).url.path == "/documents"


async def test_the_way_goes_on_to_where_somebody_wanted_to(browser: Browser):
    asked = await browser.open("/documents/new")
    assert str(asked.url).endswith("/sign-in?next=/documents/new")
    assert 'value="/documents/new"' in asked.text
    await browser.ask_for_mail(goal="/documents/new")
    assert (
        await browser.send("/sign-in/code", code=await browser.code(), essential="on")
    ).url.path == "/documents/new"


async def test_but_never_to_another_site(browser: Browser):
    for goal in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        await browser.ask_for_mail(goal=goal)
        entered = await browser.send("/sign-in/code", code=await browser.code(), essential="true")
        assert str(entered.url) == "http://127.0.0.1:8000/documents"
        assert (await browser.open(f"/sign-in?next={goal}")).url.path == "/documents"


async def test_opening_the_link_uses_nothing_up(browser: Browser):
    await browser.ask_for_mail()
    for _ in range(3):
        assert (await browser.open("/sign-in/link")).status_code == 200
    assert (
        await browser.send("/sign-in/code", code=await browser.code(), essential="true")
    ).url.path == "/documents"


async def test_a_link_opened_in_another_browser_does_not_fill_in_its_code(browser: Browser, house):
    await browser.ask_for_mail()
    assert "<tg-link-code>" in (await browser.open("/sign-in/link")).text
    async with browser_of(house) as other:
        page = await other.open("/sign-in/link")
    assert "<tg-link-code>" not in page.text
    assert "another browser" in words_on(page)


async def test_slips_are_named_beside_the_field(browser: Browser):
    wrong = await browser.send("/sign-in", email="olena@")
    assert (wrong.status_code, 'value="olena@"' in wrong.text) == (400, True)
    assert 'aria-invalid="true"' in wrong.text
    wrong = await browser.send("/sign-in/code", code="AAAA-BBBB")
    assert wrong.status_code == 400
    assert "ask for a new mail" in words_on(wrong)


async def test_too_many_mails_are_refused_with_the_time_to_wait(browser: Browser):
    for _ in range(5):
        assert (await browser.ask_for_mail()).status_code == 200
    refused = await browser.ask_for_mail()
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


async def test_a_form_of_another_site_does_nothing(browser: Browser):
    await browser.sign_in()
    fields = {"email": browser.email, "code": "x", "language": "uk", "title": "Planted title", "pages": "5"}
    for address in ("/sign-in", "/sign-in/code", "/sign-out", "/language", "/documents/new"):
        answer = await browser.client.post(address, data=fields, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403, address
        assert "This is not allowed" in answer.text
    documents = await browser.open("/documents")
    assert documents.url.path == "/documents"
    assert "Nothing here yet" in words_on(documents)
