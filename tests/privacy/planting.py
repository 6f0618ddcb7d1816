"""Marks in everything that is kept of a user: by the program's own ways first, then in every column that takes text."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from sqlalchemy import Column, String, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from tests.houses import ABSTRACTS

from tesigo.entry.tables import METADATA
from tesigo.kit.db import Database

NOT_THEIRS = {
    "library_sources": "of the installation: its operator brings them, and every document may find them",
    "search_answers": "of services outside, under keys that tell nothing of who asked or what",
    "workers": "of processes",
}
"""Tables that no user's data may be in, and why."""
NOT_TYPED = {
    "documents.status", "documents.language", "sections.kind", "sections.number", "jobs.status", "jobs.stage",
    "generation_events.type", "generation_events.status", "generation_events.stage", "generation_events.section",
    "consents.kind", "usage.product", "usage.model", "usage.prompt", "usage.outcome", "token_reservations.product",
    "token_reservations.model", "token_reservations.prompt",
}  # fmt: skip
"""Columns in which only words of ours can stand; most are too short for a mark."""
STAY_AS_NOBODYS = {
    "usage": "so that nobody gets a new day's limit by having an account erased",
    "token_reservations": "until it is known what the calls under way have used",
}
"""Tables whose rows an erasure leaves, without the user, the document and the job; and why."""
_SHORTEST = 64


def personal_tables() -> dict[str, str]:
    """Return the condition by which the rows of user `:user_id` are found, for each table that has such rows."""
    found: dict[str, str] = {}
    while True:
        more = {
            table.name: condition
            for table in METADATA.sorted_tables
            if table.name not in found and (condition := _condition(table, found))
        }
        if not more:
            return {**found, "link_codes": "email = (SELECT email FROM users WHERE id = :user_id)"}
        found.update(more)


def _condition(table: Table, known: Mapping[str, str]) -> str | None:
    if table.name == "users":
        return "id = :user_id"
    for key in sorted(table.foreign_keys, key=lambda key: key.column.table.name != "users"):
        parent = key.column.table.name
        if parent == "users":
            return f"{key.parent.name} = :user_id"
        if parent in known:
            return f"{key.parent.name} IN (SELECT {key.column.name} FROM {parent} WHERE {known[parent]})"  # noqa: S608 - names of ours
    return None


def markable_columns() -> list[Column[Any]]:
    """Return the columns of personal tables in which a mark has room."""
    return [
        column
        for table in METADATA.sorted_tables
        if table.name in personal_tables()
        for column in table.columns
        if f"{table.name}.{column.name}" not in NOT_TYPED and _takes_a_mark(column)
    ]


def _takes_a_mark(column: Column[Any]) -> bool:
    if isinstance(column.type, TSVECTOR) or not isinstance(column.type, Text | String | JSONB):
        return False
    too_short = (getattr(column.type, "length", None) or _SHORTEST) < _SHORTEST
    assert not too_short, f"{column}: too short for a mark; say in NOT_TYPED why no user's text is there"
    return True


def mark_of(mark: str, column: Column[Any]) -> str:
    """Return the mark of one column."""
    return f"{mark}.{column.table.name}.{column.name}"


async def make_everything(client: httpx.AsyncClient, mark: str) -> tuple[int, str]:
    """Make, by requests alone, a document with sources, texts, a draft, an export and a job; return it and the job."""
    title = {"title": f"{mark} title", "requirements": f"{mark} requirements"}
    created = await client.post("/api/v1/documents", json=title)
    assert created.status_code == 201, created.text
    document_id = created.json()["id"]
    record = {
        **ABSTRACTS[0],
        "title": f"{mark} source",
        "abstract": f"{mark} abstract. {ABSTRACTS[0]['abstract']}",
    }
    files = {"file": (f"{mark}-name.jsonl", json.dumps(record).encode())}
    added = await client.post(f"/api/v1/documents/{document_id}/sources", files=files)
    assert added.status_code == 201, added.text
    paper = (
        f"# {mark} paper\n\n" + f"{mark} says that essays of many students are read by patient teachers. " * 3
    )
    files = {"file": (f"{mark}-paper.md", paper.encode())}
    added = await client.post(f"/api/v1/documents/{document_id}/sources", files=files)
    assert added.status_code == 201, added.text
    key = added.json()["items"][0]["key"]
    content = {"content": f"# {mark} heading\n\n{mark} content [@{key}].\n"}
    assert (await client.put(f"/api/v1/documents/{document_id}", json=content)).status_code == 200
    draft = {"content": f"{mark} draft"}
    assert (await client.post(f"/api/v1/documents/{document_id}/draft", json=draft)).status_code == 201
    assert (await client.get(f"/api/v1/documents/{document_id}/export?format=md")).status_code == 200
    assert (
        await client.put("/api/v1/user/consents", json={"analytics": True, "marketing": True})
    ).status_code == 200
    wanted = {"title": f"{mark} job", "requirements": f"{mark} wish"}
    queued = await client.post("/api/v1/generate/document-async", json=wanted)
    assert queued.status_code == 202, queued.text
    return document_id, queued.json()["job_id"]


async def mark_every_column(database: Database, user_id: int, mark: str) -> None:
    """Put a mark of its own into every column of the user's rows that takes one; each table must have a row."""
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO checkpoints SELECT id, document_id, 0, '[]', '[]', 0, now() FROM jobs "
                "WHERE user_id = :user_id ON CONFLICT DO NOTHING"
            ),
            {"user_id": user_id},
        )
        await _add_link_code(tx, user_id)
        await _add_calls(tx, user_id)
        # the address is last: the codes are found by it
        for column in sorted(markable_columns(), key=lambda column: column.table.name == "users"):
            await _mark(tx, user_id, mark, column)


async def _add_link_code(tx: AsyncSession, user_id: int) -> None:
    await tx.execute(
        text(
            "INSERT INTO link_codes (code_hash, email, created_at, expires_at) "
            "SELECT gen_random_uuid()::text, email, now(), now() FROM users WHERE id = :user_id"
        ),
        {"user_id": user_id},
    )


async def _add_calls(tx: AsyncSession, user_id: int) -> None:
    """Add a call that was made for the user's first job, and one that is under way."""
    made = "gen_random_uuid(), user_id, document_id, id, '1', 'fake:model', 'section/1', 30, 12"
    of_job = "FROM jobs WHERE user_id = :user_id ORDER BY created_at LIMIT 1"
    for statement in (
        f"INSERT INTO usage SELECT {made}, false, 'used', now(), 7 {of_job}",
        f"INSERT INTO token_reservations SELECT {made}, false, true, now() {of_job}",
    ):
        await tx.execute(text(statement), {"user_id": user_id})


async def _mark(tx: AsyncSession, user_id: int, mark: str, column: Column[Any]) -> None:
    table = column.table.name
    owned = personal_tables()[table]
    value = mark_of(mark, column)
    if column.key == "email":  # by which all is found: it bears a mark already
        return
    if isinstance(column.type, JSONB):
        value = json.dumps({"title": value} if column.key == "csl" else [value])
    kind = "jsonb" if isinstance(column.type, JSONB) else "text"
    first = f"ctid = (SELECT min(ctid) FROM {table} WHERE {owned})"  # noqa: S608 - names of ours
    statement = f"UPDATE {table} SET {column.name} = CAST(:value AS {kind}) WHERE {first} RETURNING 1"  # noqa: S608 - names of ours
    marked = await tx.execute(text(statement), {"value": value, "user_id": user_id})
    assert marked.first() is not None, f"no row of the user in {table}: make one in this file"
