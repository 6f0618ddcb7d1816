"""What nobody will ask for any more is forgotten in time, and nothing else."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.houses import ABSTRACTS, opened_house
from tests.usage.ledgers import Ledger, make_call
from tests.writers import Writer, signed_in

from tesigo.accounts.ports import Mail
from tesigo.entry.housekeeping import Chore, database_chores, do_chore, folder_chores, tidied_folders
from tesigo.entry.wiring import House
from tesigo.entry.worker import run_jobs
from tesigo.generation import service as generation
from tesigo.kit.errors import Unavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")
START = datetime(2040, 3, 1, 12, tzinfo=UTC)


class Calendar:
    """A clock that a test moves by days."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


class Household:
    """A writer's house, its calendar, and its chores by name."""

    def __init__(self, me: Writer, calendar: Calendar) -> None:
        self.me = me
        self.calendar = calendar

    async def do(self, name: str) -> int | None:
        every = (*database_chores(self.me.house), *folder_chores(self.me.house))
        (chore,) = (each for each in every if each.name == name)
        return await chore.run()

    async def ask(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        async with self.me.house.database.transaction() as tx:
            answer = await tx.execute(text(statement), values)
            return [tuple(row) for row in answer] if answer.returns_rows else []

    async def count(self, table: str) -> int:
        ((count,),) = await self.ask(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of ours
        return count


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calendar() -> Calendar:
    return Calendar()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, calendar: Calendar) -> AsyncIterator[House]:
    async with opened_house(tmp_path_factory.mktemp("house"), clock=calendar) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def household(house: House, calendar: Calendar) -> AsyncIterator[Household]:
    """Give a house with one user and nothing else in it."""
    await house.files.remove_files("exports/")
    shutil.rmtree(house.settings.data_dir / "outbox", ignore_errors=True)
    async with house.database.transaction() as tx:
        await tx.execute(text("TRUNCATE users, link_codes, workers CASCADE"))
    async with signed_in(house) as me:
        yield Household(me, calendar)


async def ended_job(at_home: Household, *, events: int, status: str = "completed") -> int:
    """Return the document of a job that ended now and told this many events."""
    answer = await at_home.me.ask("POST", "/generate/document-async", json={"title": "Feedback on essays"})
    document_id = answer.json()["document_id"]
    async with at_home.me.house.database.transaction() as tx:
        job = await generation.find_latest_job(tx, document_id)
        assert job is not None
        for _ in range(events - 1):
            await generation.tell(tx, job, "stage", at=at_home.calendar.now)
        await tx.execute(
            text("INSERT INTO checkpoints VALUES (:id, :document_id, 50, '[]', '[]', 0, :now)"),
            {"id": job.id, "document_id": document_id, "now": at_home.calendar.now},
        )
        job.status = status
        job.finished_at = at_home.calendar.now  # whatever its status: one that goes on had ended before
    return document_id


async def numbers(at_home: Household, document_id: int) -> list[int]:
    query = "SELECT seq FROM generation_events WHERE document_id = :document_id ORDER BY seq"
    return [seq for (seq,) in await at_home.ask(query, document_id=document_id)]


async def test_events_of_jobs_that_ended_30_days_ago_go_and_the_newest_of_each_document_stays(household):
    old = await ended_job(household, events=5)
    household.calendar.pass_by(seconds=1)
    younger = await ended_job(household, events=3, status="failed")
    household.calendar.pass_by(days=30)
    assert await household.do("events") == 4
    assert await numbers(household, old) == [5]
    assert await numbers(household, younger) == [1, 2, 3]
    assert await household.do("events") == 0

    async with household.me.house.database.transaction() as tx:
        job = await generation.find_latest_job(tx, old)
        assert job is not None
        await generation.tell(tx, job, "status", at=household.calendar.now)
    assert await numbers(household, old) == [5, 6]


async def test_more_events_than_fit_into_one_transaction_go_too(household):
    document_id = await ended_job(household, events=1)
    await household.ask(
        "INSERT INTO generation_events SELECT document_id, seq + n, job_id, type, status, stage, progress, "
        "sections_done, sections_total, section, error, at FROM generation_events, generate_series(1, 2500) n"
    )
    household.calendar.pass_by(days=31)
    assert await household.do("events") == 2500
    assert await numbers(household, document_id) == [2501]


@pytest.mark.parametrize("status", ["queued", "running", "paused"])
async def test_a_job_that_has_not_ended_keeps_its_events_and_its_checkpoint_however_old(household, status):
    document_id = await ended_job(household, events=3, status=status)
    household.calendar.pass_by(days=400)
    assert (await household.do("events"), await household.do("checkpoints")) == (0, 0)
    assert await numbers(household, document_id) == [1, 2, 3]
    assert await household.count("checkpoints") == 1


async def test_checkpoints_go_seven_days_after_their_jobs_ended(household):
    await ended_job(household, events=1, status="cancelled")
    household.calendar.pass_by(days=7)
    assert await household.do("checkpoints") == 0
    household.calendar.pass_by(seconds=1)
    assert await household.do("checkpoints") == 1
    assert await household.count("jobs") == 1


async def test_link_codes_go_after_a_day_and_those_that_still_count_stay(household):
    await household.me.ask("POST", "/auth/magic-link", json={"email": "nobody@example.com"})
    household.calendar.pass_by(hours=23)
    assert await household.do("link_codes") == 0
    household.calendar.pass_by(hours=1, seconds=1)
    assert await household.do("link_codes") == 2
    assert await household.count("link_codes") == 0


async def test_sign_ins_go_a_day_after_they_expired_or_were_revoked_and_good_ones_stay_good(household):
    async with signed_in(household.me.house) as other:
        query = "UPDATE sign_ins SET revoked_at = :now WHERE user_id = (SELECT max(id) FROM users)"
        await household.ask(query, now=household.calendar.now)
        household.calendar.pass_by(days=1)
        assert await household.do("sign_ins") == 0
        household.calendar.pass_by(seconds=1)
        assert await household.do("sign_ins") == 1
        assert (await other.ask("GET", "/user/me")).status_code == 401
    household.calendar.pass_by(days=6)
    assert await household.do("sign_ins") == 0
    household.calendar.pass_by(days=1)
    assert await household.do("sign_ins") == 1


async def test_drafts_go_after_30_days_and_the_newest_stays(household):
    document_id = await household.me.create()
    for number in range(3):
        draft = {"content": f"Draft {number}", "based_on": None}
        assert (
            await household.me.ask("POST", f"/documents/{document_id}/draft", json=draft)
        ).status_code == 201
    household.calendar.pass_by(days=31)
    assert await household.do("drafts") == 2
    assert await household.ask("SELECT content FROM drafts") == [("Draft 2",)]


async def test_calls_of_which_nobody_told_for_an_hour_are_written_off_as_lost(household):
    ledger = Ledger(household.me.house.database, household.calendar.now)
    payer = await ledger.make_payer()
    assert await ledger.reserve(payer, make_call(100))
    household.calendar.pass_by(hours=1)
    assert await household.do("calls") == 0
    household.calendar.pass_by(seconds=1)
    assert await household.do("calls") == 1
    assert await household.ask("SELECT document_id, outcome FROM usage") == [(payer.document_id, "lost")]
    assert await household.count("token_reservations") == 0


async def test_workers_that_gave_no_sign_for_a_minute_go(household):
    await household.ask(
        "INSERT INTO workers VALUES (gen_random_uuid(), 'here', 1, 2, 0, :now, :now)",
        now=household.calendar.now,
    )
    household.calendar.pass_by(seconds=60)
    assert await household.do("lost_workers") == 0
    household.calendar.pass_by(seconds=1)
    assert await household.do("lost_workers") == 1


async def test_exports_of_an_earlier_text_or_of_a_document_that_is_gone_go_and_those_that_fit_stay(household):
    me, files = household.me, household.me.house.files
    changed, same, emptied = [await me.create(title) for title in ("Changed", "The same", "Emptied")]
    for document_id in (changed, same, emptied):
        (source,) = await me.add(document_id, ABSTRACTS[0])
        assert (await me.put(document_id, content=f"# One\n\nText [@{source['key']}].\n")).status_code == 200
        for wanted in ("md", "html"):
            assert (
                await me.ask("GET", f"/documents/{document_id}/export?format={wanted}")
            ).status_code == 200
    await me.put(changed, title="Changed since")
    await me.ask("GET", f"/documents/{changed}/export?format=md")
    await me.put(emptied, content="")
    await files.keep_file("exports/424242/gone.pdf", b"of a document that was deleted")
    await files.keep_file("exports/notes.txt", b"no export")
    before = await files.list_files("exports/")

    assert await household.do("exports") == 5

    left = await files.list_files("exports/")
    assert len(left) == len(before) - 5
    fitting = [f"exports/{changed}/", f"exports/{same}/", f"exports/{same}/", "exports/notes.txt"]
    assert all(name.startswith(start) for name, start in zip(left, sorted(fitting), strict=True))
    assert await household.do("exports") == 0
    for wanted in ("md", "html"):
        await me.ask("GET", f"/documents/{same}/export?format={wanted}")
    assert await files.list_files("exports/") == left


async def test_the_log_of_the_queue_goes_after_a_week(household):
    await household.ask(
        "INSERT INTO pgqueuer_log (created, job_id, status, entrypoint, priority) "
        "SELECT now() - make_interval(days => days), 1, 'successful', 'old', 0 FROM unnest(ARRAY[6, 8]) AS days"
    )
    await household.do("queue")
    assert await household.ask("SELECT count(*) FROM pgqueuer_log WHERE entrypoint = 'old'") == [(1,)]


async def test_mails_in_the_outbox_go_after_seven_days(household):
    household.calendar.pass_by(days=7, seconds=1)
    assert await household.do("mails") == 1
    assert list((household.me.house.settings.data_dir / "outbox").iterdir()) == []


async def test_the_folders_of_a_server_are_tidied_for_as_long_as_it_serves(household):
    outbox = household.me.house.settings.data_dir / "outbox"
    async with tidied_folders(household.me.house, every_s=0.01):
        for _ in range(2):
            before = set(outbox.glob("*.eml"))
            await household.me.ask("POST", "/auth/magic-link", json={"email": "nobody@example.com"})
            async with asyncio.timeout(30):
                while not set(outbox.glob("*.eml")) - before:  # noqa: ASYNC110 - only the folder knows
                    await asyncio.sleep(0.01)
                household.calendar.pass_by(days=7, seconds=1)
                while list(outbox.iterdir()):  # noqa: ASYNC110 - only the folder knows
                    await asyncio.sleep(0.01)


async def test_mails_of_the_time_before_there_was_a_mail_server_go_too(tmp_path, calendar):
    async with opened_house(tmp_path, clock=calendar) as house:
        await house.mailer.send(Mail(to="olena@example.com", subject="s", text="t", html="h"))
    calendar.pass_by(days=7, seconds=1)
    async with opened_house(tmp_path, clock=calendar, smtp_url="smtp://127.0.0.1:9") as house:
        (mails,) = (chore for chore in folder_chores(house) if chore.name == "mails")
        assert await mails.run() == 1
    assert list((tmp_path / "outbox").iterdir()) == []


async def test_a_chore_that_fails_is_logged_and_harms_no_other():
    async def fail() -> int:
        raise Unavailable("The files cannot be reached.")

    async def work() -> int:
        return 3

    with capture_logs() as logs:
        await do_chore(Chore("files", fail))
        await do_chore(Chore("rows", work))
    assert [(line["event"], line["chore"], line.get("removed")) for line in logs] == [
        ("housekeeping failed", "files", None),
        ("housekeeping done", "rows", 3),
    ]


async def test_every_chore_has_a_name_of_its_own(household):
    names = [chore.name for chore in database_chores(household.me.house)]
    assert len(names) == len(set(names))


async def test_a_worker_has_every_chore_in_the_schedule_that_all_processes_share(household):
    stop = asyncio.Event()
    working = asyncio.create_task(run_jobs(household.me.house, stop))
    wanted = sorted((chore.name, cron) for chore, cron in database_chores(household.me.house).items())
    query = "SELECT entrypoint, expression FROM pgqueuer_schedules ORDER BY 1"
    try:
        async with asyncio.timeout(20):
            while await household.ask(query) != wanted:  # noqa: ASYNC110 - only the table knows
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await working
