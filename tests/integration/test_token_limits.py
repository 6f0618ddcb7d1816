"""Limits of tokens: refused at the door, kept by jobs that run, and never a reason to lose what is written."""

from pathlib import Path

from tests.integration.model_houses import author, rows, start, status, until_status, writer_in, writing_house
from tests.integration.test_model_failures import working
from tests.writers import Writer

DAY_S = 86_400


async def spend(me: Writer, document_id: int, tokens: int) -> None:
    """Have so many tokens used today, as the ledger knows them."""
    await rows(
        me.house,
        "INSERT INTO usage (id, user_id, document_id, product, model, prompt, prompt_tokens, completion_tokens, "
        "is_estimated, outcome, called_at) SELECT gen_random_uuid(), user_id, id, '1', 'openai:made', 'made/1', "
        ":tokens, 0, false, 'used', now() FROM documents WHERE id = :id RETURNING 1",
        tokens=tokens,
        id=document_id,
    )


async def test_a_limit_of_1000_with_800_used_refuses_a_document_that_needs_more_with_429(tmp_path: Path):
    server = author()
    async with (
        writing_house(tmp_path, server, daily_token_limit=1_000) as house,
        writer_in(house) as (me, document_id),
    ):
        await spend(me, document_id, 800)
        for path, asked in (
            ("/generate/document-async", {"document_id": document_id}),
            ("/generate/document-async", {"title": "Feedback on student essays"}),
            ("/generate/outline", {"document_id": document_id}),
        ):
            answer = await me.ask("POST", path, json=asked)
            assert answer.status_code == 429, answer.text
            assert answer.json()["code"] == "token_limit_reached"
            assert "1,000 tokens a day; 800 are used" in answer.json()["detail"]
            assert 0 < int(answer.headers["Retry-After"]) <= DAY_S
        assert server.calls == []
        assert await rows(house, "SELECT id FROM jobs") == []
        [count] = await rows(house, "SELECT count(*) FROM documents")
        assert count[0] == 1, "what is refused leaves nothing behind"


async def test_the_offline_writer_needs_no_tokens(tmp_path: Path):
    async with (
        writing_house(tmp_path, author(), daily_token_limit=0) as house,
        writer_in(house, model="offline:extractive") as (me, document_id),
        working(house),
    ):
        assert (await until_status(me, await start(me, document_id), "completed"))["tokens_used"] == 0


async def test_a_user_may_have_a_limit_of_their_own_which_holds_at_once(tmp_path: Path):
    async with writing_house(tmp_path, author()) as house, writer_in(house) as (me, document_id):
        await rows(house, "UPDATE users SET daily_token_limit = 500 RETURNING 1")
        answer = await me.ask("POST", "/generate/document-async", json={"document_id": document_id})
        assert answer.status_code == 429
        assert "You may use 500 tokens a day" in answer.json()["detail"]
        assert (await me.ask("GET", "/user/me")).json()["daily_token_limit"] == 500


async def test_a_job_that_meets_the_limit_pauses_with_its_reason_and_goes_on_when_there_is_room(
    tmp_path: Path,
):
    server = author()
    async with (
        writing_house(tmp_path, server, section_concurrency=1) as house,
        writer_in(house) as (me, document_id),
    ):
        job_id = await start(me, document_id)
        await rows(house, "UPDATE users SET daily_token_limit = 6000 RETURNING 1")
        async with working(house):
            paused = await until_status(me, job_id, "paused", "failed", "completed")
            assert paused["status"] == "paused", paused
            assert "You may use 6,000 tokens a day" in paused["error"]
            assert 0 < paused["sections_done"] < paused["sections_total"]
            [(used,)] = await rows(house, "SELECT sum(prompt_tokens + completion_tokens) FROM usage")
            assert used == paused["tokens_used"] <= 6_000
            refused = await me.ask("POST", f"/documents/{document_id}/resume")
            assert refused.status_code == 429, "there is still no room for a section"
            assert (await status(me, job_id))["status"] == "paused"
            await rows(house, "UPDATE users SET daily_token_limit = NULL RETURNING 1")
            assert (await me.ask("POST", f"/documents/{document_id}/resume")).status_code == 202
            assert (await until_status(me, job_id, "completed"))["sections_done"] == paused["sections_total"]


async def test_the_page_says_that_todays_tokens_do_not_suffice_and_keeps_what_was_entered(tmp_path: Path):
    async with (
        writing_house(tmp_path, author(), daily_token_limit=1_000) as house,
        writer_in(house) as (me, document_id),
    ):
        answer = await me.client.post(
            f"/documents/{document_id}/write", headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert answer.status_code == 303
        page = await me.client.get(f"/documents/{document_id}")
        assert "do not suffice" in page.text


async def test_statistics_count_what_models_used(tmp_path: Path):
    async with (
        writing_house(tmp_path, author(), admin_emails=("boss@example.com",)) as house,
        writer_in(house) as (me, document_id),
        working(house),
    ):
        told = await until_status(me, await start(me, document_id), "completed")
        await rows(house, "UPDATE users SET is_admin = true RETURNING 1")
        stats = (await me.ask("GET", "/admin/stats")).json()
        assert stats["total_tokens_all_time"] == stats["tokens_today"] == told["tokens_used"]
        assert stats["average_tokens_per_document"] == told["tokens_used"]
        assert stats["jobs_by_status"]["completed"] == 1
        assert stats["workers"] == 1
