"""Attacks on a whole installation: tokens, codes, browsers, bodies, and what answers give away."""

import asyncio
import base64
import dataclasses
import itertools
import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
import pytest_asyncio
import websockets
from fastapi.routing import iter_route_contexts
from tests.accounts.conftest import MovedClock
from tests.databases import SERVERS
from tests.houses import HERE, client_of, code_from_mail, link_from_mail, opened_house
from tests.servers import answering

from tesigo.entry.api import make_app
from tesigo.entry.wiring import House
from tesigo.kit.secret_keys import generate_pair

pytestmark = pytest.mark.asyncio(loop_scope="module")
API = "/api/v1"
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
Tokens = dict[str, Any]


class Site:
    """An installation, its clock, and somebody without cookies who talks to it."""

    def __init__(self, house: House, clock: MovedClock, client: httpx.AsyncClient) -> None:
        self.house, self.clock, self.client = house, clock, client
        self.outbox = house.settings.data_dir / "outbox"
        self._visitors = 0

    async def code(self, email: str = "") -> str:
        """Have a code mailed to a program; return it."""
        self._visitors += not email
        email = email or f"visitor{self._visitors}@example.com"
        answer = await self.client.post(f"{API}/auth/magic-link", json={"email": email})
        assert answer.status_code == 202, answer.text
        return await code_from_mail(self.outbox, email)

    async def verify(self, code: str) -> httpx.Response:
        return await self.client.post(
            f"{API}/auth/magic-link/verify", json={"code": code, "gdpr_consent": True}
        )

    async def enter(self) -> Tokens:
        answer = await self.verify(await self.code())
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def me(self, access: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {access}".encode()}
        return await self.client.get(f"{API}/user/me", headers=sent)

    async def refresh(self, token: str) -> httpx.Response:
        return await self.client.post(f"{API}/auth/refresh", json={"refresh_token": token})

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Return a browser on our own page, with cookies of its own."""
        own = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", **headers}
        return httpx.AsyncClient(transport=self.client._transport, base_url=HERE, headers=own)

    async def enter_by_page(self, browser: httpx.AsyncClient) -> list[httpx.Response]:
        """Sign a browser in as people do; return all answers on the way."""
        self._visitors += 1
        email = f"visitor{self._visitors}@example.com"
        asked = await browser.post("/sign-in", data={"email": email})
        code = await code_from_mail(self.outbox, email)
        forms = [await browser.get("/sign-in/code"), await browser.get("/sign-in/link")]
        entered = await browser.post("/sign-in/code", data={"code": code, "essential": "true"})
        assert entered.status_code == 303, entered.text
        return [asked, *forms, entered]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    clock = MovedClock()
    opening = opened_house(tmp_path_factory.mktemp("house"), clock=clock)
    async with opening as house, client_of(house) as client:
        yield Site(house, clock, client)


@pytest_asyncio.fixture(loop_scope="module")
async def schema(site: Site) -> dict[str, Any]:
    return (await site.client.get("/openapi.json")).json()


def bearer(tokens: Tokens) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def close_code(address: str, *, protocols: list[str] | None = None, **headers: str) -> int | None:
    """Return with which code the live progress is closed, None when something is told."""
    url = f"{address.replace('http', 'ws', 1)}/ws/generation/1"
    origin = headers.pop("Origin", None)
    connecting = websockets.connect(url, subprotocols=protocols, origin=origin, additional_headers=headers)
    async with connecting as connection:
        try:
            await asyncio.wait_for(connection.recv(), 20)
        except websockets.ConnectionClosed:
            return connection.close_code
    return None


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
            token = cookies_of(page)["tesigo_access"].value
            assert (await site.me(token)).status_code == 200
            assert (await site.refresh(cookies_of(page)["tesigo_refresh"].value)).status_code == 200


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


# browsers


def cookies_of(answer: httpx.Response) -> SimpleCookie:
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return jar


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


# bodies

OPEN_BODIES = {"CslRecord"}
"""Bodies that take any field: CSL-JSON is somebody else's format, which keeps growing."""


def resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    name = part.get("$ref", "").rpartition("/")[2]
    return schema["components"]["schemas"][name] if name else part


def json_bodies(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (method, path, schema of the body)."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield method.upper(), path, resolved(schema, content["application/json"]["schema"])


async def test_no_body_takes_a_field_that_it_does_not_name(site: Site, schema: dict[str, Any]):
    bodies = [(method, path, body) for method, path, body in json_bodies(schema)]
    assert len(bodies) >= 9
    headers = bearer(await site.enter())
    made = await site.client.post(f"{API}/documents", json={"title": "Essays"}, headers=headers)
    for method, path, body in bodies:
        if body["title"] in OPEN_BODIES:
            continue
        assert body.get("additionalProperties") is False, f"{method} {path}"
        url = re.sub(r"{\w+}", str(made.json()["id"]), path)
        sent = {"is_admin": True, "user_id": 1}
        answer = await site.client.request(method, url, json=sent, headers=headers)
        assert answer.status_code in (403, 422), f"{method} {path}: {answer.text}"
        if answer.status_code == 422:
            refused = {rule["loc"] for rule in answer.json()["errors"]}
            assert {"body.is_admin", "body.user_id"} <= refused, f"{method} {path}"
    told = (await site.client.get(f"{API}/user/me", headers=headers)).json()
    assert told["is_admin"] is False


HOSTILE = (
    "'; DROP TABLE users; --",
    "1 OR 1=1",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "{{7*7}} ${7*7} %s%n%x {0.__class__}",
    "nul\x00byte",
    "\ud800 half of a pair",
    "line\r\nSet-Cookie: tesigo_access=x",
    "\u202e\u200b\ufeff\U0010ffff",
    "9" * 5_000,
)


async def test_no_text_in_any_field_makes_the_application_fail(site: Site, schema: dict[str, Any]):
    headers = bearer(await site.enter())
    made = await site.client.post(f"{API}/documents", json={"title": "Essays"}, headers=headers)
    tried = 0
    for method, path, body in json_bodies(schema):
        url = re.sub(r"{\w+}", str(made.json()["id"]), path)
        fields = body["properties"]
        valid = {name: example(fields[name]) for name in body.get("required", ())}
        for name, hostile in ((name, text) for name in fields for text in HOSTILE):
            content = json.dumps({**valid, name: hostile})
            sent = {**headers, "Content-Type": "application/json"}
            answer = await site.client.request(method, url, content=content, headers=sent)
            tried += 1
            check_is_harmless(answer, f"{method} {path} {name} {hostile[:20]!r}")
    for path in [path for path, methods in schema["paths"].items() if "get" in methods]:
        for hostile in HOSTILE[:6]:
            url = re.sub(
                r"{\w+}", httpx.URL(path="/" + hostile).raw_path.decode()[1:].replace("/", "%2F"), path
            )
            asked = {"cursor": hostile, "status": hostile, "format": hostile}
            answer = await site.client.get(url, params=asked, headers=headers)
            tried += 1
            check_is_harmless(answer, f"GET {path} {hostile[:20]!r}")
    assert tried > 250
    assert (await site.client.get(f"{API}/documents", headers=headers)).status_code == 200


def example(field: dict[str, Any]) -> Any:
    return {"boolean": True, "integer": 5}.get(field.get("type", ""), "Essays on feedback")


def check_is_harmless(answer: httpx.Response, what: str) -> None:
    assert answer.status_code < 500, f"{what}: {answer.text}"
    assert "text/html" not in answer.headers.get("content-type", ""), what
    assert "tesigo_access=x" not in answer.headers.get("set-cookie", ""), what
    check_reveals_nothing(answer, what)


# what answers give away

INNARDS = re.compile(
    r"Traceback|File \"|/src/|site-packages|sqlalchemy|asyncpg|\bSELECT\b|\bINSERT\b|psycopg", re.IGNORECASE
)


def check_reveals_nothing(answer: httpx.Response, what: str) -> None:
    if answer.status_code >= 400:
        assert not INNARDS.search(answer.text), f"{what}: {answer.text}"


class BrokenFiles:
    """A file store whose failure nobody foresaw, and whose words are for nobody."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError('SELECT secret FROM keys; File "/srv/tesigo/src/x.py"')


async def test_a_failure_that_nobody_foresaw_reveals_nothing_of_the_inside(site: Site):
    headers = bearer(await site.enter())
    broken = dataclasses.replace(site.house, files=BrokenFiles())  # type: ignore[arg-type]  # fails on purpose
    async with client_of(broken) as client:
        made = await client.post(f"{API}/documents", json={"title": "Essays"}, headers=headers)
        address = f"{API}/documents/{made.json()['id']}"
        await client.put(address, json={"content": "# Marks\n\nThey are given.\n"}, headers=headers)
        answer = await client.get(f"{address}/export", headers=headers)
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal_error"
        check_reveals_nothing(answer, "export")
        cookie = {"Cookie": f"tesigo_access={headers['Authorization'][7:]}", "Accept": "text/html"}
        page = await client.get(f"/documents/{made.json()['id']}/download/docx", headers=cookie)
        assert page.status_code == 500
        check_reveals_nothing(page, "download")
