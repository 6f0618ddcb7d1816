"""An installation with rows in its tables is brought up to date, and loses nothing on the way there and back."""

import uuid
from collections.abc import AsyncIterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from tests.databases import SERVERS, database

from tesigo.entry.migrating import MIGRATIONS, migrate
from tesigo.kit.db import Database
from tesigo.kit.queue import defer

USER = "INSERT INTO users (email, created_at) VALUES ('a@example.com', now()) RETURNING id"
DOCUMENT = """
INSERT INTO documents (user_id, title, status, pages, language, citation_style, norm, requirements,
    created_at, updated_at)
VALUES (:user_id, 'Feedback', 'generating', 5, 'en', 'apa', 'generic', '', now(), now()) RETURNING id
"""
JOB = """
INSERT INTO jobs (id, document_id, user_id, status, priority, created_at)
VALUES (:id, :document_id, :user_id, :status, 0, now())
"""


@pytest.fixture(params=SERVERS)
async def first(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """Give a database with the first tables."""
    async with database(request.param) as url:
        db = Database(url)
        await bring(db, command.upgrade, "0001")
        yield db
        await db.close()


async def bring(db: Database, how, revision: str) -> None:
    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        how(config, revision)

    async with db.transaction() as tx:
        await (await tx.connection()).run_sync(run)


async def add_job(db: Database, *, status: str, is_in_queue: bool) -> tuple[uuid.UUID, int | None]:
    """Return (job, its entry in the queue)."""
    job_id = uuid.uuid4()
    async with db.transaction() as tx:
        user_id = await tx.scalar(text("SELECT min(id) FROM users")) or await tx.scalar(text(USER))
        document_id = await tx.scalar(text(DOCUMENT), {"user_id": user_id})
        values = {"id": job_id, "document_id": document_id, "user_id": user_id, "status": status}
        await tx.execute(text(JOB), values)
        return job_id, await defer(tx, "write_document", {"job_id": str(job_id)}) if is_in_queue else None


async def test_jobs_that_wait_or_run_know_their_entries_in_the_queue_afterwards(first):
    jobs = dict(
        [
            await add_job(first, status="queued", is_in_queue=True),
            await add_job(first, status="running", is_in_queue=True),
            await add_job(first, status="completed", is_in_queue=False),
        ]
    )
    await migrate(first)
    async with first.transaction() as tx:
        assert dict(tuple(row) for row in await tx.execute(text("SELECT id, queue_id FROM jobs"))) == jobs


async def test_the_way_back_keeps_what_was_there_and_the_way_forth_is_open_again(first):
    job_id, _ = await add_job(first, status="running", is_in_queue=True)
    await migrate(first)
    await bring(first, command.downgrade, "0001")
    await migrate(first)
    async with first.transaction() as tx:
        assert list(await tx.scalars(text("SELECT id FROM jobs"))) == [job_id]
        assert await tx.scalar(text("SELECT last_draft FROM documents")) == 0
