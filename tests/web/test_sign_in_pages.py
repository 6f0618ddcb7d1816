"""A stranger becomes a signed-in user with a browser alone."""

import httpx
import lxml.html
import pytest
from sqlalchemy import text
from tests.houses import opened_house
from tests.web.conftest import Browser, browser_of, words_on

from tesigo.entry.errands import errands
from tesigo.kit.secret_keys import generate_pair

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


async def test_opening_the_link_uses_nothing_up_however_often_and_whoever_does(browser: Browser, house):
    await browser.ask_for_mail()
    async with browser_of(house) as scanner:
        for _ in range(10):
            assert (await scanner.open("/sign-in/link")).status_code == 200
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
    assert 'action="/sign-in/code"' not in page.text
    assert "another browser" in words_on(page)


async def test_a_code_that_a_page_asked_for_works_in_that_browser_alone_and_stays_good(
    browser: Browser, house
):
    await browser.ask_for_mail()
    code = await browser.code()
    async with browser_of(house) as other:
        for _ in range(2):
            refused = await other.send("/sign-in/code", code=code, essential="true")
            assert (refused.status_code, refused.url.path) == (400, "/sign-in/code")
            assert "asked for in another browser" in words_on(refused)
        await other.ask_for_mail()  # a secret, but not the right one
        assert (await other.send("/sign-in/code", code=code, essential="true")).status_code == 400
        redeemed = {"code": code, "gdpr_consent": True}
        by_program = await other.client.post("/api/v1/auth/magic-link/verify", json=redeemed)
        assert (by_program.status_code, by_program.json()["code"]) == (400, "code_of_other_browser")
    assert (await browser.send("/sign-in/code", code=code, essential="true")).url.path == "/documents"
    async with browser_of(house) as other:
        used = await other.send("/sign-in/code", code=code, essential="true")
        assert "was used before" in words_on(used)


@pytest.mark.parametrize(("language", "word"), [("uk", "іншому браузері"), ("it", "altro browser")])
async def test_the_page_says_so_in_the_readers_language(browser: Browser, house, language, word):
    await browser.ask_for_mail()
    code = await browser.code()
    async with browser_of(house, **{"Accept-Language": language}) as other:
        assert word in words_on(await other.send("/sign-in/code", code=code))
        assert word in words_on(await other.open("/sign-in/link"))


async def test_a_code_that_a_program_asked_for_can_be_typed_on_a_page(browser: Browser):
    code = await code_of_program(browser)
    asked = await press(browser, await browser.open("/sign-in/code"), code=code)
    assert (await press(browser, asked, essential="true")).url.path == "/documents"


async def test_a_code_that_a_program_asked_for_can_be_typed_while_waiting_for_an_own_one(
    browser: Browser, house
):
    await browser.ask_for_mail()
    async with browser_of(house) as program:
        page = await browser.open("/sign-in/code")
        entered = await press(browser, page, code=await code_of_program(program), essential="true")
    assert entered.url.path == "/documents"


async def code_of_program(browser: Browser) -> str:
    answer = await browser.client.post("/api/v1/auth/magic-link", json={"email": browser.email})
    assert answer.status_code == 202
    return await browser.code()


async def press(browser: Browser, page: httpx.Response, **filled: str) -> httpx.Response:
    """Send the page's form with all that stands in it and what is filled in: its script does so with the code."""
    (form,) = lxml.html.fromstring(page.text).xpath("//main//form")
    kept = {name: value for name, value in form.fields.items() if value is not None}
    return await browser.send(form.get("action"), **{**kept, **filled})


async def test_the_button_of_the_link_signs_in_the_browser_that_asked(browser: Browser):
    await browser.ask_for_mail()
    asked = await press(browser, await browser.open("/sign-in/link"), code=await browser.code())
    assert "One thing before you start" in words_on(asked)
    assert (await press(browser, asked, essential="true")).url.path == "/documents"


async def test_nobody_is_signed_in_by_the_link_of_somebody_else_even_while_waiting_for_an_own_one(
    browser: Browser, house
):
    """What its sender would get to see: all that the reader writes in the sender's account from then on."""
    await browser.ask_for_mail()
    async with browser_of(house) as sender, browser_of(house) as another:
        await another.ask_for_mail()
        of_sender = await code_of_program(sender)
        for theirs in (of_sender, await another.code()):
            page = await press(browser, await browser.open("/sign-in/link"), code=theirs, essential="true")
            assert (page.status_code, page.url.path) == (400, "/sign-in/code")
            assert "asked for in another browser" in words_on(page)
            assert theirs not in page.text  # nor is it one more press of a button
            assert (await browser.open("/documents")).url.path == "/sign-in"
        redeemed = {"code": of_sender, "gdpr_consent": True}
        answer = await sender.client.post("/api/v1/auth/magic-link/verify", json=redeemed)
        assert answer.status_code == 200  # nothing was used up
    mine = await press(
        browser, await browser.open("/sign-in/code"), code=await browser.code(), essential="true"
    )
    assert mine.url.path == "/documents"


async def test_the_button_of_the_link_takes_no_code_without_a_secret_of_the_browser(browser: Browser):
    code = await code_of_program(browser)
    page = await browser.send("/sign-in/code", code=code, by_link="true", essential="true")
    assert (page.status_code, "asked for in another browser" in words_on(page)) == (400, True)


async def test_a_limit_does_not_turn_a_link_into_a_typed_code(tmp_path):
    async with opened_house(tmp_path, sign_in_limit=1) as house, errands(house), browser_of(house) as browser:
        await browser.ask_for_mail()
        assert (await browser.send("/sign-in/code", code="AAAA-BBBB")).status_code == 400
        page = await press(browser, await browser.open("/sign-in/link"), code="CCCC-DDDD")
        assert page.status_code == 429
        (form,) = lxml.html.fromstring(page.text).xpath("//main//form")
        assert (form.fields["code"], form.fields["by_link"]) == ("CCCC-DDDD", "true")


async def test_a_browser_keeps_its_secret_until_it_is_signed_in(browser: Browser, house):
    codes, secrets = [], set()
    for _ in range(2):
        await browser.ask_for_mail()
        codes.append(await browser.code())
        secrets.add(browser.client.cookies["tesigo_browser"])
    (secret,) = secrets
    async with house.database.transaction() as tx:
        rows = list(await tx.execute(text("SELECT DISTINCT browser_hash FROM link_codes ORDER BY 1")))
    assert secret not in str(rows)
    entered = await browser.send("/sign-in/code", code=codes[0], essential="true")
    assert entered.url.path == "/documents"
    assert "tesigo_browser" not in browser.client.cookies


@pytest.mark.parametrize("kept", ["", "x", "e30", "IngiCg"], ids=["empty", "no JSON", "no text", "too short"])
async def test_a_browser_that_keeps_something_else_gets_a_new_secret(browser: Browser, kept: str):
    browser.client.cookies.set("tesigo_browser", kept, domain="127.0.0.1")
    await browser.ask_for_mail()
    given = [cookie.value for cookie in browser.client.cookies.jar if cookie.name == "tesigo_browser"]
    assert any(len(value or "") > 43 for value in given)


async def test_the_secret_is_out_of_reach_of_scripts_and_other_sites(tmp_path):
    pair = generate_pair()
    given = {"environment": "production", "debug": False, "public_url": "https://tesigo.example.org",
             "secret_key": pair.secret_key, "jwt_secret": pair.jwt_secret}  # fmt: skip
    async with opened_house(tmp_path, **given) as house, browser_of(house) as browser:
        sent = {"email": "olena@example.com"}
        answer = await browser.client.post("/sign-in", data=sent, follow_redirects=False)
    (line,) = (line for line in answer.headers.get_list("set-cookie") if "browser" in line)
    secret, *attributes = (part.strip().lower() for part in line.split(";"))
    assert secret.startswith("__host-tesigo_browser=")
    assert set(attributes) == {"httponly", "secure", "path=/", "samesite=lax", "max-age=600"}


async def test_slips_are_named_beside_the_field(browser: Browser):
    wrong = await browser.send("/sign-in", email="olena@")
    assert (wrong.status_code, 'value="olena@"' in wrong.text) == (400, True)
    assert 'aria-invalid="true"' in wrong.text
    wrong = await browser.send("/sign-in/code", code="AAAA-BBBB")
    assert wrong.status_code == 400
    assert "ask for a new mail" in words_on(wrong)


async def test_too_many_mails_are_refused_with_the_time_to_wait(tmp_path):
    async with opened_house(tmp_path, sign_in_limit=2) as house, browser_of(house) as browser:
        for _ in range(2):
            assert (await browser.ask_for_mail()).status_code == 200
        refused = await browser.ask_for_mail()
    assert refused.status_code == 429
    assert 840 < int(refused.headers["retry-after"]) <= 900
    assert "Try again in 15 minutes." in words_on(refused)


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
