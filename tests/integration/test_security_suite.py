"""Attacks on a whole installation by its tokens and codes: what is forged, used again, raced for and fetched ahead."""

import asyncio
import base64
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from tests.accounts.conftest import MovedClock
from tests.databases import SERVERS
from tests.houses import client_of, link_from_mail, opened_house
from tests.integration.sites import API, Site, close_code, cookies_of
from tests.servers import answering

from tesigo.entry.api import make_app
from tesigo.entry.wiring import House
from tesigo.kit.secret_keys import generate_pair

pytestmark = pytest.mark.asyncio(loop_scope="module")

# tokens


async def test_an_access_token_ends_after_an_hour_and_a_refresh_token_after_7_days(site: Site):
    tokens = await site.enter()
    site.clock.move(minutes=59, seconds=58)
    assert (await site.me(tokens["access_token"])).status_code == 200
    site.clock.move(seconds=3)
    assert (await site.me(tokens["access_token"])).status_code == 401
    site.clock.move(days=6, hours=22, minutes=59)
    tokens = (await site.refresh(tokens["refresh_token"])).json()
    assert (await site.me(tokens["access_token"])).status_code == 200
    site.clock.move(days=7, seconds=1)
    assert (await site.refresh(tokens["refresh_token"])).status_code == 401


async def test_neither_token_is_taken_for_the_other(site: Site):
    tokens = await site.enter()
    assert (await site.me(tokens["refresh_token"])).status_code == 401
    assert (await site.refresh(tokens["access_token"])).status_code == 401
    async with answering(make_app(site.house)) as address:
        assert await close_code(address, protocols=["bearer", tokens["refresh_token"]]) == 4401
        assert await close_code(address, protocols=["bearer", tokens["access_token"]]) == 4404


def forgeries(token: str, house: House) -> Iterator[tuple[str, str]]:
    """Yield (what is wrong, token) for everything that somebody might make of a good token."""
    claims = jwt.decode(token, options={"verify_signature": False})
    keys, others = house.keys, generate_pair()
    head, body, signature = token.split(".")
    public = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK\n-----END PUBLIC KEY-----\n"
    rsa_head = base64.urlsafe_b64encode(b'{"alg":"RS256","typ":"JWT"}').decode().rstrip("=")
    yield "alg none", jwt.encode(claims, None, algorithm="none")
    yield "alg none, signature kept", f"{jwt.encode(claims, None, algorithm='none')}{signature}"
    yield "HS512", jwt.encode(claims, keys.jwt_secret * 2, algorithm="HS512")
    yield "RS256 with our signature", f"{rsa_head}.{body}.{signature}"
    yield (
        "a public key as the secret",
        jwt.encode(claims, public.replace("-----", "====="), algorithm="HS256"),
    )
    yield "SECRET_KEY", jwt.encode(claims, keys.secret_key, algorithm="HS256")
    yield "another installation", jwt.encode(claims, others.jwt_secret, algorithm="HS256")
    changed: dict[str, dict[str, Any]] = {
        "audience": {"aud": "somebody-else"},
        "issuer": {"iss": "somebody-else"},
        "type": {"type": "refresh"},
        "no type at all": {"type": None},
        "expired": {"exp": claims["iat"] - 1},
        "somebody else": {"sub": "1" if claims["sub"] != "1" else "2"},
    }
    for name, change in changed.items():
        yield name, jwt.encode({**claims, **change}, keys.jwt_secret, algorithm="HS256")
    for missing in claims:
        left = {name: value for name, value in claims.items() if name != missing}
        yield f"without {missing}", jwt.encode(left, keys.jwt_secret, algorithm="HS256")
    yield "truncated", token[:-1]
    yield "no signature", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    for place in (len(head) // 2, len(head) + len(body) // 2, len(token) - 10):
        flipped = "A" if token[place] != "A" else "B"
        yield f"changed at {place}", f"{token[:place]}{flipped}{token[place + 1 :]}"


async def test_forged_tokens_are_refused_with_one_and_the_same_answer_everywhere(site: Site):
    token = (await site.enter())["access_token"]
    answers = set()
    async with answering(make_app(site.house)) as address:
        for name, forged in forgeries(token, site.house):
            answer = await site.me(forged)
            assert answer.status_code == 401, name
            answers.add(answer.text)
            assert await close_code(address, protocols=["bearer", forged]) == 4401, name
            cookie = f"tesigo_access={forged}"
            assert await close_code(address, Cookie=cookie, Origin=address) == 4401, name
        assert await close_code(address, protocols=["bearer", token]) == 4404
    assert len(answers) == 1
    assert json.loads(answers.pop())["code"] == "token_not_good"


async def test_a_refresh_token_that_is_used_again_ends_all_tokens_of_its_sign_in(site: Site):
    family = [await site.enter()]
    for _ in range(3):
        family.append((await site.refresh(family[-1]["refresh_token"])).json())
        site.clock.move(seconds=11)
    assert (await site.refresh(family[-2]["refresh_token"])).status_code == 401
    for tokens in family:
        assert (await site.me(tokens["access_token"])).status_code == 401
        assert (await site.refresh(tokens["refresh_token"])).status_code == 401


async def test_two_tabs_that_renew_at_the_same_moment_both_stay_signed_in(site: Site):
    tokens = await site.enter()
    tabs = await asyncio.gather(*(site.refresh(tokens["refresh_token"]) for _ in range(2)))
    assert [tab.status_code for tab in tabs] == [200, 200]
    for tab in tabs:
        assert (await site.me(tab.json()["access_token"])).status_code == 200
    async with site.browser() as browser:
        await site.enter_by_page(browser)
        site.clock.move(hours=2)  # the access cookie has run out
        kept = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    async with site.browser(Cookie=kept) as one, site.browser(Cookie=kept) as two:
        pages = await asyncio.gather(one.get("/documents"), two.get("/documents"))
        assert [page.status_code for page in pages] == [200, 200]
        for page in pages:
            token = cookies_of(page)["tesigo_access"]
            assert (await site.me(token)).status_code == 200
            assert (await site.refresh(cookies_of(page)["tesigo_refresh"])).status_code == 200


# codes


@pytest.mark.parametrize("server", SERVERS)
async def test_of_100_who_use_a_code_at_once_exactly_one_gets_in(server: str, tmp_path: Path):
    async with opened_house(tmp_path, server=server) as house, client_of(house) as client:
        site = Site(house, MovedClock(), client)
        code = await site.code()
        answers = await asyncio.gather(*(site.verify(code) for _ in range(100)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(400)) == (1, 99), statuses


def what_scanners_fetch(link: str, code: str) -> list[str]:
    """Return the mail's link, as clients send it and with the code where a server sees it, and our other addresses.

    A client never sends what stands behind `#`, but whoever rewrites links may well encode the sign.
    """
    own = urlsplit(link).path
    plain = code.replace("-", "")
    seen = [link, link.replace("#", "%23"), link.replace("#", "/"), f"{own}?{code}", f"{own}?code={plain}"]
    others = (own, "/sign-in/code", "/sign-in", f"{API}/auth/magic-link/verify")
    return [*seen, *(f"{address}?code={code}&gdpr_consent=true&essential=true" for address in others)]


async def test_whoever_fetches_the_link_ten_times_uses_nothing_up(site: Site):
    async with site.browser() as asking, site.browser() as scanner:
        asked = await asking.post("/sign-in", data={"email": "scanned@example.com"})
        assert asked.status_code == 303
        link = await link_from_mail(site.outbox, "scanned@example.com")
        await site.client.post(f"{API}/auth/magic-link", json={"email": "program@example.com"})
        of_program = await link_from_mail(site.outbox, "program@example.com")
        codes = {each: each.partition("#")[2] for each in (link, of_program)}
        addresses = [address for each, code in codes.items() for address in what_scanners_fetch(each, code)]
        tries = itertools.product(range(10), addresses, (scanner, asking), ("GET", "HEAD"))
        for _, address, browser, method in tries:
            answer = await browser.request(method, address)
            assert answer.status_code in (200, 404, 405), f"{method} {address}: {answer.status_code}"
        form = {"code": codes[link], "essential": "true"}
        assert (await asking.post("/sign-in/code", data=form)).status_code == 303
    assert (await site.verify(codes[of_program])).status_code == 200
