"""One house for a file of tests; each test is somebody else, so that none sees another's documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.houses import client_of, opened_house, sign_in

from tesigo.entry.wiring import House

_numbers = count(1)


@dataclass
class Writer:
    """A signed-in user with a client."""

    client: httpx.AsyncClient
    house: House

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.client.request(method, f"/api/v1{path}", **more)

    async def create(self, title: str = "Feedback on student essays", **more: Any) -> int:
        answer = await self.ask("POST", "/documents", json={"title": title, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def add(self, document_id: int, *records: dict[str, Any]) -> list[dict[str, Any]]:
        answers = [await self.ask("POST", f"/documents/{document_id}/sources", json=one) for one in records]
        assert all(answer.status_code == 201 for answer in answers), [answer.text for answer in answers]
        return [source for answer in answers for source in answer.json()["items"]]

    async def put(self, document_id: int, **changes: Any) -> httpx.Response:
        return await self.ask("PUT", f"/documents/{document_id}", json=changes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with opened_house(tmp_path_factory.mktemp("house"), max_upload_mb=1) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def me(house: House) -> AsyncIterator[Writer]:
    async with signed_in(house) as writer:
        yield writer


@pytest_asyncio.fixture(loop_scope="module")
async def other(house: House) -> AsyncIterator[Writer]:
    async with signed_in(house) as writer:
        yield writer


@asynccontextmanager
async def signed_in(house: House) -> AsyncIterator[Writer]:
    """Give somebody new."""
    async with client_of(house) as client:
        email = f"writer{next(_numbers)}@example.com"
        client.headers.update(await sign_in(client, house.settings.data_dir / "outbox", email))
        yield Writer(client, house)
