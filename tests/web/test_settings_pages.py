"""The settings: what stands on them, and what each of their forms does."""

import re
import uuid
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text
from tests.web.conftest import Browser, browser_of, words_on

from tesigo.entry.wiring import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
POSTS = (
    "/settings/name",
    "/settings/consents",
    f"/settings/sign-ins/{uuid.uuid4()}/end",
    "/settings/sign-ins/end-others",
)
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


async def test_the_name_is_kept_for_title_pages_and_can_be_taken_back(browser: Browser, house: House):
    await browser.sign_in()
    statement = "SELECT full_name FROM users WHERE email = :email"
    page = await browser.send("/settings/name", name="  Олена <b>Коваленко</b> ")
    assert "Your name was saved." in words_on(page)
    assert 'value="Олена &lt;b&gt;Коваленко&lt;/b&gt;"' in page.text
    for wrong in ("a" * 201, "Olena\u202eKovalenko"):
        assert "Give a name of at most 200" in words_on(await browser.send("/settings/name", name=wrong))
    assert await rows(house, statement, email=browser.email) == [("Олена <b>Коваленко</b>",)]
    await browser.send("/settings/name", name="   ")
    assert await rows(house, statement, email=browser.email) == [(None,)]


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
        for address in POSTS:
            answer = await browser.client.post(
                address, data={"analytics": "true", "name": "x"}, headers=headers
            )
            assert answer.status_code == 403, address
    assert await decided(house, browser.email) == before


def ends_on(page: Response) -> list[str]:
    """Return the addresses by which the page ends single sign-ins, in its order."""
    return re.findall(r'action="(/settings/sign-ins/[0-9a-f-]{36}/end)"', page.text)


async def test_sign_ins_are_listed_by_browser_with_this_one_first(browser: Browser, house: House):
    await browser.sign_in()
    async with browser_of(house, **{"User-Agent": PHONE}) as phone:
        phone.email = browser.email
        await phone.sign_in()
        page = await browser.open("/settings")
        read = words_on(page)
        assert "Safari on iPhone Signed in on " in read
        assert read.count("This browser") == 1
        assert read.index("This browser") < read.index("Safari on iPhone")
        assert len(ends_on(page)) == 1
        there = words_on(await phone.open("/settings"))
        assert there.index("Safari on iPhone") < there.index("This browser") < there.index("python-httpx")


async def test_signing_out_there_ends_that_browser_at_once_and_no_other(browser: Browser, house: House):
    await browser.sign_in()
    async with browser_of(house) as second, browser_of(house) as third:
        for other in (second, third):
            other.email = browser.email
            await other.sign_in()
        third_end = ends_on(await second.open("/settings"))[0]  # the newest of the others
        done = await browser.send(third_end)
        assert "That browser is signed out." in words_on(done)
        assert (await third.open("/documents")).url.path == "/sign-in"
        assert (await second.open("/documents")).url.path == "/documents"
        assert "had ended already" in words_on(await browser.send(third_end))
        assert "1 other browser was signed out." in words_on(
            await browser.send("/settings/sign-ins/end-others")
        )
        assert (await second.open("/documents")).url.path == "/sign-in"
        page = await browser.open("/settings")
        assert page.url.path == "/settings"
        assert "/settings/sign-ins/end-others" not in page.text


async def test_another_users_sign_in_cannot_be_ended_by_its_id(browser: Browser, house: House):
    await browser.sign_in()
    async with browser_of(house) as stranger:
        await stranger.sign_in()
        [theirs] = await rows(
            house,
            "SELECT sign_ins.id FROM sign_ins JOIN users ON users.id = user_id WHERE email = :email",
            email=stranger.email,
        )
        answer = await browser.send(f"/settings/sign-ins/{theirs.id}/end")
        absent = await browser.send(f"/settings/sign-ins/{uuid.uuid4()}/end")
        assert words_on(answer) == words_on(absent)  # nobody learns whether it is there
        assert "had ended already" in words_on(answer)
        await browser.send("/settings/sign-ins/end-others")
        assert (await stranger.open("/documents")).url.path == "/documents"


async def test_the_settings_speak_the_readers_language(house: House):
    for language, heading in (("uk", "Налаштування"), ("it", "Impostazioni")):
        async with browser_of(house, **{"Accept-Language": language}) as browser:
            await browser.sign_in()
            assert heading in words_on(await browser.open("/settings"))
