"""The user's data taken along, and the account deleted, with a browser alone."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.houses import opened_house
from tests.web.conftest import Browser, browser_of, words_on

from tesigo.entry.errands import errands
from tesigo.entry.wiring import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = "/settings/delete"


async def users_with(house: House, email: str) -> int:
    async with house.database.transaction() as tx:
        counted = text("SELECT count(*) FROM users WHERE email = :email AND deleted_at IS NULL")
        return (await tx.execute(counted, {"email": email})).scalar_one()


async def add_document(browser: Browser) -> str:
    """Return the path of a new document of this reader, with a source of its own."""
    source = ("own.bib", b"@book{own, title={On Planted Words}, author={Planted, Ann}, year={2020}}")
    page = await browser.send(
        "/documents/new", title="A planted title", pages="5", language="en", citation_style="apa", norm="generic",
        files={"files": source},
    )  # fmt: skip
    assert re.fullmatch(r"/documents/\d+", page.url.path), words_on(page)
    return page.url.path


async def test_the_data_come_as_json_and_as_an_archive(browser: Browser):
    await browser.sign_in()
    await add_document(browser)
    taken = await browser.open("/settings/data.json")
    assert taken.status_code == 200
    assert re.fullmatch(r'attachment; filename="user_data_\d+\.json"', taken.headers["content-disposition"])
    assert taken.headers["cache-control"] == "no-store"
    record = taken.json()
    assert record["user"]["email"] == browser.email
    assert "A planted title" in taken.text
    assert "On Planted Words" in taken.text
    packed = await browser.open("/settings/data.zip")
    assert packed.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.testzip() is None
        [inner] = [name for name in archive.namelist() if name.startswith("user_data_")]
        assert json.loads(archive.read(inner))["user"] == record["user"]
        assert any(name.endswith("/text.md") for name in archive.namelist())


async def test_nobody_takes_data_without_signing_in(browser: Browser):
    for kind in ("json", "zip"):
        answer = await browser.open(f"/settings/data.{kind}")
        assert answer.url.path == "/sign-in"
    await browser.sign_in()
    assert (await browser.open("/settings/data.exe")).status_code == 404


async def test_the_data_can_be_taken_so_often_an_hour(tmp_path: Path):
    async with (
        opened_house(tmp_path, export_limit=2) as house,
        errands(house),
        browser_of(house) as browser,
    ):
        await browser.sign_in()
        for kind in ("json", "zip"):
            assert (await browser.open(f"/settings/data.{kind}")).status_code == 200
        refused = await browser.open("/settings/data.json")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 3000
        assert "too often in a short time" in words_on(refused)


async def test_what_goes_and_what_stays_is_told_before_anything_happens(browser: Browser, house: House):
    await browser.sign_in()
    page = await browser.open(HERE)
    for said in ("What goes", "What stays, and why", "Backups", browser.email):
        assert said in words_on(page)
    assert await users_with(house, browser.email) == 1


async def test_nothing_is_deleted_without_the_typed_address(browser: Browser, house: House):
    await browser.sign_in()
    for typed in ("", "no address", "somebody@example.com", f"{browser.email}.org"):
        answer = await browser.send(HERE, email=typed)
        assert answer.status_code == 400
        assert "This is not the address of your account" in words_on(answer)
    assert (await browser.client.post(HERE)).status_code == 400
    assert await users_with(house, browser.email) == 1
    assert (await browser.open("/documents")).url.path == "/documents"


async def test_another_sites_page_deletes_nobody(browser: Browser, house: House):
    await browser.sign_in()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        answer = await browser.client.post(HERE, data={"email": browser.email}, headers=headers)
        assert answer.status_code == 403
    assert await users_with(house, browser.email) == 1


async def test_the_account_goes_and_every_browser_of_it_is_signed_out(browser: Browser, house: House):
    await browser.sign_in()
    document = await add_document(browser)
    async with browser_of(house) as other:
        other.email = browser.email
        await other.sign_in()
        old_cookies = dict(browser.client.cookies)
        gone = await browser.send(
            HERE, email=f"  {browser.email.upper()} "
        )  # a phone writes a capital letter
        assert gone.url.path == "/"
        assert "Your account was deleted." in words_on(gone)
        assert "Your account was deleted." not in words_on(await browser.open("/"))
        assert "tesigo_access" not in dict(browser.client.cookies)
        assert "tesigo_refresh" not in dict(browser.client.cookies)
        assert (await other.open("/documents")).url.path == "/sign-in"
    assert await users_with(house, browser.email) == 0
    async with browser_of(house) as thief:
        thief.client.cookies.update(old_cookies)
        for path in ("/documents", document, "/settings", "/settings/data.json"):
            assert (await thief.open(path)).url.path == "/sign-in", path
        assert (await thief.send(HERE, email=browser.email)).url.path == "/sign-in"


async def test_the_address_can_begin_anew_and_finds_nothing_of_before(browser: Browser):
    await browser.sign_in()
    await add_document(browser)
    await browser.send(HERE, email=browser.email)
    await browser.ask_for_mail()
    asked = await browser.send("/sign-in/code", code=(code := await browser.code()))
    assert 'name="essential"' in asked.text  # a new account, which has to agree again
    home = await browser.send("/sign-in/code", code=code, essential="true")
    assert "Nothing here yet" in words_on(home)
