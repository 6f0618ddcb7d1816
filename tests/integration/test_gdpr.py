"""What a user may ask for about their own data, on an installation as its operator runs it."""

import asyncio
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import redis
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.houses import ABSTRACTS, client_of, code_from_mail, opened_house, sign_in
from tests.integration.gdpr_search import (
    NOT_SEARCHED,
    find_in_database,
    find_in_files,
    find_in_redis,
    find_in_text,
)
from tests.ports import kept_port
from tests.privacy.planting import make_everything, mark_every_column
from tests.processes import Running, tesigo
from tests.redis_servers import redis_server

from tesigo.kit.db import Database
from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.secret_keys import generate_pair

MARK = "zebrafink7q"
ADDRESS = "203.0.113.77"
EMAIL = f"{MARK}.Person@Example.com"
AGENT = f"{MARK}-browser/1.0"
ALL_MARKS = (MARK, ADDRESS)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of the embedded database reaches, so that the database's own log lies below it."""
    folder = Path(tempfile.mkdtemp(prefix="tesigo-gdpr-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Installation:
    """One that runs in processes of its own: where it answers, its folder, its database, its Redis."""

    running: Running
    address: str
    data: Path
    url: str
    redis: redis.Redis

    @asynccontextmanager
    async def visitor(self, address: str, agent: str) -> AsyncIterator[httpx.AsyncClient]:
        headers = {"X-Forwarded-For": address, "User-Agent": agent}
        async with httpx.AsyncClient(base_url=self.address, headers=headers, timeout=60) as client:
            yield client


@asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[Installation]:
    """Serve as in production: `tesigo serve` with its worker, the embedded database, a Redis, mails as files."""
    keys = generate_pair()
    with kept_port() as port, redis_server(folder) as server, server.client() as client:
        environment = {
            "ENVIRONMENT": "production",
            "PUBLIC_URL": "https://tesigo.example",
            "SECRET_KEY": keys.secret_key,
            "JWT_SECRET": keys.jwt_secret,
            "REDIS_URL": server.url,
            "TRUSTED_PROXIES": "127.0.0.1",
            "CHECKPOINT_INTERVAL_S": "0.2",
        }
        async with tesigo("serve", "--port", str(port), folder=folder, **environment) as running:
            await running.until_printed("TesiGo is ready")
            postgres = EmbeddedPostgres(folder / "data")
            url = await asyncio.to_thread(postgres.acquire)
            try:
                yield Installation(running, f"http://127.0.0.1:{port}", folder / "data", url, client)
            finally:
                await asyncio.to_thread(postgres.release)


async def until(is_so: Callable[[], Awaitable[object]], *, within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.1)


@pytest.mark.breakdown
async def test_after_erasure_nothing_of_the_user_is_found_anywhere(folder):
    async with installation(folder) as here:
        database = Database(here.url)
        async with here.visitor(ADDRESS, AGENT) as me, here.visitor("198.51.100.1", "bystander/1.0") as other:
            other.headers.update(await sign_in(other, here.data / "outbox", "bystander@example.com"))
            document_id = (await other.post("/api/v1/documents", json={"title": "Stays"})).json()["id"]
            kept = await other.get("/api/v1/user/export-data")

            user_id = await plant(here, database, me)
            job_ids = await start_writing(here, database, me)
            await check_that_the_search_finds(here, job_ids)

            answer = await me.delete("/api/v1/user/delete-account")
            assert (answer.status_code, answer.json()) == (200, {"status": "account_deleted"})
            assert (await me.get("/api/v1/user/me")).status_code == 401
            assert await find_in_database(here.url, *ALL_MARKS) == []  # at once: it is one transaction

            async def is_swept() -> bool:
                return not find_in_files(here.data, *ALL_MARKS) and not find_in_redis(here.redis, *job_ids)

            await until(is_swept)
            await until(lambda: is_left_alone(database, job_ids))
            assert await find_in_database(here.url, *ALL_MARKS) == []
            assert find_in_files(here.data, *ALL_MARKS) == []
            assert find_in_redis(here.redis, *ALL_MARKS, *job_ids) == []
            async with database.transaction() as tx:
                left = await tx.execute(text("SELECT email, full_name FROM users ORDER BY id"))
                assert [tuple(row) for row in left] == [
                    ("bystander@example.com", None),
                    (f"deleted_{user_id}@deleted.com", "DELETED USER"),
                ]
            after = await other.get("/api/v1/user/export-data")
            assert after.json()["documents"] == kept.json()["documents"]
            assert after.json()["documents"][0]["id"] == document_id
        await database.close()
    assert "account erased" in here.running.printed
    assert find_in_text(here.running.printed, *ALL_MARKS) == []


async def plant(here: Installation, database: Database, me: httpx.AsyncClient) -> int:
    """Register somebody and put a mark into everything that is kept of them; return their id."""
    outbox = here.data / "outbox"
    assert (await me.post("/api/v1/auth/magic-link", json={"email": EMAIL})).status_code == 202
    code = await code_from_mail(outbox, EMAIL.lower())
    redeemed = {"code": code, "gdpr_consent": True, "marketing_consent": True}
    answer = await me.post("/api/v1/auth/magic-link/verify", json=redeemed)
    assert answer.status_code == 200, answer.text
    me.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    document_id, _ = await make_everything(me, MARK)
    await me.get(f"/api/v1/documents/{document_id}/export?format=html")
    user_id = answer.json()["user"]["id"]
    await until(lambda: has_ended(database, user_id))
    await mark_every_column(database, user_id, MARK)
    for _ in range(2):  # these two mails lie in the outbox when the account goes
        assert (await me.post("/api/v1/auth/magic-link", json={"email": EMAIL.upper()})).status_code == 202
    # refused by the database, which would quote it in its own log
    insert = text("INSERT INTO users (email, created_at) SELECT email, created_at FROM users WHERE id = :id")
    with pytest.raises(Exception, match="duplicate key") as refused:
        async with database.transaction() as tx:
            await tx.execute(insert, {"id": user_id})
    assert MARK not in f"{refused.value}{refused.value.__cause__}{refused.value.orig.__cause__}"
    return user_id


async def has_ended(database: Database, user_id: int) -> bool:
    query = text("SELECT count(*) FROM jobs WHERE user_id = :id AND status IN ('queued', 'running')")
    async with database.transaction() as tx:
        return not await tx.scalar(query, {"id": user_id})


async def start_writing(here: Installation, database: Database, me: httpx.AsyncClient) -> list[str]:
    """Have a long document written; return the ids of all jobs of the user once it is in the middle of it."""
    created = await me.post("/api/v1/documents", json={"title": f"{MARK} essays", "pages": 40})
    document_id = created.json()["id"]
    for record in ABSTRACTS:
        marked = {
            **record,
            "abstract": f"{record['abstract']} The {MARK} of teachers reads essays with care today.",
        }
        added = await me.post(f"/api/v1/documents/{document_id}/sources", json=marked)
        assert added.status_code == 201, added.text
    queued = await me.post("/api/v1/generate/document-async", json={"document_id": document_id})
    job_id = queued.json()["job_id"]

    async def is_under_way() -> bool:
        return here.redis.exists(f"tesigo:checkpoint:{job_id}") == 1

    await until(is_under_way)
    async with database.transaction() as tx:
        return [str(found) for found in await tx.scalars(text("SELECT id FROM jobs"))]


async def check_that_the_search_finds(here: Installation, job_ids: list[str]) -> None:
    """Show that what is searched can be found where it is."""
    columns = set(await find_in_database(here.url, *ALL_MARKS))
    assert {
        "users.email", "users.full_name", "consents.user_agent", "consents.ip", "sign_ins.user_agent",
        "link_codes.email", "documents.title", "documents.requirements", "sections.content", "sources.full_text",
        "sources.csl", "citations.passage", "drafts.content", "jobs.error", "generation_events.error",
    } <= columns  # fmt: skip
    files = find_in_files(here.data, *ALL_MARKS)
    assert any(name.startswith("files/exports/") for name in files), files
    assert sum(name.startswith("outbox/") for name in files) >= 2
    assert find_in_redis(here.redis, *job_ids)
    log = here.data / "postgresql" / "server.log"
    assert "duplicate key" in log.read_text()
    assert not log.relative_to(here.data).as_posix().startswith(NOT_SEARCHED)
    assert (here.data / NOT_SEARCHED[0]).is_dir()


async def is_left_alone(database: Database, job_ids: list[str]) -> bool:
    """Say whether no entry of the queue writes any of these jobs."""
    query = text("SELECT convert_from(payload, 'UTF8') FROM pgqueuer WHERE entrypoint = 'write_document'")
    async with database.transaction() as tx:
        entries = "".join(await tx.scalars(query))
    return not any(job_id in entries for job_id in job_ids)


async def test_with_storage_and_redis_away_at_the_request_it_ends_erased_once_they_are_back(tmp_path):
    data = tmp_path / "data"
    with redis_server(tmp_path) as server, server.client() as client:
        async with opened_house(data, redis_url=server.url) as house, client_of(house) as me:
            me.headers.update(await sign_in(me, data / "outbox", EMAIL.lower()))
            _, job_id = await make_everything(me, MARK)
            client.set(f"tesigo:checkpoint:{job_id}", b"as a worker keeps it")
            me_again = await me.post("/api/v1/auth/magic-link", json={"email": EMAIL})
            assert me_again.status_code == 202
            exports, away = data / "files" / "exports", data / "away"
            exports.rename(away)
            exports.write_text("a file where the folder was")
            server.pause()
            with capture_logs() as logs:
                answer = await me.delete("/api/v1/user/delete-account")
                assert (answer.status_code, answer.json()) == (200, {"status": "account_deleted"})

                async def were_both_tried() -> bool:
                    return {
                        "files cannot be removed, trying again",
                        "copies cannot be removed, trying again",
                    } <= {line["event"] for line in logs}

                await until(were_both_tried)
                assert find_in_files(away, MARK)
                exports.unlink()
                away.rename(exports)
                server.go_on()

                async def is_swept() -> bool:
                    return not find_in_files(data, MARK) and not find_in_redis(client, job_id)

                await until(is_swept)
            assert not [line for line in logs if MARK in str(line)]


async def test_nobody_is_registered_without_consent_and_what_was_agreed_to_is_kept_and_can_change(tmp_path):
    async with opened_house(tmp_path) as house, client_of(house, **{"User-Agent": AGENT}) as me:
        assert (await me.post("/api/v1/auth/magic-link", json={"email": EMAIL})).status_code == 202
        code = await code_from_mail(tmp_path / "outbox", EMAIL.lower())
        verify = "/api/v1/auth/magic-link/verify"
        for _ in range(2):
            refused = await me.post(verify, json={"code": code})
            assert (refused.status_code, refused.json()["code"]) == (400, "consent_required")
        async with house.database.transaction() as tx:
            assert await tx.scalar(text("SELECT count(*) FROM users")) == 0
        answer = await me.post(verify, json={"code": code, "gdpr_consent": True, "analytics_consent": True})
        assert answer.status_code == 200, answer.text
        me.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        assert (await me.get("/api/v1/user/me")).json()["email"] == EMAIL.lower()

        changed = await me.put("/api/v1/user/consents", json={"analytics": False, "marketing": True})
        assert changed.status_code == 200
        told = (await me.get("/api/v1/user/export-data")).json()["consents"]
        assert [(each["kind"], each["is_given"]) for each in told] == [
            ("essential", True), ("analytics", True), ("marketing", False), ("analytics", False), ("marketing", True),
        ]  # fmt: skip
        for each in told:
            assert each["user_agent"] == AGENT
            assert each["ip"] == "127.0.0.1"
            assert re.match(r"\d{4}-\d\d-\d\dT.*\+00:00$", each["decided_at"])


async def test_a_row_that_the_database_refuses_is_not_quoted_in_the_error(tmp_path):
    async with opened_house(tmp_path) as house:
        secret = f"{MARK}{secrets.token_hex(4)}"
        insert = text(
            "INSERT INTO consents (user_id, kind, is_given, decided_at) VALUES (0, :kind, true, now())"
        )
        with pytest.raises(Exception, match="ck_consents_kind_is_known") as refused:
            async with house.database.transaction() as tx:
                await tx.execute(insert, {"kind": secret[:16]})
        error: BaseException | None = refused.value
        while error is not None:
            assert secret[:16] not in str(error)
            error = error.__cause__
