"""What the tests of the ground floor share."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.databases import SERVERS, database
from tests.kit.queue_watching import LEASE_S, TELLING, Jobs

from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.postgres_server import find_server
from tesigo.kit.queue import schema_sql

QUEUE_PROCESS = Path(__file__).with_name("queue_process.py")


@pytest.fixture(params=SERVERS)
async def queue_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Return a new database with the queue's tables, once on each server."""
    async with database(request.param) as url:
        connection = await asyncpg.connect(url)
        for statement in schema_sql():
            await connection.execute(statement)
        await connection.close()
        yield url


@pytest.fixture
async def jobs(queue_url: str) -> AsyncIterator[Jobs]:
    """Return the queue of a new database, once on each server."""
    jobs = Jobs(queue_url)
    for statement in TELLING:
        await jobs.ask(statement)
    yield jobs
    await jobs.db.close()


@pytest.fixture
def start_process(jobs: Jobs) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Return a function that starts a worker process of a name; all are killed afterwards."""
    processes = []

    def start(name: str) -> subprocess.Popen[bytes]:
        processes.append(subprocess.Popen([sys.executable, QUEUE_PROCESS, jobs.url, name, str(LEASE_S)]))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture
def own_server() -> Iterator[tuple[EmbeddedPostgres, Callable[[], None]]]:
    """Return a server, and what kills it; acquiring it again starts it again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = EmbeddedPostgres(folder / "home", system_folder=folder / "system")
        data = folder / "home" / "postgresql" / "data"

        def kill() -> None:
            server = find_server(data)
            assert server is not None
            os.kill(server.pid, signal.SIGKILL)
            until_s = time.monotonic() + 20
            while find_server(data) is not None:
                assert time.monotonic() < until_s
                time.sleep(0.01)

        yield postgres, kill
        postgres.release()
