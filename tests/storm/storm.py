"""The fault storm: many documents, written by models of a server that fails a third of its calls in every way."""

import asyncio
import contextlib
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.model_faults import Fault, Faults
from tests.fakes.model_server import ModelServer
from tests.houses import ABSTRACTS
from tests.integration.model_houses import author, rows, writing_house
from tests.writers import Writer, signed_in

from tesigo.documents import service as documents
from tesigo.entry.wiring import House
from tesigo.entry.worker import run_jobs
from tesigo.writing.checks import find_faults

WAYS = (
    Fault.RATE_LIMITED, Fault.RATE_LIMITED_WITHOUT_WAIT, Fault.SERVER_ERROR, Fault.OVERLOADED, Fault.TIME_OUT,
    Fault.SLOW_FIRST_TOKEN, Fault.CUT_STREAM, Fault.CUT_CLEAN, Fault.ERROR_EVENT, Fault.NO_STREAM,
    Fault.MALFORMED_CHUNK, Fault.MALFORMED_ANSWER, Fault.WRONG_SCHEMA, Fault.EMPTY, Fault.CUT_SHORT,
)  # fmt: skip
MOST_WASTED = 0.4
_WHOLE = re.compile(r"[.!?…]['\"’”»)\]]*$")
_SCRAPS = ("asked for this", "An answer that was nev")
"""What MALFORMED_ANSWER and WRONG_SCHEMA send."""
_LOOK_EVERY_S = 0.25
_SETTINGS = {
    "retry_delays_s": (0.05, 0.1, 0.2, 0.4, 0.8),
    "breaker_recovery_s": 1,
    "model_first_token_s": 0.4,
    "model_total_s": 5,
    "fallback_models": {"openai:made": ["openai:spare"]},
    "max_documents": 10_000,
    "min_workers": 10,
}


@dataclass(frozen=True)
class Plan:
    """documents: how many; rate: which share of calls fails; within_s: when the storm is given up as hanging."""

    documents: int
    seed: int
    rate: float = 0.3
    pages: int = 5
    within_s: float = 600


@dataclass
class Report:
    """What happened, and each promise that was broken."""

    seconds: float = 0
    calls: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    useful: int = 0
    wasted: int = 0
    rests: int = 0
    sections: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def share_wasted(self) -> float:
        """Return the prompt tokens of failures for each useful one."""
        return self.wasted / self.useful if self.useful else 1.0

    def table(self) -> str:
        ways = ", ".join(f"{way} {count}" for way, count in sorted(self.failed.items()))
        return (
            f"{self.sections} sections, {self.calls} calls, {sum(self.failed.values())} of them failed ({ways})\n"
            f"prompt tokens: {self.useful:,} useful, {self.wasted:,} on failures: {self.share_wasted:.1%}\n"
            f"jobs rested {self.rests} times; {self.seconds:.1f} s; {len(self.broken)} broken promises"
        )


async def run(plan: Plan, folder: Path) -> Report:
    """Write so many documents through the storm; return what happened."""
    faults = Faults(rate=plan.rate, kinds=WAYS, dice=random.Random(plan.seed))
    server = author(faults=faults, slow_s=1, retry_after="0.1")
    report, began_s = Report(), time.monotonic()
    async with writing_house(folder, server, **_SETTINGS) as house, signed_in(house) as me:
        for number in range(plan.documents):
            await _request(me, f"Feedback on student essays, part {number}", plan.pages)
        stop, rested = asyncio.Event(), set()
        working = asyncio.create_task(run_jobs(house, stop))
        try:
            await asyncio.wait_for(_until_ended(house, rested), plan.within_s)
        except TimeoutError:
            report.broken.append(f"something hangs: not all had ended after {plan.within_s:g} s")
        finally:
            stop.set()
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
        report.seconds, report.rests = time.monotonic() - began_s, len(rested)
        await _judge(house, server, report)
    return report


async def _request(me: Writer, title: str, pages: int) -> None:
    document_id = await me.create(title, pages=pages)
    await me.add(document_id, *ABSTRACTS[:4])
    answer = await me.ask("POST", "/generate/document-async", json={"document_id": document_id})
    assert answer.status_code == 202, answer.text


async def _until_ended(house: House, rested: set[tuple[str, object]]) -> None:
    while True:
        told = await rows(house, "SELECT id, status, resumes_at FROM jobs")
        rested.update((str(job.id), job.resumes_at) for job in told if job.resumes_at is not None)
        if all(job.status in ("completed", "failed", "cancelled") for job in told):
            return
        await asyncio.sleep(_LOOK_EVERY_S)


async def _judge(house: House, server: ModelServer, report: Report) -> None:
    broken = report.broken
    for job in await rows(house, "SELECT document_id, status, error FROM jobs WHERE status <> 'completed'"):
        broken.append(f"document {job.document_id}: {job.status}: {job.error}")
    for (document_id,) in await rows(house, "SELECT id FROM documents ORDER BY id"):
        broken += await _judge_document(house, document_id, report)
    await _judge_ledger(house, server, report)


async def _judge_document(house: House, document_id: int, report: Report) -> list[str]:
    broken = []
    for section in await rows(
        house,
        "SELECT number, content, target_words, words FROM sections WHERE document_id = :id",
        id=document_id,
    ):
        report.sections += 1
        where = f"document {document_id}, section {section.number}"
        if not (section.content or "").strip():
            broken.append(f"{where}: missing or empty")
        elif not _WHOLE.search(section.content.rstrip()):
            broken.append(f"{where}: cut at “{section.content[-40:]}”")
        elif any(scrap in section.content for scrap in _SCRAPS):
            broken.append(f"{where}: a scrap of a failed answer: {section.content[-80:]}")
        elif section.words < 0.3 * section.target_words:
            broken.append(f"{where}: {section.words} of {section.target_words} words")
    async with house.database.transaction() as tx:
        document = await documents.find_document(tx, document_id)
        assert document is not None
        manuscript = await documents.load_manuscript(tx, document, author="")
    return broken + [f"document {document_id}: {fault}" for fault in find_faults(manuscript)]


async def _judge_ledger(house: House, server: ModelServer, report: Report) -> None:
    """Each call that the server worked for, or may have, is in the ledger once; each attempt is counted."""
    broken = report.broken
    report.calls = len(server.calls)
    report.failed = Counter(call.fault.value for call in server.calls if call.fault)
    [sums] = await rows(
        house,
        "SELECT count(*) AS calls, coalesce(sum(prompt_tokens) FILTER (WHERE outcome = 'used'), 0) AS useful,"
        " coalesce(sum(prompt_tokens) FILTER (WHERE outcome <> 'used'), 0) AS wasted,"
        " sum(prompt_tokens + completion_tokens) AS tokens FROM usage",
    )
    report.useful, report.wasted = int(sums.useful), int(sums.wasted)
    billed = sum(call.status in (0, 200) for call in server.calls)
    if sums.calls != billed:
        broken.append(f"the ledger has {sums.calls} calls, and the server worked for {billed}")
    [(told,)] = await rows(house, "SELECT sum(tokens_used) FROM documents")
    [(jobs,)] = await rows(house, "SELECT sum(tokens_used) FROM jobs")
    if not told == jobs == sums.tokens:
        broken.append(f"documents tell {told} tokens, jobs {jobs}, the ledger {sums.tokens}")
    if left := await rows(house, "SELECT id FROM token_reservations"):
        broken.append(f"{len(left)} reservations are left")
    counted = Counter[str]()
    for model in house.composers.gateway.measured():
        counted.update(model.attempts)
    continued = sum(call.fault is Fault.CUT_SHORT and not call.asked.schema for call in server.calls)
    failures = sum(count for outcome, count in counted.items() if outcome not in ("answered", "breaker_open"))
    expected = sum(report.failed.values()) - continued
    if failures != expected:
        broken.append(f"{failures} failures are counted, and the server failed {expected}: {dict(counted)}")
    if report.share_wasted > MOST_WASTED:
        broken.append(f"{report.share_wasted:.1%} of the useful prompt tokens were spent on failures")
