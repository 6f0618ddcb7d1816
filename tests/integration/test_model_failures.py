"""Providers that fail, in every way that they do: the document is written all the same, or rests until it can be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.fakes.model_faults import Fault
from tests.fakes.model_server import ModelServer
from tests.integration.model_houses import (
    author,
    failing,
    rows,
    start,
    status,
    until_status,
    writer_in,
    writing_house,
)
from tests.servers import answering

from tesigo.adapters.openai_models import OpenAiModels
from tesigo.entry.wiring import House
from tesigo.entry.worker import run_jobs
from tesigo.gateway.catalogue import load_catalogue
from tesigo.gateway.gateway import Gateway
from tesigo.gateway.ports import Message, Prompt, Usage
from tesigo.gateway.run_account import RunAccount

PROMPT = Prompt("made/1", "You answer.", (Message("user", "What is it?"),), most_tokens=500)


@asynccontextmanager
async def working(house: House) -> AsyncIterator[None]:
    """Let this process work as `tesigo work` does, for the block."""
    stop = asyncio.Event()
    at_work = asyncio.create_task(run_jobs(house, stop))
    try:
        yield
    finally:
        stop.set()
        at_work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await at_work


async def test_two_429s_then_an_answer_after_two_and_four_seconds_of_the_real_clock():
    server = ModelServer(faults=failing(*[Fault.RATE_LIMITED_WITHOUT_WAIT] * 2))
    async with answering(server) as address:
        provider, account = OpenAiModels(f"{address}/v1"), RunAccount(None)
        gateway = Gateway({"openai": provider}, load_catalogue())
        reply = await gateway.model("openai:made", account=account, job="one").ask(PROMPT, str, product="1")
        await provider.aclose()
    assert reply.value.strip()
    first, second, third = (call.began_s for call in server.calls)
    assert 2.0 <= second - first <= 2.2 + 0.5
    assert 4.0 <= third - second <= 4.4 + 0.5
    assert [call.status for call in server.calls] == [429, 429, 200]


async def test_when_a_model_fails_for_good_the_next_one_writes_the_document_and_is_named(tmp_path: Path):
    dead, other = author(faults=failing(rate=1.0, kinds=[Fault.SERVER_ERROR])), author()
    fallbacks = {"openai:made": ["anthropic:claude-haiku-4-5"]}
    async with (
        writing_house(tmp_path, dead, other=other, fallback_models=fallbacks) as house,
        writer_in(house) as (me, document_id),
        working(house),
    ):
        told = await until_status(me, await start(me, document_id), "completed", "failed", "paused")
        assert told["status"] == "completed", told
        writers = await rows(
            house, "SELECT DISTINCT written_by FROM sections WHERE document_id = :id", id=document_id
        )
        assert [tuple(row) for row in writers] == [("anthropic:claude-haiku-4-5",)]
        [(statement,)] = await rows(house, "SELECT statement FROM documents WHERE id = :id", id=document_id)
        assert "anthropic:claude-haiku-4-5" in statement
        metrics = (await me.client.get("/metrics")).text
        assert 'model="openai:made",outcome="server_error"' in metrics
        assert 'model="openai:made",state="open"' in metrics


async def test_a_dead_provider_pauses_the_job_and_it_goes_on_by_itself_when_the_provider_is_back(
    tmp_path: Path,
):
    server = author(faults=failing(rate=1.0, kinds=[Fault.SERVER_ERROR]))
    async with writing_house(tmp_path, server) as house, writer_in(house) as (me, document_id):
        job_id = await start(me, document_id)
        async with working(house):
            paused = await until_status(me, job_id, "paused", "failed")
            assert paused["status"] == "paused"
            assert "No language model answers at the moment: openai:made answered 500." in paused["error"]
            assert "by itself" in paused["error"]
            assert len(server.calls) <= 3, "a dead provider costs three attempts, and then the job rests"
            assert document_id in [
                item["document_id"] for item in (await me.ask("GET", "/documents/recover")).json()["items"]
            ]
            server.faults = failing()
            assert (await until_status(me, job_id, "completed", "failed"))["status"] == "completed"
        [(rests, resumes_at)] = await rows(house, "SELECT rests, resumes_at FROM jobs")
        assert (rests, resumes_at) == (0, None)


async def test_a_job_that_rests_can_be_resumed_at_once_and_cancelled(tmp_path: Path):
    server = author(faults=failing(rate=1.0, kinds=[Fault.OVERLOADED]))
    slow = {"breaker_recovery_s": 600}
    async with writing_house(tmp_path, server, **slow) as house, writer_in(house) as (me, document_id):
        job_id = await start(me, document_id)
        async with working(house):
            await until_status(me, job_id, "paused")
            assert (await me.ask("POST", f"/documents/{document_id}/resume")).status_code == 202
            await until_status(me, job_id, "paused")
            assert len(await rows(house, "SELECT id FROM pgqueuer WHERE entrypoint = 'write_document'")) == 1
            assert (await me.ask("POST", f"/jobs/{job_id}/cancel")).status_code == 202
            assert (await status(me, job_id))["status"] == "cancelled"
            assert await rows(house, "SELECT id FROM pgqueuer WHERE entrypoint = 'write_document'") == []


async def test_no_retry_after_however_absurd_lets_a_job_hang(tmp_path: Path):
    server = author(faults=failing(rate=1.0, kinds=[Fault.OVERLOADED]), retry_after="99999999999999")
    async with (
        writing_house(tmp_path, server) as house,
        writer_in(house) as (me, document_id),
        working(house),
    ):
        job_id = await start(me, document_id)
        await until_status(me, job_id, "paused")
        [(wait_s,)] = await rows(house, "SELECT extract(epoch FROM resumes_at - now()) FROM jobs")
        assert 0 < wait_s <= 3_600
        answer = await me.ask("POST", "/generate/outline", json={"document_id": document_id})
        assert (answer.status_code, answer.json()["code"]) == (503, "no_model_answers")
        assert 0 < int(answer.headers["Retry-After"]) <= 86_400


async def test_a_model_that_always_answers_nothing_ends_the_job_instead_of_costing_for_ever(tmp_path: Path):
    server = author(faults=failing(rate=1.0, kinds=[Fault.EMPTY]))
    async with (
        writing_house(tmp_path, server) as house,
        writer_in(house) as (me, document_id),
        working(house),
    ):
        told = await until_status(me, await start(me, document_id), "failed", "paused", "completed")
        assert told["status"] == "failed", told
        assert "openai:made answered nothing" in told["error"]
        assert len(server.calls) == 3


async def test_what_fails_only_once_it_was_paid_for_rests_a_few_times_and_not_for_a_day(tmp_path: Path):
    server = author(faults=failing(rate=1.0, kinds=[Fault.MALFORMED_CHUNK]))
    async with (
        writing_house(tmp_path, server) as house,
        writer_in(house) as (me, document_id),
        working(house),
    ):
        job_id = await start(me, document_id)
        await until_status(me, job_id, "paused")
        await rows(house, "UPDATE jobs SET rests = 140 RETURNING 1")
        given_up = "SELECT rests, error FROM jobs WHERE resumes_at IS NULL AND status = 'paused'"
        async with asyncio.timeout(30):
            while not (told := await rows(house, given_up)):  # noqa: ASYNC110 - asked from outside
                await asyncio.sleep(0.1)
        assert told[0].rests >= 146
        assert "Please resume the writing later." in told[0].error


async def test_a_usage_that_cannot_be_true_neither_stops_the_job_nor_uses_up_the_day(tmp_path: Path):
    server = author(told_usage=Usage(10**20, 10**20))
    async with (
        writing_house(tmp_path, server) as house,
        writer_in(house) as (me, document_id),
        working(house),
    ):
        told = await until_status(me, await start(me, document_id), "failed", "paused", "completed")
        assert told["status"] == "completed", told
        assert told["tokens_used"] < 500_000


@pytest.mark.parametrize(
    ("fault", "said"),
    [(Fault.UNAUTHORIZED, "answered 401"), (Fault.NOT_FOUND, "404"), (Fault.QUOTA_EXHAUSTED, "openai:made")],
)
async def test_what_waiting_cannot_help_ends_the_job_with_its_reason_after_one_call(
    tmp_path: Path, fault: Fault, said: str
):
    server = author(faults=failing(rate=1.0, kinds=[fault]))
    async with writing_house(tmp_path, server) as house, writer_in(house) as (me, document_id):
        async with working(house):
            told = await until_status(me, await start(me, document_id), "failed", "paused", "completed")
        assert told["status"] == "failed"
        assert said in told["error"]
        assert len(server.calls) == 1


async def test_a_provider_that_fails_in_the_middle_loses_no_finished_section(tmp_path: Path):
    server = author(faults=failing(None, None, None, rate=1.0, kinds=[Fault.CUT_STREAM]))
    async with (
        writing_house(tmp_path, server, section_concurrency=1) as house,
        writer_in(house) as (me, document_id),
        working(house),
    ):
        job_id = await start(me, document_id)
        paused = await until_status(me, job_id, "paused")
        assert paused["sections_done"] == 2
        before = await rows(
            house, "SELECT number, content, written_at FROM sections WHERE content IS NOT NULL"
        )
        server.faults = failing()
        await until_status(me, job_id, "completed")
        after = await rows(
            house, "SELECT number, content, written_at FROM sections WHERE content IS NOT NULL"
        )
        assert set(before) < set(after)


async def test_tokens_add_up_over_sections_documents_users_and_the_service(tmp_path: Path):
    faults = failing(rate=0.3, kinds=[Fault.CUT_STREAM, Fault.EMPTY, Fault.SERVER_ERROR, Fault.CUT_SHORT])
    server = author(faults=faults)
    async with (
        writing_house(tmp_path, server) as house,
        writer_in(house) as (me, document_id),
        working(house),
    ):
        job_id = await start(me, document_id)
        told = await until_status(me, job_id, "completed")
        [(ledger, wasted)] = await rows(
            house,
            "SELECT sum(prompt_tokens + completion_tokens), sum(prompt_tokens) FILTER (WHERE outcome <> 'used')"
            " FROM usage",
        )
        sections = await rows(house, "SELECT sum(tokens_used) FROM sections")
        outline = await rows(
            house, "SELECT sum(prompt_tokens + completion_tokens) FROM usage WHERE product = 'outline'"
        )
        document = (await me.ask("GET", f"/documents/{document_id}")).json()
        assert told["tokens_used"] == document["tokens_used"] == ledger
        assert sections[0][0] + outline[0][0] == ledger
        assert (await me.ask("GET", "/user/me")).json()["tokens_used_today"] == ledger
        assert f"tesigo_tokens_today {float(ledger)}" in (await me.client.get("/metrics")).text
        assert wasted, "the server failed calls that had begun, and they are counted"
        assert await rows(house, "SELECT * FROM token_reservations") == []
        billed = sum(call.prompt_tokens for call in server.calls if call.status == 200)
        [(prompts,)] = await rows(house, "SELECT sum(prompt_tokens) FROM usage WHERE NOT is_estimated")
        assert prompts <= billed
