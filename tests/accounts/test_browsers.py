"""Browsers are signed in by two cookies, which only pages of ours can act with."""

import asyncio
from http.cookies import SimpleCookie

import httpx
import pytest
from fastapi import WebSocket
from tests.accounts.conftest import API, PUBLIC, House

from tesigo.accounts.identity import User
from tesigo.accounts.session import accepted_subprotocol, sign_in_of_websocket
from tesigo.kit.errors import Forbidden, NotSignedIn

OWN = "http://127.0.0.1:8000"
CONSENTS = {"analytics": True, "marketing": False}


def cookies_of(answer: httpx.Response) -> SimpleCookie:
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return jar


async def sign_in_browser(house: House, browser: httpx.AsyncClient, origin: str = OWN) -> httpx.Response:
    answer = await browser.post(f"/sign-in/{await house.code_for()}", headers={"Origin": origin})
    assert answer.status_code == 200, answer.text
    return answer


async def put_consents(browser: httpx.AsyncClient, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await browser.put(f"{API}/user/consents", json=CONSENTS, headers=sent)).status_code


async def test_in_production_cookies_are_host_bound_secure_and_out_of_reach_of_scripts(production: House):
    browser = production.browser()
    answer = await sign_in_browser(production, browser, PUBLIC)
    jar = cookies_of(answer)
    assert jar.keys() == {"__Host-tesigo_access", "__Host-tesigo_refresh"}
    for cookie in jar.values():
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "lax")
        assert cookie["secure"] is True
        assert cookie["httponly"] is True
    assert jar["__Host-tesigo_access"]["max-age"] == "3600"
    assert jar["__Host-tesigo_refresh"]["max-age"] == "604800"
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser.get("/")).json() == {"email": "olena@example.com"}


async def test_in_development_cookies_work_without_https(house: House):
    browser = house.browser()
    jar = cookies_of(await sign_in_browser(house, browser))
    assert jar.keys() == {"tesigo_access", "tesigo_refresh"}
    assert not any(cookie["secure"] for cookie in jar.values())
    assert all(cookie["httponly"] for cookie in jar.values())
    assert (await browser.get(f"{API}/user/me")).json()["email"] == "olena@example.com"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": OWN},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Origin": "http://localhost:8000", "Host": "localhost:8000"},
    ],
)
async def test_a_page_of_ours_acts_with_the_cookie(house: House, headers):
    browser = house.browser()
    await sign_in_browser(house, browser)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    assert await put_consents(house.browser(Cookie=cookie), **headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": OWN},
        {"Sec_Fetch_Site": "", "Origin": "https://evil.example"},
        {"Referer": OWN},
    ],
)
async def test_a_page_of_another_site_cannot_act_with_the_cookie(house: House, headers):
    browser = house.browser()
    await sign_in_browser(house, browser)
    assert await put_consents(browser, **headers) == 403
    current = (await browser.get(f"{API}/user/consents")).json()
    assert current["analytics"]["is_given"] is False


async def test_in_production_only_the_public_address_is_ours_whatever_host_was_called(production: House):
    browser = production.browser()
    await sign_in_browser(production, browser, PUBLIC)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    bare = production.browser(Cookie=cookie)
    assert await put_consents(bare, Origin=PUBLIC) == 200
    assert await put_consents(bare, Origin="https://other.example", Host="other.example") == 403
    assert await put_consents(bare, Origin="http://tesigo.example.org") == 403


async def test_a_program_with_a_bearer_token_needs_no_origin_and_is_not_helped_by_a_cookie(house: House):
    browser = house.browser()
    await sign_in_browser(house, browser)
    tokens = await house.enter()
    assert await put_consents(house.browser(), Authorization=f"Bearer {tokens['access_token']}") == 200
    assert await put_consents(browser, Authorization="Bearer forged", Origin=OWN) == 401


async def test_an_access_cookie_that_has_run_out_is_renewed_on_the_way_in(house: House):
    browser = house.browser()
    await sign_in_browser(house, browser)
    before = dict(browser.cookies)
    house.clock.move(hours=1)
    answer = await browser.get(f"{API}/user/me")
    assert answer.json()["email"] == "olena@example.com"
    assert answer.headers["cache-control"] == "no-store"
    after = dict(browser.cookies)
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)
    assert "set-cookie" not in (await browser.get("/")).headers


async def test_a_renewal_reaches_the_browser_also_with_an_error(house: House):
    browser = house.browser()
    await sign_in_browser(house, browser)
    house.clock.move(hours=2)
    answer = await browser.get("/absent")
    assert answer.status_code == 404
    assert "tesigo_refresh" in cookies_of(answer)


async def test_requests_of_one_page_that_arrive_together_stay_signed_in(house: House):
    browser = house.browser()
    await sign_in_browser(house, browser)
    house.clock.move(days=3)
    answers = await asyncio.gather(*(browser.get(f"{API}/user/me") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    house.clock.move(hours=5)
    assert (await browser.get(f"{API}/user/me")).status_code == 200


async def test_renewal_does_not_open_the_door_to_other_sites(house: House):
    browser = house.browser()
    await sign_in_browser(house, browser)
    house.clock.move(hours=2)
    assert await put_consents(browser, Origin="https://evil.example") == 403


async def test_a_browser_without_renewable_cookies_is_told_to_forget_them(house: House):
    browser = house.browser()
    await sign_in_browser(house, browser)
    house.clock.move(days=8)
    answer = await browser.get("/")
    assert answer.json() == {"email": None}
    jar = cookies_of(answer)
    assert {name: cookie["max-age"] for name, cookie in jar.items()} == {
        "tesigo_access": "0",
        "tesigo_refresh": "0",
    }


async def test_signing_in_with_stale_cookies_signs_in(house: House):
    browser = house.browser()
    await sign_in_browser(house, browser)
    house.clock.move(days=8)
    await sign_in_browser(house, browser)
    assert (await browser.get("/")).json() == {"email": "olena@example.com"}


@pytest.mark.parametrize("hours", [0, 2], ids=["fresh", "renewed on the way"])
async def test_signing_out_ends_the_sign_in_and_clears_the_cookies(house: House, hours: int):
    browser = house.browser()
    await sign_in_browser(house, browser)
    house.clock.move(hours=hours)
    answer = await browser.post("/sign-out", headers={"Origin": OWN})
    assert answer.status_code == 200
    assert dict(browser.cookies) == {}
    assert await house.sql("SELECT count(*) FROM sign_ins WHERE revoked_at IS NULL") == [(0,)]
    assert (await browser.get("/")).json() == {"email": None}


async def test_another_site_can_sign_nobody_in_or_out(house: House):
    browser = house.browser()
    foreign = {"Origin": "https://evil.example"}
    code = await house.code_for()
    assert (await browser.post(f"/sign-in/{code}", headers=foreign)).status_code == 403
    await browser.post(f"/sign-in/{code}", headers={"Origin": OWN})
    assert (await browser.post("/sign-out", headers=foreign)).status_code == 403
    assert (await browser.get("/")).json() == {"email": "olena@example.com"}


async def open_websocket(house: House, *, protocols: tuple[str, ...] = (), **headers: str) -> User:
    scope = {
        "type": "websocket",
        "app": house.app,
        "path": "/ws",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": list(protocols),
    }

    async def nothing(*_: object) -> dict[str, str]:
        return {}

    websocket = WebSocket(scope, nothing, nothing)
    assert accepted_subprotocol(websocket) == ("bearer" if protocols else None)
    return (await sign_in_of_websocket(websocket)).user


async def test_a_websocket_is_opened_by_sub_protocol_or_by_cookie_from_our_page(house: House):
    tokens = await house.enter()
    by_program = await open_websocket(house, protocols=("bearer", tokens["access_token"]))
    cookie = f"tesigo_access={tokens['access_token']}"
    by_browser = await open_websocket(house, cookie=cookie, origin=OWN)
    assert by_program == by_browser
    assert by_program.email == "olena@example.com"


async def test_a_websocket_from_another_site_or_without_a_good_token_is_refused(house: House):
    tokens = await house.enter()
    cookie = f"tesigo_access={tokens['access_token']}"
    for foreign in ({}, {"origin": "https://evil.example"}, {"sec-fetch-site": "same-origin"}):
        with pytest.raises(Forbidden):
            await open_websocket(house, cookie=cookie, **foreign)
    for protocols in (("bearer",), ("bearer", tokens["refresh_token"]), ("bearer", "a", "b")):
        with pytest.raises(NotSignedIn):
            await open_websocket(house, protocols=protocols, cookie=cookie, origin=OWN)
    with pytest.raises(NotSignedIn):
        await open_websocket(house, origin=OWN)
    await house.log_out(tokens["refresh_token"])
    with pytest.raises(NotSignedIn):
        await open_websocket(house, cookie=cookie, origin=OWN)
