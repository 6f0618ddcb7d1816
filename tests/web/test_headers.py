"""What protects a browser is on every answer, and what cannot change is kept."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import Request
from tests.houses import HERE, opened_house, sign_in
from tests.web.conftest import Browser

from tesigo.entry.api import make_app
from tesigo.entry.errands import errands
from tesigo.kit.secret_keys import generate_pair
from tesigo.web.headers import SecurityHeaders, security_headers

EVERYWHERE = ["/", "/sign-in", "/nothing", "/documents", "/api/v1/user/me", "/health/live"]


@pytest.mark.parametrize("is_production", [False, True])
def test_the_policy_allows_our_own_files_only(is_production):
    policy = security_headers(is_production=is_production)["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "*" not in policy
    assert "http:" not in policy
    assert "frame-ancestors 'none'" in policy


def test_only_production_asks_for_https():
    assert "Strict-Transport-Security" in security_headers(is_production=True)
    assert "Strict-Transport-Security" not in security_headers(is_production=False)


@pytest.mark.asyncio(loop_scope="module")
async def test_every_answer_carries_them(browser: Browser):
    expected = {name.lower(): value for name, value in security_headers(is_production=False).items()}
    for address in EVERYWHERE:
        answer = await browser.client.get(address, follow_redirects=False)
        assert expected.items() <= dict(answer.headers).items(), address


@pytest.mark.asyncio(loop_scope="module")
async def test_an_answer_may_be_stricter_for_itself():
    async def app(_scope, _receive, send):
        headers = [(b"content-security-policy", b"sandbox")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    transport = httpx.ASGITransport(SecurityHeaders(app, is_production=True))
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
        answer = await client.get("/")
    assert answer.headers.get_list("content-security-policy") == ["sandbox"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.asyncio(loop_scope="module")
async def test_built_files_are_kept_for_a_year_and_sent_packed(browser: Browser):
    page = await browser.open("/")
    script = page.text.partition('<script type="module" src="')[2].partition('"')[0]
    answer = await browser.open(script)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(answer.content)) < 20_000


@pytest.mark.asyncio(loop_scope="module")
async def test_pages_of_a_user_are_not_kept(browser: Browser):
    assert (await browser.open("/")).headers["cache-control"] == "private, no-cache"
    await browser.sign_in()
    assert (await browser.open("/documents")).headers["cache-control"] == "no-store"


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_that_the_api_answers_is_kept(browser: Browser):
    await browser.sign_in()
    made = await browser.client.post("/api/v1/documents", json={"title": "Feedback on student essays"})
    document = f"/api/v1/documents/{made.json()['id']}"
    content = {"content": "# A chapter\n\nA text."}
    assert (await browser.client.put(document, json=content)).status_code == 200
    for address in (
        document,
        f"{document}/export?format=md",
        "/api/v1/user/me",
        "/api/v1/nothing",
        "/static/nothing",
    ):
        assert (await browser.open(address)).headers["cache-control"] == "no-store", address


PUBLIC = "https://tesigo.example.org"


async def fail(_request: Request) -> None:
    raise RuntimeError("what nobody foresaw")


@asynccontextmanager
async def in_production(folder) -> AsyncIterator[httpx.AsyncClient]:
    """Give a signed-in user of an installation in production, where `/fails` and `/api/fails` fail."""
    pair = generate_pair()
    given = {
        "environment": "production",
        "public_url": PUBLIC,
        "secret_key": pair.secret_key,
        "jwt_secret": pair.jwt_secret,
        "max_upload_mb": 1,
        "export_limit": 2,
    }
    async with opened_house(folder, **given) as house, errands(house):
        app = make_app(house)
        for address in ("/fails", "/api/fails"):
            app.add_api_route(address, fail)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC, timeout=30) as client:
            client.headers.update(await sign_in(client, folder / "outbox", "reader@example.com"))
            yield client


@pytest.mark.parametrize("accepted", ["text/html", "application/json"])
async def test_every_kind_of_answer_carries_them_in_production(tmp_path, accepted):
    expected = {name.lower(): value for name, value in security_headers(is_production=True).items()}
    seen = set()

    async with in_production(tmp_path) as client:

        async def check(method: str, address: str, **more) -> httpx.Response:
            answer = await client.request(method, address, headers={"Accept": accepted}, **more)
            got = dict(answer.headers)
            missing = {name for name, value in expected.items() if got.get(name) != value}
            assert not missing, (method, address, answer.status_code)
            assert "strict-transport-security" in got
            seen.add(answer.status_code)
            return answer

        script = (await client.get("/")).text.partition('<script type="module" src="')[2].partition('"')[0]
        made = await client.post("/api/v1/documents", json={"title": "Feedback on student essays"})
        document = f"/api/v1/documents/{made.json()['id']}"
        content = {"content": "# A chapter\n\nA text."}
        assert (await client.put(document, json=content)).status_code == 200
        for address in ("/", "/sign-in", "/documents", "/settings", script, "/health/live", "/health/ready", "/nothing",
                        "/static/nothing", "/api/v1/nothing", document, f"{document}/sources/7", "/metrics",
                        "/api/v1/documents/", "/fails", "/api/fails"):  # fmt: skip
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                if (method, address) != ("DELETE", document):
                    await check(method, address)
        for _ in range(3):
            await check("GET", f"{document}/export?format=md")
        await check("POST", f"{document}/sources", files={"file": ("large.txt", b"x" * (3 << 20))})
        await check("POST", f"{document}/sources", files={"file": ("a.exe", b"MZ" + b"x" * 100)})
        await check("POST", "/api/v1/documents", content=b"no json")
        del client.headers["Authorization"]
        await check("GET", document)
    assert {200, 204, 307, 404, 405, 413, 429, 500} <= seen | {204}
    assert seen & {400, 415}
    assert seen & {401, 303}


async def test_what_describes_the_program_is_closed_in_production(tmp_path):
    async with in_production(tmp_path) as client:
        for address in ("/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect", "/metrics"):
            nothing = await client.get("/there-is-nothing")
            answer = await client.get(address)
            assert (answer.status_code, answer.json()) == (404, nothing.json()), address
