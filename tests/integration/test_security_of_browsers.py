"""Attacks on a whole installation through its users' browsers: their cookies, and pages of other sites."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from tests.accounts.conftest import MovedClock
from tests.houses import HERE, client_of, opened_house
from tests.integration.sites import API, Site, bearer, close_code
from tests.servers import answering

from tesigo.entry.api import make_app
from tesigo.entry.wiring import House
from tesigo.kit.secret_keys import generate_pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

PUBLIC = "https://tesigo.example.org"
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": HERE},
    {},
)
NEEDED = {"/language": {"language": "it"}}
"""What a form cannot be without: it would be refused for that."""

NOBODYS = uuid.UUID(int=4)


@pytest.mark.parametrize("environment", ["development", "production"])
async def test_no_cookie_is_within_reach_of_scripts_or_of_other_sites(environment: str, tmp_path: Path):
    pair, is_production = generate_pair(), environment == "production"
    keys = {"secret_key": pair.secret_key, "jwt_secret": pair.jwt_secret, "public_url": PUBLIC}
    given = {"environment": environment, **(keys if is_production else {})}
    async with opened_house(tmp_path, **given) as house, client_of(house) as client:
        site = Site(house, MovedClock(), client)
        async with site.browser() as browser:
            browser.base_url = PUBLIC if is_production else HERE
            answers = await site.enter_by_page(browser)
            answers.append(await browser.post("/language", data={"language": "it"}))
            answers.append(await browser.post("/sign-out"))
    lines = [line for answer in answers for line in answer.headers.get_list("set-cookie")]
    assert len({line.partition("=")[0] for line in lines}) >= 4
    for line in lines:
        name, _, _ = line.partition("=")
        told = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= told, line
        assert ("secure" in told, name.startswith("__Host-")) == (is_production, is_production), line
        assert not any(part.startswith("domain") for part in told), line


def pages_that_act(house: House) -> list[str]:
    """Return the paths of all pages that do something. Fails for one that does it by another method than POST."""
    acting = []
    for route in iter_route_contexts(make_app(house).routes):
        path, methods = getattr(route, "path", ""), set(getattr(route, "methods", None) or ())
        if not path.startswith(API) and (unsafe := methods - {"GET", "HEAD", "OPTIONS"}):
            assert unsafe == {"POST"}, path
            acting.append(path)
    return acting


def address_of(path: str) -> str:
    """Return the path with an id in each of its places, of a kind that is read as one."""
    return re.sub(r"{(\w+)(:int)?}", lambda found: {"sign_in_id": str(NOBODYS)}.get(found[1], "1"), path)


async def test_no_other_site_acts_with_our_cookie_on_any_route_or_page(site: Site, schema: dict[str, Any]):
    routes = [("POST", address_of(page)) for page in pages_that_act(site.house)]
    assert {"/sign-in", "/sign-out", "/documents/new", "/documents/1/cancel", "/settings/delete"} <= {
        page for _, page in routes
    }
    for path, methods in schema["paths"].items():
        if "security" in next(iter(methods.values())):
            routes += [(method.upper(), address_of(path)) for method in methods if method != "get"]
    assert len(routes) > 35
    tokens = await site.enter()
    cookie = f"tesigo_access={tokens['access_token']}"
    for method, path in routes:
        for foreign in FOREIGN:
            headers = {**foreign, "Cookie": cookie}
            form = NEEDED.get(path)
            answer = await site.client.request(method, path, headers=headers, data=form)
            assert answer.status_code == 403, f"{method} {path} {foreign}: {answer.status_code}"
            assert answer.json()["code"] == "cross_origin"
    for foreign in FOREIGN:  # a program that brings its token does not come from a page at all
        headers = {**foreign, **bearer(tokens)}
        answer = await site.client.post(f"{API}/documents", json={"title": "Essays"}, headers=headers)
        assert answer.status_code == 201


async def test_no_other_site_watches_with_our_cookie(site: Site):
    tokens = await site.enter()
    cookie = f"tesigo_access={tokens['access_token']}"
    async with answering(make_app(site.house)) as address:
        assert await close_code(address, Cookie=cookie, Origin=address) == 4404
        assert await close_code(address, Cookie=cookie, Origin="https://evil.example") == 4401
        assert await close_code(address, Cookie=cookie, Origin="null") == 4401
        assert await close_code(address, Cookie=cookie) == 4401
