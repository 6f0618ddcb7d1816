"""A ledger for a test: a database with users and documents, a clock that is moved, and calls of models."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import text
from tests.databases import database
from tests.houses import migrated

from tesigo.gateway.ports import Call, Outcome, Usage
from tesigo.kit.db import Database, DatabaseAway
from tesigo.usage import limits_service, service
from tesigo.usage.account import DatabaseAccount
from tesigo.usage.spending import Payer, Spent, TokenLimits

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RESERVATION = "SELECT id FROM token_reservations WHERE id = :id FOR UPDATE"
DOCUMENT = "SELECT id FROM documents WHERE id = :id FOR UPDATE"
_numbers = count(1)


@dataclass
class Ledger:
    """A database with all tables. now: moved by a test."""

    database: Database
    now: datetime = NOON
    more: list[Database] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    async def ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        async with self.database.transaction() as tx:
            answer = await tx.execute(text(query), values)
            return [tuple(row) for row in answer] if answer.returns_rows else []

    async def value(self, query: str, **values: Any) -> Any:
        ((found,),) = await self.ask(query, **values)
        return found

    def another_database(self) -> Database:
        """Connect as another process does."""
        self.more.append(Database(self.database.url))
        return self.more[-1]

    async def make_payer(self, *, limit: int | None = None) -> Payer:
        """Return a new user with a document, which a job writes."""
        user_id = await self.value(
            "INSERT INTO users (email, daily_token_limit, created_at) VALUES (:email, :limit, now()) RETURNING id",
            email=f"payer{next(_numbers)}@example.com",
            limit=limit,
        )
        document_id = await self.value(
            "INSERT INTO documents (user_id, title, status, pages, language, citation_style, norm, created_at, "
            "updated_at) VALUES (:id, 'Essays', 'draft', 5, 'en', 'apa', 'generic', now(), now()) RETURNING id",
            id=user_id,
        )
        return Payer(user_id, document_id, uuid.uuid4())

    async def use(self, payer: Payer, tokens: int) -> None:
        """Have the payer use so many tokens now."""
        spent = Spent(make_call(tokens), Usage(tokens, 0), Outcome.USED, self.now, 1)
        async with self.database.transaction() as tx:
            assert await service.record(tx, [spent], payer) == tokens

    async def reserve(self, payer: Payer, call: Call, *, service_limit: int | None = None) -> bool:
        async with self.database.transaction() as tx:
            limits = TokenLimits(service_limit, await limits_service.hold_payer(tx, payer))
            return await limits_service.reserve(tx, call, payer, limits, now=self.now)

    async def record(self, payer: Payer, *spent: Spent) -> int:
        async with self.database.transaction() as tx:
            return await service.record(tx, spent, payer)

    def account(self, payer: Payer, *, on: Database | None = None, **more: Any) -> DatabaseAccount:
        """Open an account as a run does."""
        given = {"service_limit": None, "patience_s": 20, **more}
        return DatabaseAccount(on or self.database, self.clock, payer, **given)

    async def sums(self) -> tuple[int, int]:
        """Return the tokens of all rows of usage, and of all reservations."""
        added = "coalesce(sum(prompt_tokens + completion_tokens), 0)"
        query = f"SELECT (SELECT {added} FROM usage), (SELECT {added} FROM token_reservations)"  # noqa: S608 - all ours
        ((used, reserved),) = await self.ask(query)
        return used, reserved

    async def counted(self, payer: Payer) -> int:
        """Return the tokens that the payer's document has counted."""
        return await self.value("SELECT tokens_used FROM documents WHERE id = :id", id=payer.document_id)


class FlakyDatabase(Database):
    """Goes away when it is told to: before a transaction, or after its commit, whose answer is lost then."""

    is_away = False
    loses_answers = False

    @asynccontextmanager
    async def transaction(self):
        if self.is_away:
            raise DatabaseAway("test")
        async with super().transaction() as tx:
            yield tx
        if self.loses_answers:
            raise DatabaseAway("test")


@asynccontextmanager
async def opened_ledger(server: str) -> AsyncIterator[Ledger]:
    """Give a ledger over a new database on the named server."""
    async with database(server, template=await migrated(server)) as url:
        ledger = Ledger(Database(url))
        try:
            yield ledger
        finally:
            for each in (ledger.database, *ledger.more):
                await each.close()


def make_call(most: int, *, product: str = "1") -> Call:
    """Return a call that can use so many tokens at most."""
    return Call(uuid.uuid4(), product, "fake:model", "section/1", Usage(most - most // 4, most // 4))


def make_spent(ledger: Ledger, call: Call, tokens: int, outcome: Outcome = Outcome.USED) -> Spent:
    """Return what became of a call that was made now and used so many tokens."""
    return Spent(call, Usage(tokens, 0), outcome, ledger.now, 7)


@asynccontextmanager
async def held(ledger: Ledger, query: str, found: object) -> AsyncIterator[None]:
    """Hold a row, as a transaction of another process does."""
    async with ledger.database.transaction() as tx:
        assert await tx.scalar(text(query), {"id": found}) == found
        yield


async def until_somebody_waits(ledger: Ledger) -> None:
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(20):
        while not await ledger.ask(query):  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.01)
