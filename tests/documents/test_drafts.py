import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tesigo.documents import drafts_service
from tesigo.kit.schemas import encode_cursor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def save(me, document_id: int, content: str, **more: Any) -> httpx.Response:
    body = json.dumps(
        {"content": content, **more}
    )  # half a pair goes as its escape, as a client would send it
    headers = {"content-type": "application/json"}
    return await me.ask("POST", f"/documents/{document_id}/draft", content=body, headers=headers)


async def save_when_there_is_room(me, document_id: int, content: str, **more: Any) -> httpx.Response:
    """Save, and again while no connection gets free in time: a busy machine says so and keeps nothing."""
    async with asyncio.timeout(60):
        while (answer := await save(me, document_id, content, **more)).status_code == 503:
            pass
    return answer


async def saved(me, document_id: int, content: str, **more: Any) -> int:
    answer = await save(me, document_id, content, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()["version"]


async def latest(me, document_id: int) -> dict[str, Any]:
    answer = await me.ask("GET", f"/documents/{document_id}/draft/latest")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def versions(me, document_id: int) -> list[int]:
    answer = await me.ask("GET", f"/documents/{document_id}/drafts")
    assert answer.json()["next_cursor"] is None
    return [draft["version"] for draft in answer.json()["items"]]


async def read(me, document_id: int, version: int) -> httpx.Response:
    return await me.ask("GET", f"/documents/{document_id}/drafts/{version}")


async def count_kept(me, document_id: int) -> int:
    query = text("SELECT count(*) FROM drafts WHERE document_id = :id")
    async with me.house.database.transaction() as tx:
        return (await tx.execute(query, {"id": document_id})).scalar_one()


async def make_older(me, document_id: int, *, days: int, up_to: int) -> None:
    """Change the time of the drafts up to this version."""
    query = text(
        "UPDATE drafts SET created_at = created_at - make_interval(days => :days)"
        " WHERE document_id = :id AND version <= :up_to"
    )
    async with me.house.database.transaction() as tx:
        await tx.execute(query, {"id": document_id, "days": days, "up_to": up_to})


async def forget(me) -> int:
    async with me.house.database.transaction() as tx:
        return await drafts_service.forget_old_drafts(tx, me.house.clock())


def check_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()


async def test_fifteen_saves_leave_the_ten_newest_and_the_latest_is_the_fifteenth(me):
    document_id = await me.create()
    for number in range(1, 16):
        assert await saved(me, document_id, f"Text {number}") == number
    assert await versions(me, document_id) == list(range(15, 5, -1))
    assert await count_kept(me, document_id) == 10
    newest = await latest(me, document_id)
    assert (newest["version"], newest["content"], newest["auto_save"]) == (15, "Text 15", True)
    assert newest == (await read(me, document_id, 15)).json()
    assert (await read(me, document_id, 6)).json()["content"] == "Text 6"
    check_problem(await read(me, document_id, 5), 404, "no_draft")


async def test_a_document_without_drafts_says_so(me):
    document_id = await me.create()
    check_problem(await me.ask("GET", f"/documents/{document_id}/draft/latest"), 404, "no_draft")
    check_problem(await read(me, document_id, 1), 404, "no_draft")
    assert await versions(me, document_id) == []


async def test_the_list_tells_how_long_each_draft_is_and_goes_on_at_its_cursor(me):
    document_id = await me.create()
    for content in ("", "ab", "🙂🙂🙂"):
        await saved(me, document_id, content)
    first = (await me.ask("GET", f"/documents/{document_id}/drafts?limit=2")).json()
    await saved(me, document_id, "newer than the cursor")
    after = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await me.ask("GET", f"/documents/{document_id}/drafts", params=after)).json()
    lengths = [(draft["version"], draft["characters"]) for draft in first["items"] + second["items"]]
    assert lengths == [(3, 3), (2, 2), (1, 0)]
    assert second["next_cursor"] is None
    assert all("content" not in draft for draft in first["items"])


@pytest.mark.parametrize("beyond", [2**31, 2**63 - 1])
async def test_a_cursor_beyond_all_versions_is_refused(me, beyond):
    document_id = await me.create()
    cursor = {"cursor": encode_cursor(beyond)}
    check_problem(
        await me.ask("GET", f"/documents/{document_id}/drafts", params=cursor), 400, "invalid_cursor"
    )


async def test_a_save_based_on_an_old_version_is_refused_and_loses_nothing(me):
    document_id = await me.create()
    assert await saved(me, document_id, "First", based_on=0) == 1
    assert await saved(me, document_id, "Second", based_on=1) == 2
    before = await latest(me, document_id)
    for outdated in (0, 1, 3):
        told = check_problem(
            await save(me, document_id, "From another tab", based_on=outdated), 409, "draft_conflict"
        )
        assert told["latest_version"] == 2
        assert "based_on 2" in told["detail"]
    assert await latest(me, document_id) == before
    assert await versions(me, document_id) == [2, 1]
    assert await saved(me, document_id, "Both together", based_on=2) == 3
    assert (await read(me, document_id, 2)).json()["content"] == "Second"


async def test_a_save_based_on_a_version_where_there_is_none_is_told_so(me):
    document_id = await me.create()
    told = check_problem(await save(me, document_id, "Text", based_on=1), 409, "draft_conflict")
    assert told["latest_version"] == 0
    assert await saved(me, document_id, "Text", based_on=told["latest_version"]) == 1


async def test_a_save_whose_answer_was_lost_can_be_sent_again_and_is_kept_once(me):
    document_id = await me.create()
    for based_on, content in enumerate(("First", "Second\r\n👩‍👩‍👧")):
        answers = [await save(me, document_id, content, based_on=based_on) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201] * 3
        assert answers[0].json() == answers[1].json() == answers[2].json()
        assert answers[0].json()["version"] == based_on + 1
    assert await versions(me, document_id) == [2, 1]
    for outdated, content in ((1, "Second"), (0, "First"), (0, "Second\r\n👩‍👩‍👧"), (1, "First")):
        told = check_problem(
            await save(me, document_id, content, based_on=outdated), 409, "draft_conflict"
        )  # not the save that made the newest version
        assert told["latest_version"] == 2
    assert await versions(me, document_id) == [2, 1]
    assert await saved(me, document_id, "Third", based_on=2) == 3


async def test_a_save_that_is_sent_again_pushes_no_older_version_out(me):
    document_id = await me.create()
    for number in range(10):
        for _ in range(2):
            assert await saved(me, document_id, f"Text {number}", based_on=number) == number + 1
    assert await versions(me, document_id) == list(range(10, 0, -1))


async def test_a_save_that_is_sent_twenty_times_at_once_is_kept_once(me):
    document_id = await me.create()
    answers = await asyncio.gather(
        *(save_when_there_is_room(me, document_id, "Text", based_on=0) for _ in range(20))
    )
    assert {(answer.status_code, answer.json()["version"]) for answer in answers} == {(201, 1)}
    assert await versions(me, document_id) == [1]


async def test_the_newest_version_can_be_saved_unchanged_as_the_next(me):
    document_id = await me.create()
    assert await saved(me, document_id, "Text", based_on=0) == 1
    assert await saved(me, document_id, "Text", based_on=1) == 2


@pytest.mark.parametrize("based_on", [{}, {"based_on": None}])
async def test_a_save_that_names_no_version_is_kept_whatever_is_there(me, based_on):
    document_id = await me.create()
    assert [await saved(me, document_id, "Text", **based_on) for _ in range(15)] == list(range(1, 16))
    assert await versions(me, document_id) == list(range(15, 5, -1))


async def test_fifty_saves_at_once_get_fifty_numbers_without_a_gap(me):
    document_id = await me.create()
    answers = await asyncio.gather(
        *(save_when_there_is_room(me, document_id, f"Text {number}") for number in range(50))
    )
    assert {answer.status_code for answer in answers} == {201}
    numbers = [answer.json()["version"] for answer in answers]
    assert sorted(numbers) == list(range(1, 51))
    assert await versions(me, document_id) == list(range(50, 40, -1))
    newest = await latest(me, document_id)
    assert (newest["version"], newest["content"]) == (50, f"Text {numbers.index(50)}")


async def test_of_twenty_saves_at_once_that_are_based_on_the_same_version_one_wins(me):
    document_id = await me.create()
    await saved(me, document_id, "Before")
    answers = await asyncio.gather(
        *(save_when_there_is_room(me, document_id, f"Text {number}", based_on=1) for number in range(20))
    )
    won = [number for number, answer in enumerate(answers) if answer.status_code == 201]
    assert len(won) == 1
    for number, answer in enumerate(answers):
        if number not in won:
            assert check_problem(answer, 409, "draft_conflict")["latest_version"] == 2
    assert (await latest(me, document_id))["content"] == f"Text {won[0]}"
    assert await versions(me, document_id) == [2, 1]


async def test_drafts_older_than_thirty_days_are_shown_no_more_and_go_but_the_newest_stays(me):
    document_id, other_id = await me.create(), await me.create()
    for number in range(1, 5):
        await saved(me, document_id, f"Text {number}")
    await saved(me, other_id, "Alone")
    await make_older(me, document_id, days=29, up_to=3)
    await make_older(me, document_id, days=2, up_to=2)
    await make_older(me, other_id, days=400, up_to=1)
    assert await versions(me, document_id) == [4, 3]  # at once, before anything is tidied up
    check_problem(await read(me, document_id, 2), 404, "no_draft")
    assert await count_kept(me, document_id) == 4
    assert await forget(me) == 2
    assert await forget(me) == 0
    assert await count_kept(me, document_id) == 2
    assert await versions(me, other_id) == [1]
    assert (await latest(me, other_id))["content"] == "Alone"
    assert (await read(me, other_id, 1)).json()["content"] == "Alone"


async def test_no_number_comes_again_after_drafts_have_gone(me):
    document_id = await me.create()
    for number in range(3):
        await saved(me, document_id, f"Text {number}")
    await make_older(me, document_id, days=31, up_to=3)
    assert await forget(me) == 2
    assert await versions(me, document_id) == [3]
    assert await saved(me, document_id, "After a holiday", based_on=3) == 4
    assert await versions(me, document_id) == [4]  # the third is old, and no longer the newest
    assert await forget(me) == 1


async def test_a_thousand_drafts_go_at_a_time_the_oldest_first(me):
    document_id = await me.create()
    await saved(me, document_id, "Newest")
    query = (
        "INSERT INTO drafts (document_id, version, content, created_at)"
        " SELECT :id, 1 - number, '', now() - make_interval(days => 40 + number)"
        " FROM generate_series(1, 1003) AS number"
    )
    async with me.house.database.transaction() as tx:
        await tx.execute(text(query), {"id": document_id})
    assert await forget(me) == 1000
    async with me.house.database.transaction() as tx:
        left = await tx.execute(
            text("SELECT version FROM drafts WHERE document_id = :id ORDER BY 1"), {"id": document_id}
        )
        assert list(left.scalars()) == [-2, -1, 0, 1]
    assert await forget(me) == 3


@pytest.mark.parametrize(
    "content", ["", "\n", "# Один\r\n\r\nТекст 👩‍👩‍👧 *so*\t\u202e\ufeff \u2028<script>", "x" * 3_000_000]
)
async def test_a_draft_comes_back_exactly_as_it_was_saved(me, content):
    document_id = await me.create()
    await saved(me, document_id, content)
    assert (await latest(me, document_id))["content"] == content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a\x00b", "U+0000"),
        ("half \ud83d", "unicode string"),
        ("x" * 3_000_001, "3000000 characters"),
        (None, "string"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_the_reason_and_takes_no_number(me, content, why):
    document_id = await me.create()
    told = check_problem(await save(me, document_id, content), 422, "invalid_request")
    assert any(rule["loc"].startswith("body") and why in rule["msg"] for rule in told["errors"]), told
    assert await saved(me, document_id, "Fine") == 1


@pytest.mark.parametrize("based_on", [-1, 2**31, "1.5"])
async def test_a_version_that_cannot_be_is_refused(me, based_on):
    document_id = await me.create()
    check_problem(await save(me, document_id, "Text", based_on=based_on), 422, "invalid_request")


async def test_nobody_else_sees_saves_or_counts_my_drafts(me, other):
    document_id = await me.create()
    await saved(me, document_id, "Mine")
    for method, path in (
        ("POST", "draft"),
        ("GET", "draft/latest"),
        ("GET", "drafts"),
        ("GET", "drafts/1"),
        ("GET", "drafts/2"),
    ):
        body = {"json": {"content": "Theirs", "based_on": 7}} if method == "POST" else {}
        answer = await other.ask(method, f"/documents/{document_id}/{path}", **body)
        check_problem(answer, 404, "not_found")
    assert await versions(me, document_id) == [1]


async def test_a_draft_can_be_saved_while_the_document_is_written_and_changes_no_section(me):
    document_id = await me.create()
    asked = await me.ask("POST", "/generate/document-async", json={"document_id": document_id})
    assert asked.status_code == 202
    before = (await me.ask("GET", f"/documents/{document_id}")).json()
    assert before["status"] == "generating"
    assert await saved(me, document_id, "# Mine\n\nText.\n") == 1
    assert (await me.ask("GET", f"/documents/{document_id}")).json() == before


async def test_a_deleted_document_takes_its_drafts_along(me):
    document_id = await me.create()
    await saved(me, document_id, "Text")
    assert (await me.ask("DELETE", f"/documents/{document_id}")).status_code == 204
    assert await count_kept(me, document_id) == 0
    check_problem(await save(me, document_id, "Text"), 404, "not_found")


async def test_a_save_that_ends_before_its_commit_leaves_neither_draft_nor_number(me):
    document_id = await me.create()
    for number in range(10):
        await saved(me, document_id, f"Text {number}")
    async with me.house.database.transaction() as tx:
        await tx.execute(text("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                              " 'BEGIN RAISE EXCEPTION ''no''; END'"))  # fmt: skip
        await tx.execute(text("CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON drafts DEFERRABLE INITIALLY"
                              " DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"))  # fmt: skip
    try:
        assert (await save(me, document_id, "Lost at the commit")).status_code == 500
    finally:
        async with me.house.database.transaction() as tx:
            await tx.execute(text("DROP FUNCTION refuse CASCADE"))
    assert await versions(me, document_id) == list(range(10, 0, -1))
    assert await saved(me, document_id, "Kept") == 11


async def test_the_openapi_document_describes_what_a_conflict_carries(me):
    schema = (await me.client.get("/openapi.json")).json()
    answers = schema["paths"]["/api/v1/documents/{document_id}/draft"]["post"]["responses"]
    described = answers["409"]["content"]["application/problem+json"]["schema"]["allOf"]
    assert described[0] == {"$ref": "#/components/schemas/Problem"}
    assert described[1]["properties"]["latest_version"]["type"] == "integer"
