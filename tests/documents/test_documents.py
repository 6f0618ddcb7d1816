import pytest

from tesigo.export.norms import norm_names

pytestmark = pytest.mark.asyncio(loop_scope="module")

WANTED = {
    "title": "Великі мовні моделі в освіті",
    "pages": 40,
    "language": "uk",
    "citation_style": "ieee",
    "norm": "dstu3008",
    "requirements": "Two chapters.",
    "model": "offline:extractive",
}


async def test_a_created_document_is_read_back_as_it_was_wanted(me):
    answer = await me.ask("POST", "/documents", json=WANTED)
    assert answer.status_code == 201
    created = answer.json()
    read = await me.client.get(answer.headers["location"])
    assert read.json() == created
    assert {name: created[name] for name in WANTED} == WANTED
    assert (created["status"], created["content"], created["word_count"]) == ("draft", None, 0)


async def test_only_what_is_given_changes(me):
    document_id = (await me.ask("POST", "/documents", json=WANTED)).json()["id"]
    changed = (await me.put(document_id, pages=12, requirements=None, model=None)).json()
    kept = {name: changed[name] for name in WANTED}
    assert kept == {**WANTED, "pages": 12, "requirements": None, "model": None}


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"title": "Fine", "colour": "red"}, "body.colour"),
        ({"title": "no"}, "body.title"),
        ({}, "body.title"),
        ({"title": "Fine", "pages": 4}, "body.pages"),
        ({"title": "Fine", "pages": 201}, "body.pages"),
        ({"title": "Fine", "language": "de"}, "body.language"),
        ({"title": "Fine", "model": ""}, "body.model"),
    ],
)
async def test_what_breaks_a_rule_or_is_unknown_is_refused_by_its_name(me, body, loc):
    answer = await me.ask("POST", "/documents", json=body)
    assert answer.status_code == 422
    assert [rule["loc"] for rule in answer.json()["errors"]] == [loc]
    document_id = await me.create()
    if "title" in body:
        assert (await me.put(document_id, **body)).status_code == 422


async def test_an_unknown_norm_or_style_is_answered_with_those_that_exist(me):
    document_id = await me.create()
    for answer in (
        await me.ask("POST", "/documents", json={"title": "Fine", "norm": "harvard"}),
        await me.put(document_id, norm="harvard"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_norm")
        assert all(name in answer.json()["detail"] for name in norm_names())
    answer = await me.put(document_id, citation_style="apa-7")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_style")
    assert "apa" in answer.json()["detail"]
    read = (await me.ask("GET", f"/documents/{document_id}")).json()
    assert (read["norm"], read["citation_style"]) == ("generic", "apa")


async def test_pages_of_the_list_hold_every_document_once_newest_first(me):
    ids = [await me.create(f"Document {number}") for number in range(5)]
    seen, cursor = [], {}
    for _ in range(3):
        page = (await me.ask("GET", "/documents", params={"limit": 2, **cursor})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
        if len(seen) == 2:
            await me.create("Made meanwhile")  # newer than the cursor: it moves nothing
    assert seen == ids[::-1]
    assert cursor == {"cursor": None}
    drafts = (await me.ask("GET", "/documents?status=draft")).json()["items"]
    assert len(drafts) == 6
    assert (await me.ask("GET", "/documents?status=completed")).json()["items"] == []


@pytest.mark.parametrize("cursor", ["", "x", "LTE", "MA", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk", "№", "%00"])
async def test_a_cursor_that_we_never_gave_out_is_refused(me, cursor):
    answer = await me.ask("GET", "/documents", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_a_deleted_document_is_gone_with_its_kept_files(me):
    document_id, other_id = await me.create(), await me.create()
    for each in (document_id, other_id):
        await me.put(each, content="# One\n\nText.\n")
        assert (await me.ask("GET", f"/documents/{each}/export?format=md")).status_code == 200
    kept = me.house.settings.data_dir / "files" / "exports"
    assert (await me.ask("DELETE", f"/documents/{document_id}")).status_code == 204
    assert (await me.ask("GET", f"/documents/{document_id}")).status_code == 404
    assert (await me.ask("DELETE", f"/documents/{document_id}")).status_code == 404
    assert not list(kept.glob(f"{document_id}/*"))
    assert list(kept.glob(f"{other_id}/*"))
