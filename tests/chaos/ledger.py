"""What the database itself notes down of every write, by triggers, and how it is read afterwards."""

import asyncio
from typing import Any

import asyncpg

_TRY_FOR_S = 60.0
_LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

TRIGGERS = """
    CREATE TABLE chaos_writes (
        id bigint GENERATED ALWAYS AS IDENTITY, document_id bigint, number text, what text,
        at timestamptz DEFAULT clock_timestamp(), worker text DEFAULT current_setting('application_name')
    );
    CREATE FUNCTION chaos_note_section() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF OLD.content IS NOT NULL THEN
                INSERT INTO chaos_writes (document_id, number, what)
                VALUES (OLD.document_id, OLD.number, 'removed');
            END IF;
            RETURN OLD;
        END IF;
        IF TG_OP = 'INSERT' THEN
            INSERT INTO chaos_writes (document_id, number, what)
            VALUES (NEW.document_id, NEW.number, CASE WHEN NEW.content IS NULL THEN 'planned' ELSE 'written' END);
        ELSIF OLD.content IS NULL AND NEW.content IS NOT NULL THEN
            INSERT INTO chaos_writes (document_id, number, what) VALUES (NEW.document_id, NEW.number, 'written');
        ELSIF OLD.content IS NOT NULL THEN
            INSERT INTO chaos_writes (document_id, number, what) VALUES (NEW.document_id, NEW.number, 'rewritten');
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER chaos_sections AFTER INSERT OR DELETE OR UPDATE OF content, written_at, words ON sections
        FOR EACH ROW EXECUTE FUNCTION chaos_note_section();

    CREATE TABLE chaos_claims (
        id bigint GENERATED ALWAYS AS IDENTITY, job_id uuid, document_id bigint, attempt int, ended text,
        at timestamptz DEFAULT clock_timestamp(), worker text DEFAULT current_setting('application_name')
    );
    CREATE FUNCTION chaos_note_job() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO chaos_claims (job_id, document_id, attempt, ended)
        VALUES (NEW.id, NEW.document_id, NEW.attempt, CASE WHEN NEW.fence IS NULL THEN NEW.status END);
        RETURN NEW;
    END $$;
    CREATE TRIGGER chaos_jobs AFTER UPDATE OF fence ON jobs
        FOR EACH ROW WHEN (NEW.fence IS DISTINCT FROM OLD.fence) EXECUTE FUNCTION chaos_note_job();
"""
"""An UPDATE that names `content` of a written section counts as rewriting, whatever it writes."""

UNFINISHED = "SELECT count(*) FROM documents WHERE status NOT IN ('completed', 'failed')"
QUEUED = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'write_document'"
DOCUMENTS = """
    SELECT d.id, d.status, d.requirements AS label, j.status AS job, j.attempt, j.error, j.progress, j.warnings,
        j.sections_done, j.sections_total, count(*) OVER (PARTITION BY d.id) AS jobs
    FROM documents d LEFT JOIN jobs j ON j.document_id = d.id ORDER BY d.id
"""
SECTIONS = """
    SELECT s.document_id, s.number, s.content, s.written_at,
        (SELECT array_agg(w.what ORDER BY w.id) FROM chaos_writes w
         WHERE w.document_id = s.document_id AND w.number = s.number) AS writes
    FROM sections s ORDER BY s.document_id, s.position
"""
WRITES = "SELECT document_id, number, what, extract(epoch FROM at)::float8 AS at, worker FROM chaos_writes ORDER BY id"
CLAIMS = """
    SELECT job_id, document_id, attempt, ended, extract(epoch FROM at)::float8 AS at, worker
    FROM chaos_claims ORDER BY id
"""
EVENTS = """
    SELECT document_id, count(*) AS events, min(seq) AS first, max(seq) AS last,
        count(*) FILTER (WHERE fell) AS falls
    FROM (SELECT document_id, seq,
            progress < lag(progress) OVER (PARTITION BY document_id, job_id ORDER BY seq) AS fell
          FROM generation_events) AS told
    GROUP BY document_id
"""


async def ask(url: str, query: str, *values: Any) -> list[Any]:
    """Return the rows of a query; it is asked again as long as the database is away."""
    async with asyncio.timeout(_TRY_FOR_S):
        while True:
            try:
                connection = await asyncpg.connect(url, timeout=10)
                try:
                    return list(await connection.fetch(query, *values))
                finally:
                    await connection.close(timeout=5)
            except asyncpg.SyntaxOrAccessError:
                raise
            except _LOST:
                await asyncio.sleep(0.2)


async def lay(url: str) -> None:
    """Put the triggers in, once all tables are there."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TRIGGERS)
    finally:
        await connection.close()
