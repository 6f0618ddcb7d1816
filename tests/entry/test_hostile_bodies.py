"""What comes in unasked costs this installation little, wherever it is sent."""

import re
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from tests.houses import client_of, opened_house, sign_in

from tesigo.entry.api import make_app
from tesigo.entry.wiring import House

TEXTS = ("/api/v1/documents", "/api/v1/generate", "/documents")
JSON = {"content-type": "application/json"}
MILLION = b"{" + b",".join(b'"k%d":0' % number for number in range(1_000_000)) + b"}"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
async def house(tmp_path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


async def refused_s(client: httpx.AsyncClient, address: str) -> float:
    """Return the seconds of work after which a body of a million members is refused."""
    began_s = time.process_time()
    answer = await client.post(address, content=MILLION, headers=JSON)
    assert answer.status_code == 413, answer.text
    return time.process_time() - began_s


async def test_a_million_members_hold_nobody_up(house):
    async with client_of(house) as client:
        assert await refused_s(client, "/api/v1/auth/magic-link") < 0.1
        assert await refused_s(client, "/api/v1/documents") < 1  # taken apart, they took more than 10
        client.headers.update(await sign_in(client, house.settings.data_dir / "outbox", "reader@example.com"))
        assert await refused_s(client, "/api/v1/documents") < 1


async def test_every_other_address_takes_short_bodies_only(house):
    changing = {
        (method, re.sub("{.+?}", "1", str(route.path)))
        for route in iter_route_contexts(make_app(house).routes)
        for method in getattr(route, "methods", None) or ()
        if method not in ("GET", "HEAD") and not str(route.path).startswith(TEXTS)
    }
    assert ("POST", "/api/v1/auth/magic-link/verify") in changing
    assert ("POST", "/sign-in/code") in changing
    assert len(changing) > 15
    async with client_of(house) as client:
        for method, path in changing:
            answer = await client.request(method, path, content=b" " * 17_000, headers=JSON)
            assert answer.status_code == 413, (method, path)


async def test_a_long_text_still_goes_where_texts_go(house):
    async with client_of(house) as client:
        client.headers.update(await sign_in(client, house.settings.data_dir / "outbox", "reader@example.com"))
        wanted = {"title": "Feedback on essays", "requirements": "so, і так, " * 9_000}
        made = await client.post("/api/v1/documents", json=wanted)
        assert made.status_code == 201, made.text
        draft = {"content": "Текст, " * 400_000}
        saved = await client.post(f"/api/v1/documents/{made.json()['id']}/draft", json=draft)
        assert saved.status_code == 201, saved.text
