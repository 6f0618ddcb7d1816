"""Real PostgreSQL for tests: the embedded one always, a server besides it when there is one.

    @pytest.fixture(params=SERVERS)
    async def database_url(request):
        async with database(request.param) as url:
            yield url

The embedded server starts when it is first asked for and stops when the session ends.
"""

import asyncio
import atexit
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
from tests.services import missing

from tesigo.kit.embedded_postgres import EmbeddedPostgres

EMBEDDED = "embedded"
SERVER = "server"
SERVERS = (EMBEDDED, SERVER)

_SERVER_URL = os.environ.get("TESIGO_TEST_SERVER_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
_ANSWER_TIME_S = 5


@cache
def embedded_url() -> str:
    """Return the URL of the session's embedded server, started now if it was not asked for before."""
    folder = Path(tempfile.mkdtemp(prefix="tesigo-tests-"))
    folder.chmod(0o755)
    postgres = EmbeddedPostgres(folder / "home", system_folder=folder / "system")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(postgres.release)
    return postgres.acquire()


@cache
def server_url() -> str | None:
    """Return the URL of the PostgreSQL server besides the embedded one, None when none answers."""

    async def knock() -> None:
        connection = await asyncpg.connect(_SERVER_URL, timeout=_ANSWER_TIME_S)
        await connection.close()

    try:
        asyncio.run(knock())
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None
    return _SERVER_URL


def postgres_servers() -> list[tuple[str, str]]:
    """Return (name, URL for making databases) of each server that is there, the embedded one first."""
    beside = server_url()
    return [(EMBEDDED, embedded_url()), *([(SERVER, beside)] if beside else [])]


def admin_url(name: str) -> str:
    """Return the URL for making databases on the named server.

    Skips the test when there is no server besides the embedded one; fails it when TESIGO_REQUIRE_SERVICES=1.
    """
    if name == EMBEDDED:
        return embedded_url()
    url = server_url()
    if url is None:
        missing("no PostgreSQL server answers at TESIGO_TEST_SERVER_URL (default: port 5432 of this machine)")
    return url


async def create_database(admin_url: str, *, template: str = "template0") -> str:
    """Make an empty database, or a copy of the template, which nobody may be connected to; return its URL."""
    name = f"test_{uuid4().hex[:16]}"
    await _execute(admin_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(admin_url)._replace(path=f"/{name}").geturl()


async def drop_database(admin_url: str, url: str) -> None:
    """Remove a database, whoever is connected to it."""
    await _execute(admin_url, f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')


@asynccontextmanager
async def database(name: str, *, template: str = "template0") -> AsyncIterator[str]:
    """Give the URL of a new database on the named server; it is removed afterwards."""
    admin = await asyncio.to_thread(admin_url, name)
    url = await create_database(admin, template=template)
    try:
        yield url
    finally:
        await drop_database(admin, url)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=_ANSWER_TIME_S)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
