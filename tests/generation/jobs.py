"""Documents that wait to be written, and writers that do what a test needs."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from tests.houses import ABSTRACTS
from tests.writers import Writer

from tesigo.entry.wiring import House
from tesigo.generation.claims import Assignment, Claim, claim_job, load_assignment
from tesigo.generation.journal import DatabaseJournal
from tesigo.manuscript import Outline, PlannedSection, Section, SectionKind
from tesigo.usage.account import DatabaseAccount
from tesigo.usage.spending import Payer
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.ports import SectionTask, SummaryTask

OUTLINE = Outline(
    "t", tuple(PlannedSection(str(n), f"Part {n}", SectionKind.BODY, "why", 90) for n in range(1, 5))
)
PARTS = [
    Section(str(n), f"Part {n}", SectionKind.BODY, f"Text {n}.", (), "offline:extractive")
    for n in range(1, 5)
]


@dataclass(frozen=True)
class Run:
    """A job that a worker has taken up."""

    claim: Claim
    assignment: Assignment
    journal: DatabaseJournal


class FailingComposer(OfflineComposer):
    """Writes as the offline writer does, and raises `failure` at the section after `good` ones."""

    def __init__(self, failure: Exception, *, good: int = 0) -> None:
        super().__init__()
        self.failure = failure
        self.left = good

    async def write_section(self, task: SectionTask) -> Section:
        await self.at_section()
        return await super().write_section(task)

    async def summarise(self, task: SummaryTask) -> Section:
        await self.at_section()
        return await super().summarise(task)

    async def at_section(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.failure


class PausingComposer(FailingComposer):
    """Stops before the section after `good` ones until it is let go; then it raises `failure`, if there is one."""

    def __init__(self, *, good: int = 0, failure: Exception | None = None) -> None:
        super().__init__(failure or Exception(), good=good)
        self.good = good
        self.fails = failure is not None
        self.stopped = asyncio.Event()
        self.go_on = asyncio.Event()

    async def at_section(self) -> None:
        self.left -= 1
        if self.left < 0 and not self.go_on.is_set():
            self.stopped.set()
            await self.go_on.wait()
            if self.fails:
                raise self.failure

    async def stands_still(self, house: House, job_id: uuid.UUID) -> None:
        """Wait until it has stopped and what it wrote before is recorded, which goes on beside the writing."""
        recorded = text("SELECT sections_done FROM jobs WHERE id = :id")
        async with asyncio.timeout(30):
            await self.stopped.wait()
            while True:
                async with house.database.transaction() as tx:
                    if (await tx.scalar(recorded, {"id": job_id})) >= self.good:
                        return
                await asyncio.sleep(0.01)


async def make_ready(me: Writer, *, pages: int = 5) -> int:
    """Return the id of a document with enough sources."""
    document_id = await me.create("Feedback on student essays", pages=pages)
    await me.add(document_id, *ABSTRACTS)
    return document_id


async def request(me: Writer, document_id: int) -> uuid.UUID:
    """Have the document written; return the job."""
    answer = await me.ask("POST", "/generate/document-async", json={"document_id": document_id})
    assert answer.status_code == 202, answer.text
    return uuid.UUID(answer.json()["job_id"])


async def claim(me: Writer, job_id: uuid.UUID) -> Run | None:
    """Take the job up as a worker does; None when there is nothing to do."""
    database, clock = me.house.database, me.house.clock
    async with database.transaction() as tx:
        claimed = await claim_job(tx, job_id, clock())
    if claimed is None:
        return None
    async with database.transaction() as tx:
        assignment = await load_assignment(tx, claimed, clock())
    return Run(claimed, assignment, journal_of(me, claimed))


def account_of(house: House, *, job_id: uuid.UUID, document_id: int) -> DatabaseAccount:
    """Return an account that pays in nobody's name."""
    return DatabaseAccount(house.database, house.clock, Payer(None, document_id, job_id), service_limit=None)


def journal_of(me: Writer, claimed: Claim) -> DatabaseJournal:
    return DatabaseJournal(
        me.house.database,
        me.house.clock,
        copies=me.house.tools.copies,
        account=account_of(me.house, job_id=claimed.job_id, document_id=claimed.document_id),
        job_id=claimed.job_id,
        document_id=claimed.document_id,
        fence=claimed.fence,
    )


def payload(job_id: uuid.UUID) -> Mapping[str, Any]:
    return {"job_id": str(job_id)}


async def status(me: Writer, job_id: uuid.UUID) -> dict[str, Any]:
    return (await me.ask("GET", f"/jobs/{job_id}/status")).json()


async def rows(me: Writer, query: str, **values: Any) -> list[Any]:
    async with me.house.database.transaction() as tx:
        return list(await tx.execute(text(query), values))


async def until_somebody_waits(me: Writer) -> None:
    """Wait until a transaction waits for another's lock."""
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(20):
        while not await rows(me, query):  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.01)
