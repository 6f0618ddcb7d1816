"""A ledger for each test, on each server."""

from collections.abc import AsyncIterator

import pytest
from tests.databases import SERVERS
from tests.usage.ledgers import Ledger, opened_ledger


@pytest.fixture(params=SERVERS)
async def ledger(request: pytest.FixtureRequest) -> AsyncIterator[Ledger]:
    async with opened_ledger(request.param) as ledger:
        yield ledger
