"""Fifty users at once: whatever is logged, recorded or told of a job names its own user and document."""

import asyncio
import json
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import websockets
from tests.databases import EMBEDDED, database
from tests.houses import ABSTRACTS, sign_in
from tests.processes import Running, served

from tesigo.kit.secret_keys import generate_pair

pytestmark = pytest.mark.breakdown

USERS = 50
WORKER = Path(__file__).with_name("quick_worker.py")
IDS = ("user_id", "document_id", "job_id")
DOCUMENT_PATH = re.compile(r"/documents/(\d+)")
JOB_PATH = re.compile(r"/jobs/([0-9a-f-]{36})")


@dataclass
class Case:
    """One user with their document and job, and all that they were told."""

    number: int
    headers: dict[str, str]
    user_id: int
    document_id: int = 0
    job_id: str = ""
    told: list[dict[str, Any]] | None = None

    @property
    def word(self) -> str:
        """What stands in this user's sources and nowhere else."""
        return f"cohort{self.number}x"

    @property
    def ids(self) -> dict[str, object]:
        return {"user_id": self.user_id, "document_id": self.document_id, "job_id": self.job_id}


async def test_fifty_users_at_once_are_never_mistaken_for_each_other(tmp_path):
    settings = production()
    async with (
        database(EMBEDDED) as url,
        served(tmp_path, "--no-worker", DATABASE_URL=url, **settings) as (site, _),
        asking(site) as (client, address),
    ):
        outbox = tmp_path / "data" / "outbox"
        cases = [await arrive(client, outbox, number) for number in range(USERS)]
        await asyncio.gather(*(prepare(client, case) for case in cases))
        await asyncio.gather(*(request(client, case) for case in cases))
        async with working(
            tmp_path, DATABASE_URL=url, **settings
        ) as worker:  # which finds all of them waiting
            await asyncio.gather(*(follow(client, address, case) for case in cases))
        running, most = jobs_at_a_time(worker)
        assert running == []
        assert 5 <= most <= 10
        await check_answers(client, cases)
        await check_rows(url, cases)
    check_log(worker, cases, needed=IDS, at_least=2 * USERS)
    check_log(site, cases, needed=("user_id",), at_least=6 * USERS)
    check_paths(site, cases)


def production() -> dict[str, str]:
    """Return settings under which every line of the log is a JSON object, and ten jobs run at a time."""
    keys = generate_pair()
    return {
        "ENVIRONMENT": "production",
        "PUBLIC_URL": "http://127.0.0.1",
        "SECRET_KEY": keys.secret_key,
        "JWT_SECRET": keys.jwt_secret,
        "MIN_WORKERS": "10",
        "MAX_WORKERS": "10",
    }


@asynccontextmanager
async def asking(site: Running) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """Give a client of the site, and its own address: what it calls itself is PUBLIC_URL, which has no port."""
    address = (await site.until_printed(r"running on (http://[\d.]+:\d+)"))[1]
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        yield client, address


@asynccontextmanager
async def working(folder: Path, **environment: str) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        WORKER,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "DATA_DIR": str(folder / "data"), **environment},
    )
    running = Running(process)
    try:
        yield running
        process.terminate()
        assert await running.until_ended() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def arrive(client: httpx.AsyncClient, outbox: Path, number: int) -> Case:
    headers = await sign_in(client, outbox, f"user{number}@example.com")
    me = (await client.get("/api/v1/user/me", headers=headers)).json()
    return Case(number, headers, me["id"])


async def prepare(client: httpx.AsyncClient, case: Case) -> None:
    wanted = {"title": "Feedback on student essays", "pages": 5, "requirements": f"for {case.word}"}
    created = await client.post("/api/v1/documents", json=wanted, headers=case.headers)
    case.document_id = created.json()["id"]
    for record in ABSTRACTS[:4]:
        abstract = re.sub(r"(group|class|cohort|school) \d", rf"\1 {case.word}", record["abstract"])
        answer = await client.post(
            f"/api/v1/documents/{case.document_id}/sources",
            json={**record, "abstract": abstract},
            headers=case.headers,
        )
        assert answer.status_code == 201, answer.text


async def request(client: httpx.AsyncClient, case: Case) -> None:
    queued = await client.post(
        "/api/v1/generate/document-async", json={"document_id": case.document_id}, headers=case.headers
    )
    assert queued.status_code == 202, queued.text
    case.job_id = queued.json()["job_id"]


async def follow(client: httpx.AsyncClient, address: str, case: Case) -> None:
    """Follow the document live to its end, while asking over HTTP again and again."""
    case.told = []
    url = f"{address.replace('http', 'ws')}/ws/generation/{case.document_id}?after=0"
    token = case.headers["Authorization"].removeprefix("Bearer ")
    async with asyncio.timeout(240), websockets.connect(url, subprotocols=["bearer", token]) as following:
        while not case.told or case.told[-1]["status"] not in ("completed", "failed"):
            case.told.append(json.loads(await following.recv()))
            status = await client.get(f"/api/v1/jobs/{case.job_id}/status", headers=case.headers)
            assert status.json()["document_id"] == case.document_id


def jobs_at_a_time(worker: Running) -> tuple[list[str], int]:
    """Return the jobs that began and have not ended, and how many ran at the same time at most."""
    running: list[str] = []
    most = 0
    for line in lines_of(worker):
        if line["event"] == "job started":
            running.append(line["job_id"])
        elif line["event"] == "job completed":
            running.remove(line["job_id"])
        most = max(most, len(running))
    return running, most


async def check_answers(client: httpx.AsyncClient, cases: Iterable[Case]) -> None:
    for case in cases:
        assert case.told is not None
        assert case.told[-1]["status"] == "completed", case.told[-1]
        assert {message["job_id"] for message in case.told[1:]} == {case.job_id}
        document = (await client.get(f"/api/v1/documents/{case.document_id}", headers=case.headers)).json()
        assert set(re.findall(r"cohort\d+x", document["content"])) == {case.word}


async def check_rows(url: str, cases: Iterable[Case]) -> None:
    """Every row that has to do with a job belongs to one triple of user, document and job."""
    triples = {(case.user_id, case.document_id, case.job_id) for case in cases}
    pairs = {(document_id, job_id) for _, document_id, job_id in triples}
    connection = await asyncpg.connect(url)
    try:
        jobs = await connection.fetch(
            "SELECT d.user_id, j.document_id, j.id::text FROM jobs j JOIN documents d ON d.id = j.document_id "
            "WHERE j.user_id = d.user_id"
        )
        assert {tuple(row) for row in jobs} == triples
        for table, fewest in (("generation_events", 8 * USERS), ("checkpoints", USERS)):
            rows = await connection.fetch(f"SELECT document_id, job_id::text FROM {table}")  # noqa: S608 - a name of ours
            assert len(rows) >= fewest, table
            assert {tuple(row) for row in rows} == pairs, table
        done = await connection.fetch(
            "SELECT document_id, jsonb_array_length(sections_done) AS done, current_sections, progress FROM checkpoints"
        )
        sections = Counter(
            row["document_id"] for row in await connection.fetch("SELECT document_id FROM sections")
        )
        assert {row["document_id"]: row["done"] for row in done} == sections
        foreign = await connection.fetch(
            "SELECT s.id FROM sections s JOIN documents d ON d.id = s.document_id "
            "CROSS JOIN LATERAL regexp_matches(s.content, 'cohort[0-9]+x', 'g') AS found "
            "WHERE d.requirements <> 'for ' || found[1]"
        )
        assert foreign == []
    finally:
        await connection.close()


def check_log(process: Running, cases: Iterable[Case], *, needed: Iterable[str], at_least: int) -> None:
    """Every line that names a user, document or job names those that belong together.

    needed: what at least so many lines must have; lines with a job or document must have them too.
    """
    known = index_of(cases)
    checked = 0
    for line in lines_of(process):
        named = {name: line[name] for name in IDS if name in line}
        if not named:
            assert line["event"] not in ("job started", "job completed"), line
            continue
        if "job_id" in named or "document_id" in named:
            assert set(needed) <= named.keys(), line
        (case,) = {known[name][value].number: known[name][value] for name, value in named.items()}.values()
        assert named.items() <= case.ids.items(), line
        checked += 1
    assert checked >= at_least


def check_paths(site: Running, cases: Iterable[Case]) -> None:
    """The user that a request is logged with is the one whose document or job stands in its address."""
    known = index_of(cases)
    checked = 0
    for line in lines_of(site):
        path = str(line.get("path", ""))
        for pattern, name in ((DOCUMENT_PATH, "document_id"), (JOB_PATH, "job_id")):
            if (found := pattern.search(path)) and not path.startswith("/ws"):
                value = int(found[1]) if name == "document_id" else found[1]
                assert line["user_id"] == known[name][value].user_id, line
                checked += 1
    assert checked >= 6 * USERS


def index_of(cases: Iterable[Case]) -> Mapping[str, Mapping[object, Case]]:
    known: defaultdict[str, dict[object, Case]] = defaultdict(dict)
    for case in cases:
        for name, value in case.ids.items():
            known[name][value] = case
    return known


def lines_of(process: Running) -> list[dict[str, Any]]:
    """Return what the process logged; in production each line is an object."""
    return [json.loads(line) for line in process.printed.splitlines() if line.startswith("{")]
