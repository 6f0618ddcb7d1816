"""Without its database the program says so, to browsers whose access has run out as well."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.houses import HERE, client_of, code_from_mail, opened_house

from tesigo.accounts.tokens import Claims, write_token
from tesigo.entry.api import make_app
from tesigo.entry.wiring import open_house
from tesigo.kit.settings import load_settings

NO_DATABASE = "postgresql://nobody:none@127.0.0.1:9/none"


@pytest.fixture
async def browser(tmp_path) -> AsyncIterator[httpx.AsyncClient]:
    """A browser with a refresh cookie alone, in front of an installation whose database is away."""
    settings = load_settings(_env_file=None, data_dir=tmp_path, database_url=NO_DATABASE)
    async with open_house(settings) as house:
        now = datetime.now(UTC)
        claims = Claims(user_id=1, sign_in_id=uuid.uuid4(), jti="one")
        token = write_token(
            "refresh", claims, issued_at=now, expires_at=now + timedelta(days=1), keys=house.keys
        )
        transport = httpx.ASGITransport(make_app(house), raise_app_exceptions=False)
        cookies = {"tesigo_refresh": token}
        async with httpx.AsyncClient(transport=transport, base_url=HERE, cookies=cookies) as client:
            yield client


@pytest.mark.parametrize("address", ["/api/v1/user/me", "/documents", "/", "/api/v1/documents"])
async def test_who_it_is_cannot_be_told_and_the_browser_stays_signed_in(browser, address):
    answer = await browser.get(address)
    assert answer.status_code == 503
    assert answer.headers["x-request-id"]
    assert "content-security-policy" in answer.headers
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("address", "status"), [("/health/live", 200), ("/health/ready", 503), ("/static/no", 404)]
)
async def test_what_answers_everybody_alike_does_not_ask_who_it_is(browser, address, status):
    assert (await browser.get(address)).status_code == status


async def test_files_of_the_pages_are_served(browser):
    page = await httpx.AsyncClient(transport=browser._transport, base_url=HERE).get("/")
    script = page.text.partition('<script type="module" src="')[2].partition('"')[0]
    assert (await browser.get(script)).status_code == 200


async def test_files_and_health_spend_no_refresh_cookie(tmp_path):
    async with opened_house(tmp_path) as house, client_of(house) as client:
        await client.post("/api/v1/auth/magic-link", json={"email": "a@example.com"})
        redeemed = {"code": await code_from_mail(tmp_path / "outbox", "a@example.com"), "gdpr_consent": True}
        answer = await client.post("/api/v1/auth/magic-link/verify", json=redeemed)
        client.cookies.set("tesigo_refresh", answer.json()["refresh_token"])
        for address in ("/health/live", "/static/nothing"):
            assert "set-cookie" not in (await client.get(address)).headers
        assert "set-cookie" in (await client.get("/")).headers
