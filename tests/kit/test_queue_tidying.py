from tests.kit.queue_watching import Jobs

from tesigo.kit.queue_tidying import tidy_queue


async def left(jobs: Jobs, table: str, name: str = "entrypoint") -> list[str]:
    return [each for (each,) in await jobs.ask(f"SELECT DISTINCT {name} FROM {table} ORDER BY 1")]  # noqa: S608 - names of ours


async def test_the_log_goes_after_a_week_also_when_it_is_long(jobs: Jobs) -> None:
    for name, days, rows in (("older", 8, 12_000), ("newer", 6, 3)):
        await jobs.ask(
            "INSERT INTO pgqueuer_log (created, job_id, status, entrypoint, priority) "
            "SELECT now() - make_interval(days => $2), n, 'queued', $1, 0 FROM generate_series(1, $3) AS n",
            name, days, rows,
        )  # fmt: skip

    assert await tidy_queue(jobs.db) == 12_000

    assert await jobs.ask("SELECT entrypoint, count(*) FROM pgqueuer_log GROUP BY 1") == [("newer", 3)]


async def test_a_failed_job_goes_after_a_month_and_one_that_waits_never(jobs: Jobs) -> None:
    for task, status, days in (
        ("old", "failed", 31),
        ("new", "failed", 29),
        ("waits", "queued", 400),
        ("runs", "picked", 400),
    ):
        await jobs.put(task)
        await jobs.ask(
            "UPDATE pgqueuer SET status = $2::text::pgqueuer_status, updated = now() - make_interval(days => $3) "
            "WHERE entrypoint = $1",
            task, status, days,
        )  # fmt: skip

    await tidy_queue(jobs.db)

    assert await left(jobs, "pgqueuer") == ["new", "runs", "waits"]


async def test_a_schedule_that_nobody_runs_goes_after_a_month(jobs: Jobs) -> None:
    for name, days in (("gone", 31), ("late", 29), ("due", 0)):
        await jobs.ask(
            "INSERT INTO pgqueuer_schedules (expression, entrypoint, next_run) "
            "VALUES ('* * * * *', $1, now() - make_interval(days => $2))",
            name, days,
        )  # fmt: skip

    await tidy_queue(jobs.db)

    assert await left(jobs, "pgqueuer_schedules") == ["due", "late"]
