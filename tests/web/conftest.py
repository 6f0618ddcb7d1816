"""A browser without scripts, in front of a whole installation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import httpx
import lxml.html
import pytest
import pytest_asyncio
from tests.houses import HERE, code_from_mail, opened_house

from tesigo.entry.api import make_app
from tesigo.entry.errands import errands
from tesigo.entry.wiring import House

_numbers = count(1)


class Browser:
    """What a person does with pages: opens addresses, fills in forms, follows redirects."""

    def __init__(self, client: httpx.AsyncClient, outbox: Path) -> None:
        self.client = client
        self.email = f"reader{next(_numbers)}@example.com"
        self._outbox = outbox

    async def open(self, address: str, **headers: str) -> httpx.Response:
        return await self.client.get(address, headers=headers)

    async def send(self, address: str, *, files: object = None, **fields: str) -> httpx.Response:
        return await self.client.post(address, data=fields, files=files)

    async def code(self) -> str:
        return await code_from_mail(self._outbox, self.email)

    async def ask_for_mail(self, **fields: str) -> httpx.Response:
        return await self.send("/sign-in", email=self.email, **fields)

    async def sign_in(self) -> httpx.Response:
        await self.ask_for_mail()
        return await self.send("/sign-in/code", code=await self.code(), essential="true")


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One installation for all tests of a file; each comes as a reader of its own."""
    async with opened_house(tmp_path_factory.mktemp("house")) as house, errands(house):
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def browser(house: House) -> AsyncIterator[Browser]:
    async with browser_of(house) as browser:
        yield browser
