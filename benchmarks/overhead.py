"""Measure what a job costs beyond the model: 100 sections of a model that answers after exactly one second.

A real worker process, database, journal and page counter; ten sections at a time. The floor is what nobody can
beat: the answers alone. Prints a table, and ends with 1 when the sections take more than ALLOWED times their floor.
"""

import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tesigo.accounts.identity import User
from tesigo.documents import service as documents
from tesigo.documents import sources_service
from tesigo.documents.quotas import Quotas
from tesigo.entry.migrating import migrate
from tesigo.entry.wiring import open_house
from tesigo.entry.worker import run_jobs
from tesigo.gateway.catalogue import load_catalogue
from tesigo.gateway.gateway import Gateway
from tesigo.gateway.ports import Account
from tesigo.generation.budgets import Budget
from tesigo.generation.service import request_job
from tesigo.kit.clock import system_clock
from tesigo.kit.db import Database
from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.log import configure_logs
from tesigo.kit.settings import load_settings
from tesigo.manuscript import Citation, Outline, Passage, PlannedSection, Section, SectionKind, Source
from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief, make_brief
from tesigo.writing.composers import Composers
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.ports import Composer, SectionTask, SummaryTask

ANSWER_S = 1.0
CHAPTERS, SECTIONS_OF_EACH = 10, 9
CONCURRENCY = 10
PAGES = 50
SECTION_WORDS = 140
ALLOWED = 1.1
WITHIN_S = 180.0
BODY_FLOOR_S = CHAPTERS * (1 + SECTIONS_OF_EACH) / CONCURRENCY * ANSWER_S
JOB_FLOOR_S = BODY_FLOOR_S + 2 * ANSWER_S
"""The outline is one answer before the body; introduction, conclusion and abstract are one round after it."""
FIRST = "the first section begins at"
ANSWERED = "is answered at"
TOPICS = (
    "Harbours",
    "Bridges",
    "Canals",
    "Markets",
    "Libraries",
    "Gardens",
    "Mills",
    "Roads",
    "Towers",
    "Wells",
)


class PunctualComposer(OfflineComposer):
    """A model that answers every call after exactly ANSWER_S, and writes about nothing in particular."""

    def __init__(self) -> None:
        super().__init__()
        self._has_begun = False

    async def propose_outline(self, brief: Brief, evidence: Evidence, *, words: int) -> Outline:  # noqa: ARG002 - the port's
        """Return an outline of 100 body sections, introduction, conclusion and abstract."""
        await asyncio.sleep(ANSWER_S)
        keys = tuple(ranked.source.key for ranked in evidence.sources)
        chapters = tuple(_chapter(place, keys) for place in range(CHAPTERS))
        frame = {
            number: PlannedSection(number, heading, kind, "To frame.", SECTION_WORDS, keys)
            for number, heading, kind in (
                ("0", "Abstract", SectionKind.ABSTRACT),
                ("1", "Introduction", SectionKind.INTRODUCTION),
                (str(CHAPTERS + 2), "Conclusion", SectionKind.CONCLUSION),
            )
        }
        return Outline(brief.title, (frame["0"], frame["1"], *chapters, frame[str(CHAPTERS + 2)]))

    async def write_section(self, task: SectionTask) -> Section:
        """Return a section of plain sentences and one quotation."""
        if not self._has_begun:
            self._has_begun = True
            print(f"{FIRST} {time.time()}", flush=True)
        await asyncio.sleep(ANSWER_S)
        print(f"{task.planned.number} {ANSWERED} {time.time()}", flush=True)
        return _section(task.planned, task.sources[0])

    async def summarise(self, task: SummaryTask) -> Section:
        """Return the like of it."""
        await asyncio.sleep(ANSWER_S)
        return _section(task.planned, task.sources[0])


def main() -> int:
    """Measure; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="tesigo-bench-") as name, _database(Path(name)) as url:
        body_s, stage_s, job_s, recorded_after_s = asyncio.run(_measure(url, Path(name)))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{CHAPTERS * (1 + SECTIONS_OF_EACH)} sections, {CONCURRENCY} at a time, an answer in {ANSWER_S:g} s"
    )
    print(f"{'':<52} {'wall s':>7} {'floor s':>8} {'wall ÷ floor':>13}")
    for what, wall_s, floor_s in (
        ("from the first section's start to the last's record", body_s, BODY_FLOOR_S),
        ("the same with the count of pages before it", stage_s, BODY_FLOOR_S),
        ("the whole job, with outline, frame and checks", job_s, JOB_FLOOR_S),
    ):
        print(f"{what:<52} {wall_s:>7.2f} {floor_s:>8.2f} {wall_s / floor_s:>13.3f}")
    print(
        f"from an answer to its record: {1000 * recorded_after_s[len(recorded_after_s) // 2]:.0f} ms (median), "
        f"{1000 * recorded_after_s[-1]:.0f} ms (longest); the worker used {used.ru_utime + used.ru_stime:.1f} s "
        f"of processor"
    )
    print(f"allowed for the sections: {ALLOWED}")
    return 1 if body_s > ALLOWED * BODY_FLOOR_S else 0


class PunctualChoice(Composers):
    """Has the punctual composer write everything."""

    def choose(self, model: str | None, *, account: Account, job: str) -> Composer:  # noqa: ARG002 - the port's
        """Return it."""
        return PunctualComposer()


async def work() -> None:
    """Be the worker process, until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    configure_logs(json=False, level="WARNING")
    async with open_house(load_settings(_env_file=None)) as house:
        choice = PunctualChoice(house.composers.gateway)
        await run_jobs(replace(house, tools=replace(house.tools, composers=choice)), stop)


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    folder.chmod(0o755)
    configure_logs(json=False, level="WARNING")
    postgres = EmbeddedPostgres(folder / "home", system_folder=folder / "system")
    try:
        yield postgres.acquire()
    finally:
        postgres.release()


async def _measure(url: str, folder: Path) -> tuple[float, float, float, list[float]]:
    """Return the seconds of the body, of the body with the count before it, of the whole job, and of each record."""
    database = Database(url)
    await migrate(database)
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DATA_DIR": str(folder / "data"),
        "SECTION_CONCURRENCY": str(CONCURRENCY),
    }
    worker = subprocess.Popen(  # noqa: ASYNC220 - takes no time
        [sys.executable, __file__, "work"], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        await _request(database)
        events = await asyncio.wait_for(_until_ended(database), WITHIN_S)
    finally:
        worker.terminate()
        told, _ = await asyncio.to_thread(worker.communicate, timeout=60)
        await database.close()
    if events[-1].status != "completed":
        raise SystemExit(f"the job ended as {events[-1].status}: {events[-1].error}")
    first = re.search(rf"{FIRST} ([\d.]+)", told)
    if first is None:
        raise SystemExit(f"the worker told no beginning:\n{told}")
    frame = {"0", "1", str(CHAPTERS + 2)}
    body = {
        event.section: event.at for event in events if event.type == "section" and event.section not in frame
    }
    answered = {number: float(at) for number, at in re.findall(rf"([\d.]+) {ANSWERED} ([\d.]+)", told)}
    if len(body) != CHAPTERS * (1 + SECTIONS_OF_EACH):
        raise SystemExit(f"{len(body)} body sections were recorded")
    last = max(body.values())
    stage = next(event.at for event in events if event.stage == "sections")
    running = next(event.at for event in events if event.status == "running")
    return (
        last.timestamp() - float(first[1]),
        _seconds(stage, last),
        _seconds(running, events[-1].at),
        sorted(at.timestamp() - answered[number] for number, at in body.items()),
    )


async def _request(database: Database) -> None:
    now = system_clock()
    async with database.transaction() as tx:
        user_id = await tx.scalar(
            text("INSERT INTO users (email, created_at) VALUES ('bench@example.com', :now) RETURNING id"),
            {"now": now},
        )
        user = User(int(user_id or 0), "bench@example.com", None, False, False, None, now)
        quotas = Quotas(documents=1, sources=5_000, stored_mb=1_024)
        brief = make_brief("Works of a town", pages=PAGES)
        document = await documents.create_document(tx, user.id, brief, model=None, quotas=quotas, now=now)
        await sources_service.add_sources(tx, document, _sources(), quotas=quotas, now=now)
        budget = Budget(Composers(Gateway({}, load_catalogue())), None)
        await request_job(tx, user, document, budget=budget, now=now)


async def _until_ended(database: Database) -> list[Any]:
    query = text("SELECT type, status, stage, section, error, at FROM generation_events ORDER BY seq")
    while True:
        async with database.transaction() as tx:
            events = list(await tx.execute(query))
        if events and events[-1].status in ("completed", "failed"):
            return events
        await asyncio.sleep(0.5)  # another process writes it, and nobody is to be slowed down


def _chapter(place: int, keys: tuple[str, ...]) -> PlannedSection:
    number, topic = str(place + 2), TOPICS[place]
    meant = keys[place % len(keys) :] + keys[: place % len(keys)]
    children = tuple(
        PlannedSection(
            f"{number}.{part}",
            f"{topic} of district {part}",
            SectionKind.BODY,
            "To tell.",
            SECTION_WORDS,
            meant,
        )
        for part in range(1, SECTIONS_OF_EACH + 1)
    )
    return PlannedSection(number, topic, SectionKind.BODY, "To tell.", SECTION_WORDS, meant, children)


def _section(planned: PlannedSection, source: Source) -> Section:
    quoted = source.body.split(". ", 1)[0]
    passage = Passage(source.key, 0, len(quoted), quoted)
    sentences = [f"On {planned.heading.lower()} ({planned.number}) a study says “{quoted}” [@{source.key}]."]
    sentences += [
        f"Observation {number} in part {planned.number} is that people use what stands there in their own way."
        for number in range(1, SECTION_WORDS // 14)
    ]
    return Section(
        planned.number,
        planned.heading,
        planned.kind,
        " ".join(sentences),
        (Citation(source.key, passage, 1.0),),
        "bench:punctual",
    )


def _sources() -> list[Source]:
    return [
        Source(
            key=f"town{place}",
            csl={
                "id": f"town{place}", "type": "book", "title": f"Works of a town: {topic.lower()}",
                "author": [{"family": f"Writer{topic}"}], "issued": {"date-parts": [[2001 + place]]},
            },
            abstract=f"{topic} are works of a town that its people share. They are built by many and last long.",
        )
        for place, topic in enumerate(TOPICS)
    ]  # fmt: skip


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()


if __name__ == "__main__":
    if sys.argv[1:] == ["work"]:
        asyncio.run(work())
    else:
        sys.exit(main())
