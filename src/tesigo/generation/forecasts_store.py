"""The SQL of how fast sections are written and what a waiting job waits for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.generation.models import JobRow

_RUNS = """
    told AS (
        SELECT event.job_id, event.type, event.stage, event.at,
            count(*) FILTER (WHERE event.type = 'status') OVER (PARTITION BY event.job_id ORDER BY seq) AS run
        FROM chosen JOIN generation_events AS event
            ON event.document_id = chosen.document_id AND event.job_id = chosen.id
    ), runs AS (
        SELECT run,
            min(at) FILTER (WHERE type = 'stage' AND stage = 'sections') AS began_at,
            max(at) FILTER (WHERE type = 'section') AS ended_at,
            count(*) FILTER (WHERE type = 'section') AS sections
        FROM told GROUP BY job_id, run
    )
"""
_MEASURED = """
    coalesce(sum(extract(epoch FROM ended_at - began_at)), 0)::float AS took_s,
    coalesce(sum(sections) FILTER (WHERE began_at IS NOT NULL), 0)::int AS sections
"""
_OWN = text(
    f"""
    WITH chosen AS (SELECT CAST(:job_id AS uuid) AS id, CAST(:document_id AS bigint) AS document_id), {_RUNS}
    SELECT {_MEASURED}, (array_agg(greatest(began_at, ended_at) ORDER BY run DESC))[1] AS last_at, 0.0 AS per_page
    FROM runs
    """  # noqa: S608 - parts of ours
)
_RECENT = text(
    f"""
    WITH chosen AS (
        (SELECT id, document_id, sections_total FROM jobs WHERE status = 'completed'
            ORDER BY finished_at DESC LIMIT 20)
        UNION ALL
        (SELECT id, document_id, sections_total FROM jobs WHERE status = 'running' AND sections_done > 0
            LIMIT 20)
    ), {_RUNS}
    SELECT {_MEASURED}, NULL::timestamptz AS last_at, (
        SELECT coalesce(sum(sections_total)::float / sum(pages), 0)
        FROM chosen JOIN documents ON documents.id = chosen.document_id
    ) AS per_page
    FROM runs
    """  # noqa: S608 - parts of ours
)
_LEFT = """
    CASE WHEN job.sections_total > 0 THEN job.sections_total - job.sections_done
        ELSE document.pages * CAST(:sections_per_page AS float) END
"""
_AHEAD = text(
    f"""
    SELECT count(*) FILTER (WHERE job.status = 'queued' AND job.id <> :job_id)::int AS waiting,
        count(*) FILTER (WHERE job.status = 'running')::int AS running,
        coalesce(sum({_LEFT}) FILTER (WHERE job.id <> :job_id), 0)::float AS sections,
        coalesce(sum({_LEFT}) FILTER (WHERE job.id = :job_id), 0)::float AS own_sections
    FROM jobs AS job JOIN documents AS document ON document.id = job.document_id
    WHERE job.id = :job_id OR job.status = 'running'
        OR job.status = 'queued' AND job.priority >= :priority
            AND (job.priority > :priority OR job.queue_id < :queue_id)
    """  # noqa: S608 - parts of ours
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast sections came out: so many, in so many seconds of writing.

    last_at: when the present run came to its sections, or had the last of them; None before.
    sections_per_page: of the jobs measured, 0 when unknown.
    """

    took_s: float
    sections: int
    last_at: datetime | None
    sections_per_page: float

    @property
    def section_s(self) -> float:
        """Return the seconds from one section to the next."""
        return self.took_s / self.sections


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a waiting job waits for: jobs that wait before it, jobs that run, what all of them have left to write.

    own_sections: what it has to write itself. Where no outline tells the sections, the pages do.
    """

    waiting: int
    running: int
    sections: float
    own_sections: float


async def get_pace(tx: AsyncSession, job: JobRow) -> Pace:
    """Return the pace of this job, in all of its runs."""
    return await _measure(tx, _OWN, {"job_id": job.id, "document_id": job.document_id})


async def get_recent_pace(tx: AsyncSession) -> Pace:
    """Return the pace of the jobs that run or were completed last, at most 20 of each."""
    return await _measure(tx, _RECENT, {})


async def get_ahead(tx: AsyncSession, job: JobRow, *, sections_per_page: float) -> Ahead:
    """Return what this waiting job waits for, in the order in which the queue serves."""
    row = await tx.execute(
        _AHEAD,
        {
            "job_id": job.id,
            "priority": job.priority,
            "queue_id": job.queue_id or 0,
            "sections_per_page": sections_per_page,
        },
    )
    return Ahead(*row.one())


async def _measure(tx: AsyncSession, query: Any, values: Mapping[str, Any]) -> Pace:
    row: Row[Any] = (await tx.execute(query, values)).one()
    return Pace(row.took_s, row.sections, row.last_at, row.per_page)
