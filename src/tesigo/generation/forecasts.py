"""What can be said of a job's future: how many are served before it, and when it will have ended."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.generation import forecasts_store
from tesigo.generation.models import JobRow
from tesigo.generation.workers_service import count_workers


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job with what can be said of its future.

    queue_position: how many waiting jobs are served before it, None unless it waits.
    eta_s: seconds until it will have ended, None while nothing was measured that tells.
    """

    job: JobRow
    queue_position: int | None
    eta_s: int | None


async def forecast_job(tx: AsyncSession, job: JobRow, now: datetime, *, at_a_time: int) -> JobStatus:
    """Return the job with what can be said of its future; whose it is, is for the caller to have checked.

    at_a_time: how many sections of one job are written side by side.

    A running job needs for each section that is left what its sections took so far: from the moment when a
    run began with sections to that of its last one, so that neither research nor the time between two workers
    counts, divided by how many came out of it (while the first are still under way: by how many are written side
    by side). What went by since the last section is taken off. Before its own first section, the sections
    of the jobs that run or were completed last in this installation tell the pace.
    A waiting job begins when the sections of all that run and that are served before it are written, by as many
    jobs at a time as the living workers hold; with room for it among them, at once.
    """
    if job.status == "running":
        return JobStatus(job, None, await _running_eta_s(tx, job, now, at_a_time))
    if job.status == "queued":
        return await _forecast_waiting(tx, job, now)
    return JobStatus(job, None, None)


async def _running_eta_s(tx: AsyncSession, job: JobRow, now: datetime, at_a_time: int) -> int | None:
    if not job.sections_total:
        return None
    left = job.sections_total - job.sections_done
    own = await forecasts_store.get_pace(tx, job)
    if not own.sections:
        recent = await forecasts_store.get_recent_pace(tx)
        return round(recent.section_s * left) if recent.sections else None
    came_out = max(own.sections, min(at_a_time, own.sections + left))
    since_s = (now - own.last_at).total_seconds() if own.last_at else 0.0
    return max(0, round(own.took_s / came_out * left - since_s))


async def _forecast_waiting(tx: AsyncSession, job: JobRow, now: datetime) -> JobStatus:
    recent = await forecasts_store.get_recent_pace(tx)
    ahead = await forecasts_store.get_ahead(tx, job, sections_per_page=recent.sections_per_page)
    capacity = (await count_workers(tx, now)).capacity
    if not recent.sections or not capacity:
        return JobStatus(job, ahead.waiting, None)
    begins_in_s = 0.0
    if ahead.waiting + ahead.running >= capacity:
        begins_in_s = ahead.sections * recent.section_s / capacity
    own_s = ahead.own_sections * recent.section_s
    return JobStatus(job, ahead.waiting, round(begins_in_s + own_s))
