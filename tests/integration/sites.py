"""A whole installation under attack: who talks to it without cookies, as browsers, and over WebSockets."""

import asyncio
from http.cookies import SimpleCookie
from typing import Any

import httpx
import websockets
from tests.accounts.conftest import MovedClock
from tests.houses import HERE, code_from_mail

from tesigo.entry.api import make_app
from tesigo.entry.wiring import House

API = "/api/v1"
Tokens = dict[str, Any]


class Site:
    """An installation, its clock, and somebody without cookies who talks to it."""

    def __init__(self, house: House, clock: MovedClock, client: httpx.AsyncClient) -> None:
        self.house, self.clock, self.client = house, clock, client
        self._transport = httpx.ASGITransport(make_app(house), raise_app_exceptions=False)
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
        return httpx.AsyncClient(transport=self._transport, base_url=HERE, headers=own)

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


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    """Return the cookies that this answer sets, without those that it takes away."""
    jar = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return {name: cookie.value for name, cookie in jar.items() if cookie.value}
