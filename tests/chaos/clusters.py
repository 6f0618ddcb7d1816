"""Databases that may be taken away in the middle of everything, and come back."""

import asyncio
import os
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
from tests.databases import EMBEDDED, SERVER, admin_url, create_database, drop_database

from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.postgres_account import ServerAccount, choose_account, run_to_end
from tesigo.kit.postgres_server import find_server

OUTAGE_S = 3.0
_SERVER_PROGRAMS = Path(os.environ.get("CHAOS_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
_COMMAND_TIME_S = 60.0
_GONE_WITHIN_S = 20.0
_CLOSE = 'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'
_OPEN = 'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'
_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A fresh, empty database. restart: takes it away and brings it back; answers with how it did that."""

    url: str
    restart: Callable[[random.Random], Awaitable[str]]


def cluster(server: str) -> AbstractAsyncContextManager[Cluster]:
    """Give a database of the named kind: a whole server of its own wherever one can be started."""
    if server == EMBEDDED:
        return _embedded()
    if server != SERVER:
        raise ValueError(f"there is no {server}: embedded or server")
    return _own_server() if can_start_server() else _foreign_database()


def can_start_server() -> bool:
    """Say whether the programs of a whole PostgreSQL server are here (CHAOS_POSTGRES_BIN)."""
    return (_SERVER_PROGRAMS / "pg_ctl").exists()


@asynccontextmanager
async def _embedded() -> AsyncIterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="tesigo-chaos-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # noqa: ASYNC240 - takes no time
        postgres = EmbeddedPostgres(folder / "home", system_folder=folder / "system")
        data = folder / "home" / "postgresql" / "data"

        async def restart(_dice: random.Random) -> str:
            server = await asyncio.to_thread(find_server, data)
            if server is not None:
                os.kill(server.pid, signal.SIGKILL)
            async with asyncio.timeout(_GONE_WITHIN_S):
                while await asyncio.to_thread(find_server, data):  # noqa: ASYNC110 - no child of ours
                    await asyncio.sleep(0.02)
            await asyncio.to_thread(postgres.acquire)
            return "kill -9"

        try:
            yield Cluster(await asyncio.to_thread(postgres.acquire), restart)
        finally:
            await asyncio.to_thread(postgres.release)


@asynccontextmanager
async def _own_server() -> AsyncIterator[Cluster]:
    """Give a server of the operating system's PostgreSQL, run by an unprivileged account."""
    account = choose_account()
    folder = Path(tempfile.mkdtemp(prefix="tesigo-chaos-"))
    account.own(folder)
    data, log = folder / "data", folder / "log"
    await _run(account, "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C")
    where = ("-D", data, "-l", log)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"

    async def start() -> None:
        async with asyncio.timeout(_GONE_WITHIN_S):
            # processes of a killed server may still hold its memory
            while await _run_code(account, "pg_ctl", *where, "-o", options, "-w", "start"):  # noqa: ASYNC110 - no child of ours
                await asyncio.sleep(0.1)

    async def restart(dice: random.Random) -> str:
        if dice.random() < 0.5:
            await _run(account, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
            how = "immediate stop"
        else:
            os.kill(int((data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
            how = "kill -9"
        await start()
        return how

    try:
        await start()
        admin = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='/')}"
        yield Cluster(await create_database(admin), restart)
    finally:
        await _run_code(account, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


@asynccontextmanager
async def _foreign_database() -> AsyncIterator[Cluster]:
    """Give a database on a server that is not ours to restart: for a while it lets nobody in."""
    admin = await asyncio.to_thread(admin_url, SERVER)
    url = await create_database(admin)
    name = urlsplit(url).path[1:]

    async def restart(_dice: random.Random) -> str:
        connection = await asyncpg.connect(admin)
        try:
            await connection.execute(_CLOSE.format(name=name))
            await connection.execute(_CUT, name)
            await asyncio.sleep(OUTAGE_S)  # the outage itself
        finally:
            await connection.execute(_OPEN.format(name=name))
            await connection.close()
        return f"no connections for {OUTAGE_S:g} s"

    try:
        yield Cluster(url, restart)
    finally:
        await drop_database(admin, url)


async def _run(account: ServerAccount, program: str, *arguments: str | Path) -> None:
    code, output = await _output(account, program, arguments)
    if code:
        raise RuntimeError(f"{program} ended with {code}:\n{output}")


async def _run_code(account: ServerAccount, program: str, *arguments: str | Path) -> int:
    return (await _output(account, program, arguments))[0]


async def _output(account: ServerAccount, program: str, arguments: Sequence[str | Path]) -> tuple[int, str]:
    command = [_SERVER_PROGRAMS / program, *arguments]
    return await asyncio.to_thread(run_to_end, command, account, time_s=_COMMAND_TIME_S)
