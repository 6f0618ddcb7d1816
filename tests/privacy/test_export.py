import io
import json
import zipfile

import pytest
from sqlalchemy import text
from tests.houses import client_of
from tests.privacy.planting import (
    NOT_THEIRS,
    make_everything,
    mark_every_column,
    mark_of,
    markable_columns,
    personal_tables,
)

from tesigo.accounts import personal_service as accounts
from tesigo.entry.tables import METADATA
from tesigo.generation import personal_service as generation

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEPT_BACK = {
    f"{table}.{column}"
    for kept in (accounts.KEPT_BACK, generation.KEPT_BACK)
    for table, columns in kept.items()
    for column in columns
}


async def id_of(me) -> int:
    return (await me.ask("GET", "/user/me")).json()["id"]


async def marked(me, mark: str) -> tuple[int, int]:
    """Return (user, document) with a mark in every column."""
    document_id, _ = await make_everything(me.client, mark)
    user_id = await id_of(me)
    await mark_every_column(me.house.database, user_id, mark)
    return user_id, document_id


async def test_every_table_is_a_persons_or_is_named_as_nobodys():
    assert set(METADATA.tables) == {*personal_tables(), *NOT_THEIRS}
    assert len(personal_tables()) >= 12


async def test_the_export_holds_every_column_of_the_user_but_those_that_are_kept_back_for_a_reason(me):
    user_id, _ = await marked(me, "ex1")
    answer = await me.ask("GET", "/user/export-data")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == f'attachment; filename="user_data_{user_id}.json"'
    assert answer.headers["cache-control"] == "no-store"
    answer.json()
    columns = [column for column in markable_columns() if column.key != "email"]
    assert len(columns) > 30
    for column in columns:
        is_told = f'"{mark_of("ex1", column)}"' in answer.text
        assert is_told == (f"{column.table.name}.{column.name}" not in KEPT_BACK), column


async def test_the_export_names_what_the_requirement_names(me):
    user_id, document_id = await marked(me, "ex2")
    told = (await me.ask("GET", "/user/export-data")).json()
    assert list(told) == [
        "exported_at", "user", "consents", "sign_ins", "link_codes", "documents", "usage", "payments",
    ]  # fmt: skip
    assert told["user"]["id"] == user_id
    assert told["payments"] == []
    assert [consent["kind"] for consent in told["consents"]] == [
        "essential", "analytics", "marketing", "analytics", "marketing",
    ]  # fmt: skip
    assert {"decided_at", "ip", "user_agent", "is_given"} <= told["consents"][0].keys()
    assert not {"refresh_hash", "parent_hash"} & told["sign_ins"][0].keys()
    assert not {"code_hash", "seed", "browser_hash"} & told["link_codes"][0].keys()
    first, second = told["documents"]
    assert first["id"] == document_id
    assert first["content"].count("ex2.sections.content") == 1
    assert len(first["sources"]) == 2
    assert {"abstract", "full_text", "csl", "key"} <= first["sources"][0].keys()
    assert first["citations"][0]["section"] == "1"
    assert first["citations"][0]["key"] in {source["key"] for source in first["sources"]}
    assert first["drafts"][0]["version"] == 1
    assert second["jobs"][0]["checkpoint"]["document_id"] == second["id"]
    assert second["events"][0]["seq"] == 1
    (usage,) = told["usage"]
    assert usage.pop("id")
    assert usage.pop("called_at")
    assert usage == {
        "document_id": second["id"], "job_id": second["jobs"][0]["id"], "product": "1", "model": "fake:model",
        "prompt": "section/1", "prompt_tokens": 30, "completion_tokens": 12, "is_estimated": False, "outcome": "used",
        "took_ms": 7,
    }  # fmt: skip


async def test_nothing_of_another_user_is_in_an_export_and_nobody_gets_none(me, other):
    await marked(me, "ex3mine")
    await marked(other, "ex3theirs")
    for wanted in ("json", "zip"):
        answer = await me.ask("GET", f"/user/export-data?format={wanted}")
        pieces = unzipped(answer.content) if wanted == "zip" else {"": answer.content}
        everything = b"".join(name.encode() + content for name, content in pieces.items())
        assert b"ex3mine" in everything
        assert b"ex3theirs" not in everything
    async with client_of(me.house) as stranger:
        assert (await stranger.get("/api/v1/user/export-data")).status_code == 401
    assert (await me.ask("GET", "/user/export-data?format=exe")).status_code == 422


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


async def test_the_archive_holds_the_record_and_the_files_of_each_document(me):
    document_id, _ = await make_everything(me.client, "ex4")
    user_id = await id_of(me)
    answer = await me.ask("GET", "/user/export-data?format=zip")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="user_data_{user_id}.zip"'
    files = unzipped(answer.content)
    record = json.loads(files[f"user_data_{user_id}.json"])
    told = (await me.ask("GET", "/user/export-data")).json()
    assert {**record, "exported_at": ""} == {**told, "exported_at": ""}
    folder = f"documents/{document_id}-ex4-title"
    assert files[f"{folder}/text.md"].decode() == told["documents"][0]["content"]
    bibliography = files[f"{folder}/sources.bib"].decode()
    sources = told["documents"][0]["sources"]
    assert all(f"{{{source['key']}," in bibliography for source in sources)
    for source in sources:
        text_of_it = files[f"{folder}/sources/{source['id']}-{source['key'].lower()}.txt"].decode()
        assert source["abstract"] in text_of_it
        assert source["full_text"] in text_of_it
    download = await me.ask("GET", f"/documents/{document_id}/export?format=md")
    kept = [content for name, content in files.items() if name.startswith(f"{folder}/exports/")]
    assert kept == [download.content]


@pytest.mark.parametrize("title", ["../../etc/passwd", "/root\\..\\x", "Їжа та мова", "CON\u202e", "a" * 300])
async def test_names_in_the_archive_are_ids_and_plain_letters_whatever_the_title(me, title):
    document_id = await me.create(title)
    await me.add(document_id, {"id": "../up", "type": "book", "title": "T", "abstract": "A text. " * 20})
    files = unzipped((await me.ask("GET", "/user/export-data?format=zip")).content)
    names = [name for name in files if name.startswith("documents/")]
    assert names
    for name in names:
        assert all(part.replace("-", "").replace(".", "").isalnum() for part in name.split("/")), name
        assert name.isascii()
        assert ".." not in name
        assert len(name) < 140


async def test_an_account_without_documents_has_an_export_too(me):
    told = (await me.ask("GET", "/user/export-data")).json()
    assert (told["documents"], told["usage"]) == ([], [])
    answer = await me.ask("GET", "/user/export-data?format=zip")
    assert list(unzipped(answer.content)) == [f"user_data_{told['user']['id']}.json"]


async def test_nothing_is_left_in_the_folder_of_the_installation(me):
    await make_everything(me.client, "ex5")
    before = sorted(me.house.settings.data_dir.rglob("*"))
    for wanted in ("json", "zip"):
        assert (await me.ask("GET", f"/user/export-data?format={wanted}")).status_code == 200
    assert sorted(me.house.settings.data_dir.rglob("*")) == before


async def test_a_snapshot_stays_as_it_was_and_changes_nothing(me):
    count = text("SELECT count(*) FROM documents")
    async with me.house.database.snapshot() as tx:
        before = await tx.scalar(count)
        await me.create("Later")
        assert await tx.scalar(count) == before
        with pytest.raises(Exception, match="read-only transaction"):
            await tx.execute(text("DELETE FROM documents"))
