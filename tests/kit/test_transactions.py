import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, HTTPException, Path
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs
from tests.databases import EMBEDDED, SERVERS, database

from tesigo.kit.db import Database, DatabaseAway
from tesigo.kit.problems import install_problems
from tesigo.kit.requests import Tx

TABLE = "CREATE TABLE things (id int PRIMARY KEY, other int REFERENCES things DEFERRABLE INITIALLY DEFERRED)"


@pytest.fixture(params=SERVERS)
async def db(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with database(request.param) as url:
        db = Database(url, pool_size=2)
        await execute(db, TABLE)
        yield db
        await db.close()


@contextlib.asynccontextmanager
async def quiet() -> AsyncIterator[None]:
    """Tracebacks in colour take a second each."""
    with capture_logs():
        yield


async def execute(db: Database, statement: str, **values: object) -> None:
    async with db.transaction() as tx:
        await tx.execute(text(statement), values)


async def count(db: Database) -> int:
    async with db.transaction() as tx:
        return await tx.scalar(text("SELECT count(*) FROM things")) or 0


async def test_an_answer_is_sent_after_its_commit_so_that_a_failing_commit_is_no_success(db):
    app = FastAPI()
    install_problems(app)
    app.state.database = db

    @app.post("/things/{number}", status_code=201)
    async def add(tx: Tx, number: Annotated[int, Path()], other: int | None = None) -> None:
        await tx.execute(text("INSERT INTO things VALUES (:id, :other)"), {"id": number, "other": other})
        if number == 13:
            raise HTTPException(409)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client, quiet():
        assert (await client.post("/things/1")).status_code == 201
        assert (await client.post("/things/2?other=99")).status_code == 500  # there is no 99: COMMIT says so
        assert (await client.post("/things/13")).status_code == 409
    assert await count(db) == 1


async def test_a_block_that_raises_leaves_nothing(db):
    with pytest.raises(ZeroDivisionError):
        await fail_after_writing(db)
    assert await count(db) == 0


async def test_a_cancelled_block_leaves_nothing_and_gives_its_connection_back(db):
    async def write_and_wait() -> None:
        async with db.transaction() as tx:
            await tx.execute(text("INSERT INTO things VALUES (1)"))
            begun.set()
            await asyncio.Event().wait()

    for _ in range(8):  # more often than there are connections
        begun = asyncio.Event()
        task = asyncio.create_task(write_and_wait())
        await begun.wait()
        task.cancel()
        await asyncio.wait({task})
    assert await count(db) == 0


@pytest.mark.parametrize("server", SERVERS)
async def test_both_spellings_of_an_address_and_the_options_of_libpq_are_taken(server):
    async with database(server) as url:
        joint = "&" if urlsplit(url).query else "?"
        for spelled in (
            url,
            url.replace("postgresql://", "postgresql+asyncpg://"),
            f"{url}{joint}sslmode=prefer&application_name=probe",
        ):
            db = Database(spelled)
            async with db.transaction() as tx:
                assert await tx.scalar(text("SELECT 1")) == 1
            await db.close()


@pytest.mark.parametrize("goes", ["within", "before commit"])
async def test_a_connection_that_goes_away_is_told_as_such_and_the_next_works(db, goes):
    with pytest.raises(DatabaseAway) as away:
        await lose_connection(db, goes)
    assert "SELECT" not in away.value.message
    assert away.value.reason
    assert await count(db) == 0


async def test_a_database_that_does_not_answer_at_all_is_told_as_such():
    async with database(EMBEDDED) as url:
        nobody = urlsplit(url)._replace(path="/never_made").geturl()
        for absent in ("postgresql://u:hush@127.0.0.1:1/x", nobody):
            db = Database(absent)
            with pytest.raises(DatabaseAway) as away:
                await count(db)
            assert "hush" not in f"{away.value.message} {away.value.reason}"
            await db.close()


async def test_a_server_that_only_reads_for_now_is_told_as_something_to_try_again(db):
    async def write_while_it_only_reads() -> None:
        async with db.transaction() as tx:
            await tx.execute(text("SET TRANSACTION READ ONLY"))
            await tx.execute(text("INSERT INTO things VALUES (1)"))

    with pytest.raises(DatabaseAway):
        await write_while_it_only_reads()
    await execute(db, "INSERT INTO things VALUES (1)")


async def test_a_wrong_statement_is_no_absence(db):
    await execute(db, "INSERT INTO things VALUES (1)")
    with pytest.raises(IntegrityError):
        await execute(db, "INSERT INTO things VALUES (1)")


async def test_a_deadlock_is_told_as_something_to_try_again(db):
    await execute(db, "INSERT INTO things VALUES (1), (2)")
    met = asyncio.Barrier(2)

    async def lock(first: int, then: int) -> None:
        async with db.transaction() as tx:
            await take(tx, first)
            await met.wait()
            await take(tx, then)

    results = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    assert sorted(type(result) for result in results if result) == [DatabaseAway]


async def take(tx: AsyncSession, number: int) -> None:
    await tx.execute(text("SELECT 1 FROM things WHERE id = :id FOR UPDATE"), {"id": number})


async def fail_after_writing(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(text("INSERT INTO things VALUES (1)"))
        _ = 1 / 0


async def lose_connection(db: Database, goes: str) -> None:
    async with db.transaction() as tx:
        await tx.execute(text("INSERT INTO things VALUES (1)"))
        await terminate(db.url, await tx.scalar(text("SELECT pg_backend_pid()")))
        if goes == "within":
            await tx.execute(text("INSERT INTO things VALUES (2)"))


async def terminate(url: str, pid: int | None) -> None:
    connection = await asyncpg.connect(url)
    await connection.fetchval("SELECT pg_terminate_backend($1)", pid)
    await connection.close()


async def test_a_transaction_that_stands_still_keeps_nothing_locked_and_is_told_as_given_up(db):
    await execute(db, "INSERT INTO things VALUES (1)")
    idle = Database(db.url, pool_size=1, idle_s=0.2)

    async def stand_still() -> None:
        async with idle.transaction() as tx:
            await tx.execute(text("SELECT 1 FROM things WHERE id = 1 FOR UPDATE"))
            async with asyncio.timeout(20), db.transaction() as other:
                await other.execute(text("SELECT 1 FROM things WHERE id = 1 FOR UPDATE"))
            await tx.execute(text("SELECT 1"))

    with pytest.raises(DatabaseAway):
        await stand_still()
    assert await count(idle) == 1
    await idle.close()
