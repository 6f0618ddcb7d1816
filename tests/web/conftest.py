"""A browser without scripts, in front of a whole installation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import lxml.html
import pytest
from tests.houses import HERE, code_from_mail, opened_house

from tesigo.entry.api import make_app
from tesigo.entry.wiring import House

EMAIL = "olena@example.com"


class Browser:
    """What a person does with pages: opens addresses, fills in forms, follows redirects."""

    def __init__(self, client: httpx.AsyncClient, outbox: Path) -> None:
        self.client = client
        self._outbox = outbox

    async def open(self, address: str, **headers: str) -> httpx.Response:
        return await self.client.get(address, headers=headers)

    async def send(self, address: str, *, files: object = None, **fields: str) -> httpx.Response:
        return await self.client.post(address, data=fields, files=files)

    def code(self, email: str = EMAIL) -> str:
        return code_from_mail(self._outbox, email)

    async def sign_in(self, email: str = EMAIL) -> httpx.Response:
        await self.send("/sign-in", email=email)
        return await self.send("/sign-in/code", code=self.code(email), essential="true")


def words_on(answer: httpx.Response) -> str:
    """Return what a reader reads of the page's content, blanks folded."""
    return " ".join(lxml.html.fromstring(answer.text).xpath("//main")[0].text_content().split())


@asynccontextmanager
async def browser_of(house: House, **headers: str) -> AsyncIterator[Browser]:
    """Give another browser, signed in as nobody."""
    transport = httpx.ASGITransport(make_app(house), raise_app_exceptions=False)
    own = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin", **headers}
    async with httpx.AsyncClient(
        transport=transport, base_url=HERE, headers=own, follow_redirects=True, timeout=60
    ) as client:
        yield Browser(client, house.settings.data_dir / "outbox")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path) as house:
        yield house


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    async with browser_of(house) as browser:
        yield browser
