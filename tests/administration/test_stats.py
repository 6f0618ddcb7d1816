import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tests.databases import SERVERS
from tests.houses import client_of, opened_house, sign_in
from tests.usage.ledgers import Ledger, make_call, make_spent

from tesigo.entry.wiring import House
from tesigo.generation.workers_service import Worker, report_worker
from tesigo.usage import service as usage
from tesigo.usage.spending import Payer

NOW = datetime(2040, 3, 1, 12, tzinfo=UTC)
STATS = "/api/v1/admin/stats"
NO_JOBS = dict.fromkeys(("queued", "running", "paused", "completed", "failed", "cancelled"), 0)
BOSS = "boss@example.com"


@pytest.fixture(params=SERVERS)
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path, server=request.param, clock=lambda: NOW, admin_emails=(BOSS,)) as house:
        yield house


@pytest.fixture
async def boss(house: House, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(house) as client:
        client.headers.update(await sign_in(client, tmp_path / "outbox", BOSS))
        yield client


async def test_an_installation_in_which_nothing_has_happened_has_all_figures(boss):
    answer = await boss.get(STATS)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "total_users": 1, "total_documents": 0, "total_tokens_all_time": 0, "tokens_today": 0,
            "average_tokens_per_document": 0, "jobs_by_status": NO_JOBS, "queue_depth": 0, "workers": 0,
            "revenue_cents": 0,
        },
    )  # fmt: skip


async def test_figures_count_what_is_there_and_tokens_of_all_time(house, boss, tmp_path):
    async with client_of(house) as olena:
        olena.headers.update(await sign_in(olena, tmp_path / "outbox", "olena@example.com"))
        user_id = (await olena.get("/api/v1/user/me")).json()["id"]
        ids = [
            (await olena.post("/api/v1/documents", json={"title": f"Essays {n}"})).json()["id"]
            for n in range(4)
        ]
        ledger = Ledger(house.database, NOW)
        for document_id, tokens in zip(ids, (100, 51, 30, 0), strict=True):
            await ledger.use(Payer(user_id, document_id), tokens)
        await olena.delete(f"/api/v1/documents/{ids[2]}")
        assert (
            await olena.post("/api/v1/generate/document-async", json={"document_id": ids[3]})
        ).status_code == 202
        assert (
            await olena.post("/api/v1/generate/document-async", json={"title": "More"})
        ).status_code == 202
    async with client_of(house) as gone:
        gone.headers.update(await sign_in(gone, tmp_path / "outbox", "gone@example.com"))
        user_id = (await gone.get("/api/v1/user/me")).json()["id"]
        ledger.now = NOW - timedelta(hours=12, microseconds=1)
        await ledger.use(Payer(user_id), 7)
        ledger.now = NOW - timedelta(hours=12)
        await ledger.use(Payer(user_id), 8)
        assert (await gone.delete("/api/v1/user/delete-account")).status_code == 200
    payer = await ledger.make_payer()
    spent, unheard = make_call(100), make_call(100)
    for call in (spent, unheard):
        assert await ledger.reserve(payer, call)
    async with house.database.transaction() as tx:
        await usage.settle(tx, [make_spent(ledger, spent, 9)])
        await tx.execute(text("UPDATE jobs SET status = 'failed' WHERE document_id = :id"), {"id": ids[3]})
        for age_s in (1, 14, 60):
            worker = Worker(uuid.uuid4(), "here", age_s, 2, 1, NOW)
            await report_worker(tx, worker, now=NOW - timedelta(seconds=age_s))
    assert (await boss.get(STATS)).json() == {
        "total_users": 3, "total_documents": 5, "total_tokens_all_time": 100 + 51 + 30 + 7 + 8 + 9,
        "tokens_today": 100 + 51 + 30 + 8 + 9, "average_tokens_per_document": 75.5,
        "jobs_by_status": {**NO_JOBS, "queued": 1, "failed": 1}, "queue_depth": 2, "workers": 2, "revenue_cents": 0,
    }  # fmt: skip


async def test_they_are_for_administrators_alone_and_for_as_long_as_they_are(house, boss, tmp_path):
    async with client_of(house) as client:
        assert (await client.get(STATS)).status_code == 401
        client.headers.update(await sign_in(client, tmp_path / "outbox", "olena@example.com"))
        refused = await client.get(STATS)
        assert (refused.status_code, refused.json()["code"]) == (403, "administrators_only")
        assert (await boss.get(STATS)).status_code == 200
        async with house.database.transaction() as tx:
            await tx.execute(text("UPDATE users SET is_admin = NOT is_admin"))
        assert (await client.get(STATS)).status_code == 200
        assert (await boss.get(STATS)).status_code == 403
