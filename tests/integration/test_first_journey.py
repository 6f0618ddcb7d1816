"""A stranger's first hour, over HTTP against real processes: sign in, bring a source, have it written, export."""

import asyncio
import io
import json
import os
import signal
import zipfile

import asyncpg
import httpx
import pypdfium2
import pytest
import websockets
from tests.databases import EMBEDDED, SERVER, database
from tests.houses import ABSTRACTS, sign_in
from tests.processes import served, tesigo


@pytest.mark.parametrize("server", [EMBEDDED, SERVER])
async def test_from_the_mail_to_the_finished_files(tmp_path, server):
    async with database(server) as url, served(tmp_path, DATABASE_URL=url) as (running, address):
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            me = await sign_in(client, tmp_path / "data" / "outbox", "writer@example.com")
            assert "code" in running.printed.lower()  # development prints the mail
            document_id = await create_with_sources(client, me)
            too_early = await client.get(f"/api/v1/documents/{document_id}/export?format=pdf", headers=me)
            assert too_early.status_code == 409
            queued = await client.post(
                "/api/v1/generate/document-async", json={"document_id": document_id}, headers=me
            )
            assert queued.status_code == 202
            messages = await follow(address, document_id, me)
            check_messages(messages)
            status = (await client.get(queued.json()["check_url"], headers=me)).json()
            assert (status["status"], status["progress"]) == ("completed", 100)
            document = (await client.get(f"/api/v1/documents/{document_id}", headers=me)).json()
            assert document["status"] == "completed"
            assert "[@" in document["content"]
            pdf = await client.get(f"/api/v1/documents/{document_id}/export?format=pdf", headers=me)
            docx = await client.get(f"/api/v1/documents/{document_id}/export?format=docx", headers=me)
            assert len(pypdfium2.PdfDocument(pdf.content)) >= 4
            assert "word/document.xml" in zipfile.ZipFile(io.BytesIO(docx.content)).namelist()
            again = await client.post(
                "/api/v1/generate/document-async", json={"document_id": document_id}, headers=me
            )
            assert again.json()["code"] == "already_written"
        running.send(signal.SIGINT)
        assert await running.until_ended() == 0


@pytest.mark.breakdown
async def test_a_worker_killed_in_the_middle_loses_nothing(tmp_path):
    async with database(EMBEDDED) as url, served(tmp_path, "--no-worker", DATABASE_URL=url) as (_, address):  # noqa: SIM117 - one line more than fits
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            me = await sign_in(client, tmp_path / "data" / "outbox", "writer@example.com")
            document_id = await create_with_sources(client, me, pages=12)
            queued = await client.post(
                "/api/v1/generate/document-async", json={"document_id": document_id}, headers=me
            )
            before = await kill_worker_halfway(tmp_path, url, document_id)
            assert before
            async with tesigo("work", folder=tmp_path, DATABASE_URL=url):
                await until_completed(client, queued.json()["check_url"], me)
            after = await written_sections(url, document_id)
            assert before.items() <= after.items()
            assert all(content for content, _ in after.values())


async def create_with_sources(client: httpx.AsyncClient, me: dict[str, str], pages: int = 5) -> int:
    wanted = {"title": "Feedback on student essays", "pages": pages}
    created = await client.post("/api/v1/documents", json=wanted, headers=me)
    assert created.status_code == 201, created.text
    document_id = created.json()["id"]
    lines = "\n".join(json.dumps(record) for record in ABSTRACTS).encode()
    added = await client.post(
        f"/api/v1/documents/{document_id}/sources", files={"file": ("papers.jsonl", lines)}, headers=me
    )
    assert len(added.json()["items"]) == len(ABSTRACTS), added.text
    return document_id


async def follow(address: str, document_id: int, me: dict[str, str]) -> list[dict]:
    """Return all messages until the job has ended; the connection is dropped and taken up once in between."""
    token = me["Authorization"].removeprefix("Bearer ")
    url = f"{address.replace('http', 'ws')}/ws/generation/{document_id}"
    messages: list[dict] = []
    async with asyncio.timeout(120):
        async with websockets.connect(url, subprotocols=["bearer", token]) as socket:
            messages.append(json.loads(await socket.recv()))
            if messages[0]["status"] not in ("completed", "failed"):
                messages.append(json.loads(await socket.recv()))
        last = messages[-1]["seq"]
        async with websockets.connect(f"{url}?after={last}", subprotocols=["bearer", token]) as socket:
            snapshot = json.loads(await socket.recv())
            assert snapshot["type"] == "snapshot"
            while messages[-1]["status"] not in ("completed", "failed"):
                messages.append(json.loads(await socket.recv()))
    return messages


def check_messages(messages: list[dict]) -> None:
    assert messages[0]["type"] == "snapshot"
    assert messages[-1]["status"] == "completed"
    numbers = [message["seq"] for message in messages]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    progress = [message["progress"] for message in messages]
    assert progress == sorted(progress)
    assert progress[-1] == 100


async def kill_worker_halfway(folder, url: str, document_id: int) -> dict[str, tuple[str, object]]:
    """Run a worker until about half of the sections are written, kill it with -9; return what is written."""
    async with tesigo("work", folder=folder, DATABASE_URL=url) as worker:
        async with asyncio.timeout(90):
            while True:
                sections = await written_sections(url, document_id)
                done = sum(content is not None for content, _ in sections.values())
                if done * 2 >= len(sections) > 0:
                    break
                await asyncio.sleep(0.02)  # the rows are the only witness of another process
        os.kill(worker.process.pid, signal.SIGKILL)
        await worker.process.wait()
    sections = await written_sections(url, document_id)
    assert any(content is None for content, _ in sections.values()), "the worker was quicker than the test"
    return {number: row for number, row in sections.items() if row[0] is not None}


async def written_sections(url: str, document_id: int) -> dict[str, tuple[str, object]]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT number, content, written_at FROM sections WHERE document_id = $1", document_id
        )
    finally:
        await connection.close()
    return {row["number"]: (row["content"], row["written_at"]) for row in rows}


async def until_completed(client: httpx.AsyncClient, check_url: str, me: dict[str, str]) -> None:
    progress = []
    async with asyncio.timeout(120):
        while True:
            status = (await client.get(check_url, headers=me)).json()
            progress.append(status["progress"])
            assert status["status"] != "failed", status
            if status["status"] == "completed":
                break
            await asyncio.sleep(0.2)  # polling is what this route is for
    assert progress == sorted(progress)
