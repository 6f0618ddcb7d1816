"""Whose request it is: what a real server believes of the headers that proxies add, and what it keeps to itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest
from tests.databases import EMBEDDED, database
from tests.processes import served

LIMIT = 2
WATCHING = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
_numbers = count(1)


@asynccontextmanager
async def server(folder: Path, **environment: str) -> AsyncIterator[str]:
    """Give the address of a server that lets each client ask for two links."""
    async with (
        database(EMBEDDED) as url,
        served(folder, "--no-worker", SIGN_IN_LIMIT=str(LIMIT), DATABASE_URL=url, **environment) as (
            _,
            address,
        ),
    ):
        yield address


async def passed(address: str, *forwarded: str, via: str = "127.0.0.1", repeated: bool = False) -> int:
    """Ask for a link with each of these values of X-Forwarded-For; return how many were let pass.

    via: the address from which the connection comes. repeated: each part of a value as a header of its own.
    """
    statuses = []
    transport = httpx.AsyncHTTPTransport(local_address=via)
    async with httpx.AsyncClient(transport=transport, base_url=address, timeout=30) as client:
        for value in forwarded:
            values = value.split(", ") if repeated else [value]
            answer = await client.post(
                "/api/v1/auth/magic-link",
                json={"email": f"visitor{next(_numbers)}@example.com"},
                headers=[("X-Forwarded-For", each) for each in values],
            )
            statuses.append(answer.status_code)
    assert set(statuses) <= {202, 429}
    return statuses.count(202)


async def scheme_of_a_redirect(address: str) -> str:
    async with httpx.AsyncClient(base_url=address) as client:
        answer = await client.get("/api/v1/documents/", headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 307
    return httpx.URL(answer.headers["location"]).scheme


async def test_answers_do_not_name_the_server(tmp_path):
    async with server(tmp_path) as address, httpx.AsyncClient(base_url=address) as client:
        for path in ("/health/live", "/nothing", "/sign-in"):
            assert "server" not in (await client.get(path)).headers, path
        refused = await client.get("/ws/nothing", headers=WATCHING)
        assert (refused.status_code, "server" in refused.headers) == (403, False)


CLIENTS = [f"192.0.2.{number}" for number in range(1, 7)]


@pytest.mark.parametrize(
    "environment", [{}, {"FORWARDED_ALLOW_IPS": "*"}], ids=["as it is", "uvicorn's variable"]
)
async def test_nobody_is_believed_unless_the_setting_names_them(tmp_path, environment):
    async with server(tmp_path, **environment) as address:
        assert await passed(address, *CLIENTS) == LIMIT
        assert await scheme_of_a_redirect(address) == "http"


async def test_a_trusted_proxy_says_who_the_client_is_and_clients_cannot(tmp_path):
    async with server(tmp_path, TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8") as address:
        assert await passed(address, *CLIENTS) == len(CLIENTS)
        assert await scheme_of_a_redirect(address) == "https"
        forged = [f"198.51.100.{number}, 203.0.113.5, 10.1.2.3" for number in range(1, 7)]
        assert await passed(address, *forged) == LIMIT
        forged = [f"198.51.100.{number}, 203.0.113.6" for number in range(1, 7)]
        assert await passed(address, *forged, repeated=True) == LIMIT
        assert await passed(address, *CLIENTS, via="127.0.0.2") == LIMIT  # that is no proxy of ours


async def test_a_customer_of_ipv6_is_one_client_whatever_their_address(tmp_path):
    async with server(tmp_path, TRUSTED_PROXIES="127.0.0.1") as address:
        assert await passed(address, *(f"2001:db8:0:1:{number}::1" for number in range(1, 7))) == LIMIT
        assert await passed(address, "2001:db8:0:2::1", "[2001:db8:0:3::1]:4711") == 2
        assert await passed(address, "no address", "none either", "127.0.0.1.9") == LIMIT
