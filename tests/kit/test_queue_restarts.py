"""A database that goes away in the middle of deferring: nothing acknowledged is lost, nothing is run twice."""

import asyncio
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.databases import SERVERS, create_database, database
from tests.kit.queue_watching import Jobs, cut_off, has_states, until, working
from tests.services import missing

from tesigo.kit.db import DatabaseAway
from tesigo.kit.embedded_postgres import EmbeddedPostgres

pytestmark = pytest.mark.breakdown

ENQUEUES = 1_000
CLIENTS = 10
BIN = Path("/usr/lib/postgresql/15/bin")


class Deferring:
    """Many clients that defer one numbered job after another, and what became of each."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.acknowledged: set[int] = set()
        self.raised: set[int] = set()
        self.ran: Counter[int] = Counter()
        self._numbers = iter(range(ENQUEUES))

    @property
    def tried(self) -> int:
        return len(self.acknowledged) + len(self.raised)

    async def run(self, _payload: Mapping[str, Any]) -> None:
        self.ran[_payload["n"]] += 1

    async def defer_all(self) -> None:
        await asyncio.gather(*(self._defer() for _ in range(CLIENTS)))

    async def _defer(self) -> None:
        for n in self._numbers:
            try:
                await self.jobs.put("count", n=n)
            except DatabaseAway:
                self.raised.add(n)
                await asyncio.sleep(0.2)  # as someone does who sees an error before trying the next thing
            else:
                self.acknowledged.add(n)

    def check(self) -> None:
        """The promise: what was acknowledged ran once, what raised once at most."""
        assert self.tried == ENQUEUES
        assert self.raised, "the database was never seen to be away"
        assert {n for n in self.acknowledged if self.ran[n] != 1} == set()
        assert {n for n, times in self.ran.items() if times > 1} == set()
        though_raised = self.raised & set(self.ran)
        print(
            f"{len(self.acknowledged)} acknowledged and run, {len(self.raised)} raised, "
            f"of which {len(though_raised)} had been committed and ran"
        )


class Server15:
    """A PostgreSQL 15 of our own, which may be stopped in any way."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.account = pwd.getpwnam("postgres").pw_uid if os.getuid() == 0 else os.getuid()
        os.chown(folder, self.account, -1)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._run(
            "initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "--locale=C"
        )

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k ''"
        self._run("pg_ctl", "start", "-w", "-D", self.data, "-o", options, "-l", self.data / "log")

    def stop(self, how: signal.Signals) -> None:
        os.kill(int((self.data / "postmaster.pid").read_text().split(maxsplit=1)[0]), how)
        until_s = time.monotonic() + 30
        while (self.data / "postmaster.pid").exists():
            assert time.monotonic() < until_s
            time.sleep(0.02)

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [BIN / program, *arguments], user=self.account, check=True, stdout=subprocess.DEVNULL, timeout=60
        )


@pytest.fixture
def server_15() -> Iterator[Server15]:
    """Return a PostgreSQL 15 that does not run yet; skip where its programs are not installed."""
    if not BIN.is_dir():
        missing(f"no PostgreSQL 15 in {BIN}")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        server = Server15(Path(name))
        yield server
        server.stop(signal.SIGQUIT)


async def defer_through(jobs: Jobs, breakdown: Callable[[], Any]) -> None:
    """Defer all while a worker runs; let the breakdown happen after a fifth, and wait until all is run."""
    deferring = Deferring(jobs)
    async with working(jobs.url, {"count": deferring.run}, concurrency=lambda: 10):
        clients = asyncio.create_task(deferring.defer_all())
        await until(lambda: deferring.tried >= ENQUEUES // 5, time_s=60)
        await breakdown()
        async with asyncio.timeout(120):
            await clients
        await until(lambda: has_states(jobs, []), time_s=60)
    deferring.check()


async def test_deferring_while_the_embedded_server_is_killed(
    own_server: tuple[EmbeddedPostgres, Callable[[], None]],
) -> None:
    postgres, kill = own_server
    jobs = await Jobs.on_new_database(await create_database(await asyncio.to_thread(postgres.acquire)))

    async def kill_and_start() -> None:
        await asyncio.to_thread(kill)
        await asyncio.sleep(1)  # the outage itself, while the clients go on
        await asyncio.to_thread(postgres.acquire)

    await defer_through(jobs, kill_and_start)
    await jobs.db.close()


@pytest.mark.parametrize("signal_number", [signal.SIGQUIT, signal.SIGINT], ids=["immediate", "fast"])
async def test_deferring_while_a_postgresql_15_restarts(
    server_15: Server15, signal_number: signal.Signals
) -> None:
    server_15.start()
    jobs = await Jobs.on_new_database(await create_database(server_15.url))

    async def restart() -> None:
        await asyncio.to_thread(server_15.stop, signal_number)
        await asyncio.sleep(1)  # the outage itself, while the clients go on
        await asyncio.to_thread(server_15.start)

    await defer_through(jobs, restart)
    await jobs.db.close()


@pytest.mark.parametrize("server", SERVERS)
async def test_deferring_while_nobody_is_let_in(server: str) -> None:
    async with database(server) as url:
        jobs = await Jobs.on_new_database(url)

        async def shut_out() -> None:
            async with cut_off(url):
                await asyncio.sleep(3)  # the outage itself, while the clients go on

        await defer_through(jobs, shut_out)
        await jobs.db.close()
