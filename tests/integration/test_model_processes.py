"""Real processes over a model server: killed in the middle, nothing is paid for twice but calls that were under way."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.databases import EMBEDDED, database
from tests.fakes.model_faults import Fault
from tests.fakes.model_server import ModelServer
from tests.houses import ABSTRACTS, sign_in
from tests.integration.model_houses import KEY, author, failing
from tests.processes import served, tesigo
from tests.servers import answering

pytestmark = pytest.mark.breakdown

CONCURRENCY = 2
_WITHIN_S = 120


def settings(address: str, url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "OPENAI_BASE_URL": f"{address}/v1",
        "OPENAI_API_KEY": KEY,
        "DEFAULT_MODEL": "openai:made",
        "SECTION_CONCURRENCY": str(CONCURRENCY),
        "RETRY_DELAYS_S": "0.05,0.1,0.2",
        "DEBUG": "true",
        "OPENAI_LOG": "debug",
        "HTTPX_LOG_LEVEL": "debug",
    }


async def ledger(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def request_document(client: httpx.AsyncClient, folder: Path) -> str:
    """Ask for a document; return where its job is looked at."""
    me = await sign_in(client, folder / "data" / "outbox", "writer@example.com")
    client.headers.update(me)
    created = (
        await client.post("/api/v1/documents", json={"title": "Feedback on student essays", "pages": 8})
    ).json()
    for record in ABSTRACTS:
        await client.post(f"/api/v1/documents/{created['id']}/sources", json=record)
    queued = await client.post("/api/v1/generate/document-async", json={"document_id": created["id"]})
    assert queued.status_code == 202, queued.text
    return queued.json()["check_url"]


async def until(client: httpx.AsyncClient, check_url: str, is_so) -> dict:
    async with asyncio.timeout(_WITHIN_S):
        while not is_so(told := (await client.get(check_url)).json()):  # noqa: ASYNC110 - asked from outside
            await asyncio.sleep(0.05)
    return told


async def test_after_kill_9_at_half_the_job_goes_on_and_pays_again_only_for_calls_under_way(tmp_path: Path):
    server = author(
        first_token_s=0.15, tokens_a_second=1_500, faults=failing(None, Fault.SERVER_ERROR, Fault.CUT_STREAM)
    )
    async with (
        database(EMBEDDED) as url,
        answering(server) as address,
        served(tmp_path, "--no-worker", **settings(address, url)) as (site, at),
        httpx.AsyncClient(base_url=at, timeout=30) as client,
    ):
        check_url = await request_document(client, tmp_path)
        async with tesigo("work", folder=tmp_path, **settings(address, url)) as first:
            half = await until(
                client, check_url, lambda told: 2 * told["sections_done"] >= told["sections_total"] > 0
            )
            assert half["status"] == "running", half
            os.kill(first.process.pid, signal.SIGKILL)
            await first.process.wait()
            printed = first.printed
        written = await ledger(
            url, "SELECT number, content, written_at FROM sections WHERE content IS NOT NULL"
        )
        async with tesigo("work", folder=tmp_path, **settings(address, url)) as second:
            told = await until(
                client, check_url, lambda told: told["status"] in ("completed", "failed", "paused")
            )
            assert told["status"] == "completed", told
            printed += second.printed
        after = await ledger(url, "SELECT number, content, written_at FROM sections")
        assert {tuple(row) for row in written} <= {tuple(row) for row in after}, "a finished section changed"
        await check_ledger(url, server, told)
        check_silence(printed + site.printed, server)


async def check_ledger(url: str, server: ModelServer, told: dict) -> None:
    """What was under way is counted as lost, at the most that it can have used; all else exactly once."""
    outcomes = Counter(row["outcome"] for row in await ledger(url, "SELECT outcome FROM usage"))
    assert 0 < outcomes["lost"] <= CONCURRENCY
    products = await ledger(
        url, "SELECT product, count(*) FROM usage WHERE outcome = 'used' GROUP BY product"
    )
    assert {row["count"] for row in products} == {1}, "a section was paid for twice"
    [sums] = await ledger(
        url,
        "SELECT (SELECT sum(prompt_tokens + completion_tokens) FROM usage) AS usage,"
        " (SELECT sum(tokens_used) FROM documents) AS documents, (SELECT sum(tokens_used) FROM jobs) AS jobs,"
        " (SELECT count(*) FROM token_reservations) AS left",
    )
    assert sums["usage"] == sums["documents"] == sums["jobs"] == told["tokens_used"]
    assert sums["left"] == 0
    served_tokens = sum(
        call.prompt_tokens + call.completion_tokens for call in server.calls if call.status == 200
    )
    assert sums["usage"] >= served_tokens, "something that was used is not counted"


def check_silence(printed: str, server: ModelServer) -> None:
    """Neither the key nor a line of a prompt or an answer stands in any log, at the level of debugging."""
    assert "model call failed" in printed, "the logs were not read"
    assert "[debug" in printed, "the processes did not log at the level of debugging"
    assert KEY not in printed
    for call in server.calls:
        texts = [
            call.asked.system,
            *(message.text for message in call.asked.messages),
            server.answer(call.asked),
        ]
        for line in {line.strip() for text in texts for line in text.splitlines() if len(line.strip()) > 60}:
            assert line not in printed
            assert line[10:60] not in printed
