"""What protects a browser is on every answer, and what cannot change is kept."""

import gzip

import httpx
import pytest
from tests.houses import HERE
from tests.web.conftest import Browser

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
    assert (await browser.open("/")).headers["cache-control"] == "no-cache"
    await browser.sign_in()
    assert (await browser.open("/documents")).headers["cache-control"] == "no-store"
