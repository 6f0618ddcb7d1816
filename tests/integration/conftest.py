"""What the attacks on an installation share: one that stays open for all tests of a module."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.accounts.conftest import MovedClock
from tests.houses import client_of, opened_house
from tests.integration.sites import Site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    clock = MovedClock()
    opening = opened_house(tmp_path_factory.mktemp("house"), clock=clock)
    async with opening as house, client_of(house) as client:
        yield Site(house, clock, client)


@pytest_asyncio.fixture(loop_scope="module")
async def schema(site: Site) -> dict[str, Any]:
    return (await site.client.get("/openapi.json")).json()
