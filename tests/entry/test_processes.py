"""What an operator relies on when processes start, die and meet each other."""

import asyncio
import os
import resource
import signal
import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from structlog.testing import capture_logs
from tests.databases import EMBEDDED, database
from tests.processes import Running, served, tesigo

from tesigo.entry.migrating import migrate
from tesigo.entry.tables import METADATA
from tesigo.entry.worker_beside import worker_beside
from tesigo.kit.db import Database


async def test_the_tables_that_migrations_make_are_those_that_the_code_speaks_of():
    async with database(EMBEDDED) as url:
        db = Database(url)
        await migrate(db)
        async with db.transaction() as tx:
            connection = await tx.connection()
            assert await connection.run_sync(differences) == []
        await db.close()


def differences(connection) -> list:
    options = {"compare_type": True, "compare_server_default": True,
               "include_name": lambda name, kind, _: kind != "table" or name in METADATA.tables}  # fmt: skip
    return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)


async def test_processes_that_migrate_at_once_take_turns():
    async with database(EMBEDDED) as url:
        databases = [Database(url) for _ in range(4)]
        await asyncio.gather(*(migrate(each) for each in databases))
        async with databases[0].transaction() as tx:
            connection = await tx.connection()
            assert await connection.run_sync(differences) == []
        await asyncio.gather(*(each.close() for each in databases))


async def test_a_port_that_is_taken_is_told_at_once_and_nothing_is_started(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with tesigo("serve", "--port", port, folder=tmp_path) as running:
            assert await running.until_ended() == 2
    assert running.printed.startswith(f"tesigo: Nothing can be served at 127.0.0.1, port {port}")
    assert "PORT" in running.printed
    assert "worker" not in running.printed
    assert not (tmp_path / "data" / "postgresql").exists()


async def test_the_worker_beside_is_started_again_when_it_dies_and_ends_with_its_parent(tmp_path):
    async with database(EMBEDDED) as url, served(tmp_path, DATABASE_URL=url) as (running, _):
        first = await ready_worker(running, times=1)
        os.kill(first, signal.SIGKILL)
        second = await ready_worker(running, times=2)
        assert second != first
        running.process.kill()
        await running.process.wait()
        await until_dead(second)
        await until_nobody_is_connected(url)


def beside() -> AbstractAsyncContextManager[None]:
    return worker_beside(grace_s=1, stop=asyncio.Event(), hurry=asyncio.Event())


async def test_a_worker_that_cannot_be_started_now_is_tried_again():
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    with capture_logs() as logs:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, allowed[1]))
        try:
            async with asyncio.timeout(20), beside():
                while len(logs) < 2:  # noqa: ASYNC110 - nobody announces it
                    await asyncio.sleep(0.02)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
    assert {line["event"] for line in logs} == {"no worker can be started, trying again"}


async def ready_worker(running: Running, *, times: int) -> int:
    """Return the process id of the worker, once one has become ready for the so-manieth time."""
    await running.until_printed(rf"(?s)(worker ready.*){{{times}}}")
    (pid,) = [pid for pid in children_of(running.process.pid) if "--until-input-ends" in command_of(pid)]
    return pid


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


async def until_dead(pid: int) -> None:
    stat = Path(f"/proc/{pid}/stat")
    async with asyncio.timeout(20):
        while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":  # noqa: ASYNC110, ASYNC240 - no child of ours
            await asyncio.sleep(0.02)


async def until_nobody_is_connected(url: str) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(20):
            while await connection.fetchval(query):  # noqa: ASYNC110 - only the server knows
                await asyncio.sleep(0.02)
    finally:
        await connection.close()
