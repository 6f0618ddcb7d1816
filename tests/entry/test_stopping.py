"""A worker that is told to stop loses nothing: its jobs end, or go on elsewhere at once."""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio
from tests.entry.test_processes import ready_worker, until_dead
from tests.generation.jobs import make_ready, request, status
from tests.houses import opened_house
from tests.processes import served, tesigo
from tests.writers import Writer, signed_in

from tesigo.kit.queue import LEASE_S

pytestmark = pytest.mark.breakdown

HOLD = 4711
"""The lock that keeps a job from recording its second section for as long as a test holds it."""

HELD_AT_THE_SECOND_SECTION = f"""
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.type = 'section' AND NEW.sections_done > 1 THEN
        PERFORM pg_advisory_xact_lock({HOLD});
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hold BEFORE INSERT ON generation_events FOR EACH ROW EXECUTE FUNCTION hold();
"""


class Held:
    """A database in which no job gets beyond its first section until it is let go."""

    def __init__(self, me: Writer, connection: asyncpg.Connection) -> None:
        self.me = me
        self.url = me.house.database.url
        self._connection = connection

    async def until_a_job_waits(self) -> None:
        query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted"
        async with asyncio.timeout(30):
            while not await self._connection.fetchval(query, HOLD):  # noqa: ASYNC110 - only the server knows
                await asyncio.sleep(0.02)

    async def let_go(self) -> None:
        await self._connection.execute("SELECT pg_advisory_unlock($1)", HOLD)

    async def until_completed(self, job_id: uuid.UUID) -> None:
        async with asyncio.timeout(30):
            while (await status(self.me, job_id))["status"] != "completed":  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.05)

    async def sections(self) -> dict[str, tuple[str, object]]:
        """Return what is written: each section's text, and when it was written."""
        rows = await self._connection.fetch(
            "SELECT number, content, written_at FROM sections WHERE content <> ''"
        )
        return {row["number"]: (row["content"], row["written_at"]) for row in rows}

    async def job(self) -> asyncpg.Record:
        return await self._connection.fetchrow("SELECT status, attempt, sections_total FROM jobs")

    async def until_workers(self, count: int) -> None:
        async with asyncio.timeout(10):
            while await self._connection.fetchval("SELECT count(*) FROM workers") != count:  # noqa: ASYNC110 - others write
                await asyncio.sleep(0.02)

    async def queued(self) -> list[str]:
        return [row["status"] for row in await self._connection.fetch("SELECT status::text FROM pgqueuer")]


@pytest_asyncio.fixture
async def held(tmp_path: Path) -> AsyncIterator[Held]:
    async with opened_house(tmp_path) as house, signed_in(house) as me:
        connection = await asyncpg.connect(house.database.url)
        await connection.execute(HELD_AT_THE_SECOND_SECTION)
        await connection.execute("SELECT pg_advisory_lock($1)", HOLD)
        yield Held(me, connection)
        await connection.close()


@asynccontextmanager
async def working(held: Held, folder: Path, *, grace_s: float = 60):
    """Run `tesigo work` until it is ready."""
    await asyncio.to_thread(folder.mkdir)
    settings = {"DATABASE_URL": held.url, "WORKER_GRACE_S": str(grace_s)}
    async with tesigo("work", folder=folder, **settings) as running:
        await running.until_printed("worker ready")
        yield running


async def test_a_terminated_worker_hands_its_job_over_and_the_other_goes_on_at_once(held, tmp_path):
    job_id = await request(held.me, await make_ready(held.me))
    async with working(held, tmp_path / "first", grace_s=0.2) as first:
        await held.until_a_job_waits()
        written = await held.sections()
        assert len(written) == 1
        async with working(held, tmp_path / "second", grace_s=1) as second:
            await held.until_workers(2)
            told = time.monotonic()
            first.send(signal.SIGTERM)
            await second.until_printed("job started")
            assert time.monotonic() - told < LEASE_S / 2
            assert await first.until_ended() == 0
            await held.until_workers(1)
            await held.let_go()
            await held.until_completed(job_id)
            await second.until_printed("job completed")
    job = await held.job()
    assert job["attempt"] == 1, "attempts count anew with each section, and no run of the job had failed"
    sections = await held.sections()
    assert len(sections) == job["sections_total"]
    assert written.items() <= sections.items()
    await held.until_workers(0)


async def test_a_job_that_ends_within_the_grace_is_not_interrupted_and_no_other_is_begun(held, tmp_path):
    job_id = await request(held.me, await make_ready(held.me))
    async with working(held, tmp_path / "only") as only:
        await held.until_a_job_waits()
        only.send(signal.SIGTERM)
        await only.until_printed("no more jobs are taken")
        waiting = await request(held.me, await make_ready(held.me))
        await held.let_go()
        assert await only.until_ended() == 0
    assert (await status(held.me, job_id))["status"] == "completed"
    assert (await status(held.me, waiting))["status"] == "queued"
    assert "handed back" not in only.printed


async def test_a_second_signal_hands_jobs_back_at_once(held, tmp_path):
    await request(held.me, await make_ready(held.me))
    async with working(held, tmp_path / "only") as only:
        await held.until_a_job_waits()
        only.send(signal.SIGINT)
        await only.until_printed("no more jobs are taken")
        only.send(signal.SIGTERM)
        assert await only.until_ended(within_s=10) == 0
        await only.until_printed("handed back at once")
    assert await held.queued() == ["queued"]
    await held.until_workers(0)


async def test_a_server_ends_after_its_worker_has_handed_its_jobs_back(held, tmp_path):
    settings = {"DATABASE_URL": held.url, "WORKER_GRACE_S": "0.2"}
    (tmp_path / "server").mkdir()
    await request(held.me, await make_ready(held.me))
    async with served(tmp_path / "server", **settings) as (server, _):
        worker = await ready_worker(server, times=1)
        await held.until_a_job_waits()
        server.send(signal.SIGTERM)
        assert await server.until_ended() == 0
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    assert await held.queued() == ["queued"]
    await held.until_workers(0)


async def test_no_worker_is_started_while_the_server_stops_at_ctrl_c(held, tmp_path):
    (tmp_path / "server").mkdir()
    async with served(tmp_path / "server", DATABASE_URL=held.url) as (server, address):
        await ready_worker(server, times=1)
        host, port = address.removeprefix("http://").split(":")
        _, unfinished = await asyncio.open_connection(host, int(port))
        unfinished.write(b"POST /api/v1/auth/magic-link HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n")
        await unfinished.drain()
        async with httpx.AsyncClient() as client:
            await client.get(
                f"{address}/health/live"
            )  # by now the unfinished request, for which it waits, is known
        os.killpg(server.process.pid, signal.SIGINT)
        assert await server.until_ended() == 0
        unfinished.close()
    assert server.printed.count("worker stopped") == 1
    assert "starting another" not in server.printed


async def test_ctrl_c_while_the_worker_begins_is_no_error(held, tmp_path):
    (tmp_path / "server").mkdir()
    async with served(tmp_path / "server", DATABASE_URL=held.url) as (server, _):
        os.killpg(server.process.pid, signal.SIGINT)
        assert await server.until_ended() == 0
    assert "Traceback" not in server.printed


async def test_a_second_signal_to_the_server_makes_its_worker_hurry(held, tmp_path):
    settings = {"DATABASE_URL": held.url, "WORKER_GRACE_S": "60"}
    (tmp_path / "server").mkdir()
    await request(held.me, await make_ready(held.me))
    async with served(tmp_path / "server", **settings) as (server, _):
        worker = await ready_worker(server, times=1)
        await held.until_a_job_waits()
        server.send(signal.SIGINT)
        server.send(signal.SIGTERM)
        assert await server.until_ended(within_s=15) == 0
        await until_dead(worker)
    assert await held.queued() == ["queued"]
