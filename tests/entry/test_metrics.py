"""What an operator measures: the whole installation, from any process, and nobody else in production."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from tests.houses import client_of, opened_house
from tests.writers import Writer, house, me

from tesigo.generation.service import WRITE_DOCUMENT
from tesigo.generation.workers_service import Worker, report_worker
from tesigo.kit.queue import defer
from tesigo.web.headers import security_headers

__all__ = ["house", "me"]
pytestmark = pytest.mark.asyncio(loop_scope="module")
TOKEN = "measured-and-found-good"


async def scrape(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Return each value by its name and the values of its labels."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def run(me: Writer, statement: str) -> None:
    async with me.house.database.transaction() as tx:
        await tx.execute(text(statement))


@pytest_asyncio.fixture(loop_scope="module")
async def nothing(me: Writer) -> None:
    for statement in ("DELETE FROM pgqueuer", "DELETE FROM jobs", "DELETE FROM workers"):
        await run(me, statement)


async def test_without_work_and_workers_everything_is_there_and_zero(me, nothing):
    values = await scrape(me.client)
    assert set(values.values()) == {0.0}
    statuses = ("queued", "running", "paused", "completed", "failed", "cancelled")
    assert set(values) == {
        ("tesigo_queue_waiting_jobs",),
        ("tesigo_queue_oldest_wait_seconds",),
        *(("tesigo_jobs", status) for status in statuses),
        ("tesigo_workers_alive",),
        ("tesigo_workers_capacity_jobs",),
        ("tesigo_workers_running_jobs",),
        ("tesigo_tokens_today",),
    }


async def test_jobs_that_wait_are_counted_and_the_oldest_of_them_is_timed(me, nothing):
    async with me.house.database.transaction() as tx:
        for _ in range(3):
            await defer(tx, WRITE_DOCUMENT, {})
        await defer(tx, WRITE_DOCUMENT, {}, delay=timedelta(hours=1))
        await defer(tx, "another_task", {})
    await run(me, "UPDATE pgqueuer SET execute_after = now() - interval '90 seconds' WHERE id IN "
                  "(SELECT min(id) FROM pgqueuer)")  # fmt: skip
    await run(me, "UPDATE pgqueuer SET execute_after = now() - interval '900 seconds' "
                  "WHERE entrypoint = 'another_task'")  # fmt: skip
    values = await scrape(me.client)
    assert values["tesigo_queue_waiting_jobs",] == 3
    assert 90 <= values["tesigo_queue_oldest_wait_seconds",] < 120


async def test_jobs_are_counted_by_status(me, nothing):
    for _ in range(2):
        await me.ask("POST", "/generate/document-async", json={"title": "Feedback on student essays"})
    await run(me, "UPDATE jobs SET status = 'failed' WHERE id = (SELECT min(id::text)::uuid FROM jobs)")
    values = await scrape(me.client)
    assert values["tesigo_jobs", "queued"] == 1
    assert values["tesigo_jobs", "failed"] == 1
    assert values["tesigo_jobs", "completed"] == 0


async def test_workers_of_all_machines_are_told_one_by_one_and_in_sum(me, nothing):
    now = me.house.clock()
    first = Worker(uuid.uuid4(), "left", 1, 10, 7, now)
    second = Worker(uuid.uuid4(), "right", 1, 2, 2, now)
    lost = Worker(uuid.uuid4(), "lost", 1, 2, 2, now)
    async with me.house.database.transaction() as tx:
        await report_worker(tx, first, now=now)
        await report_worker(tx, second, now=now)
        await report_worker(tx, lost, now=now - timedelta(seconds=20))
    values = await scrape(me.client)
    assert values["tesigo_workers_alive",] == 2
    assert values["tesigo_workers_capacity_jobs",] == 12
    assert values["tesigo_workers_running_jobs",] == 9
    assert values["tesigo_worker_capacity_jobs", "left", "1", str(first.id)] == 10
    assert values["tesigo_worker_running_jobs", "right", "1", str(second.id)] == 2
    assert not any("lost" in name for name in values)


@pytest.mark.parametrize("token", [None, TOKEN])
async def test_production_shows_them_to_the_bearer_of_the_token_alone(token, tmp_path: Path):
    async with production(tmp_path, token) as client:
        for given in (
            None,
            "Bearer",
            f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}",
            f"Basic {TOKEN}",
            "Bearer ü",
        ):
            headers = {} if given is None else {"Authorization": given.encode()}
            answer = await client.get("/metrics", headers=headers)
            assert answer.status_code == 404, given
            assert "tesigo_" not in answer.text
            unknown = await client.get("/nothing-is-here", headers=headers)
            assert answer.json() == unknown.json()
        answer = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == (404 if token is None else 200)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
async def test_in_production_nothing_tells_that_they_are_there(method, path, tmp_path: Path):
    async with production(tmp_path, TOKEN) as client:
        answer = await client.request(method, path)
        unknown = await client.request(method, "/nothing-is-here")
        assert (answer.status_code, answer.content) == (404, unknown.content)
        assert answer.headers.keys() == unknown.headers.keys()


async def test_they_carry_the_security_headers_and_the_media_type_of_prometheus(me):
    answer = await me.client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    expected = {name.lower(): value for name, value in security_headers(is_production=False).items()}
    assert expected.items() <= dict(answer.headers).items()


@asynccontextmanager
async def production(folder: Path, token: str | None) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of an installation in production."""
    keys = {"secret_key": "k3y-" * 8, "jwt_secret": "0ther-k3y-" * 4, "metrics_token": token}
    address = "https://tesigo.example.org"
    opening = opened_house(folder, environment="production", public_url=address, **keys)
    async with opening as house, client_of(house) as client:
        yield client
