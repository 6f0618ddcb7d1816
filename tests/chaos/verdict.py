"""What came out: every promise checked against what the database, the model and the watchers saw."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos import ledger
from tests.chaos.crew import KILL, PAUSE, RESTART, TERMINATE, Blow
from tests.chaos.model import OUTLINE, Call

_RECORDED_WITHIN_S = 3.0
"""From the model's answer to the row at least: what is lost on this way was still in flight."""
_AWAKE_WITHIN_S = 3.0
"""From the end of a pause at least to the moment in which the worker has noticed that its job is another's."""


@dataclass(frozen=True)
class Seen:
    """All rows that the checks need, read when everything had ended."""

    documents: Sequence[Any]
    sections: Sequence[Any]
    writes: Sequence[Any]
    claims: Sequence[Any]
    events: Sequence[Any]
    queued: int


async def read_all(url: str) -> Seen:
    """Return what the database has."""
    return Seen(
        await ledger.ask(url, ledger.DOCUMENTS),
        await ledger.ask(url, ledger.SECTIONS),
        await ledger.ask(url, ledger.WRITES),
        await ledger.ask(url, ledger.CLAIMS),
        await ledger.ask(url, ledger.EVENTS),
        (await ledger.ask(url, ledger.QUEUED))[0][0],
    )


def document_faults(seen: Seen, labels: Mapping[int, str], blows: Sequence[Blow]) -> Iterator[str]:
    """Yield what is wrong about documents, jobs, the queue and events."""
    found = {row["id"]: row for row in seen.documents}
    for document_id in labels.keys() - found.keys():
        yield f"document {document_id} is lost"
    for document_id, row in found.items():
        if (row["status"], row["job"], row["progress"]) != ("completed", "completed", 100):
            yield (
                f"document {document_id} is {row['status']}, its job {row['job']} at {row['progress']} %, "
                f"attempt {row['attempt']}: {row['error']}; {_story(document_id, seen, blows)}"
            )
        elif row["jobs"] != 1 or row["sections_done"] != row["sections_total"]:
            yield f"document {document_id}: {row['jobs']} jobs, {row['sections_done']} of {row['sections_total']}"
    if seen.queued:
        yield f"{seen.queued} entries are left in the queue"
    for row in seen.events:
        if row["falls"] or (row["first"], row["last"]) != (1, row["events"]):
            yield f"document {row['document_id']}: events {dict(row)}"


def _story(document_id: int, seen: Seen, blows: Sequence[Blow]) -> str:
    """Return who claimed the document's job when, who wrote what, and what was done to them."""
    told = [
        (row["at"], f"{row['worker']} {row['ended'] or 'claims'} ({row['attempt']})")
        for row in seen.claims
        if row["document_id"] == document_id
    ]
    told += [
        (row["at"], f"section {row['number']} {row['what']}")
        for row in seen.writes
        if row["document_id"] == document_id and row["what"] != "planned"
    ]
    workers = {row["worker"] for row in seen.claims if row["document_id"] == document_id}
    began = min((at for at, _ in told), default=0)
    told += [
        (
            blow.began,
            f"{blow.kind} of {blow.worker or 'all'} ({(blow.ended or blow.began) - blow.began:.1f} s)",
        )
        for blow in blows
        if (blow.worker is None or blow.worker in workers) and blow.began >= began
    ]
    return ", ".join(f"{at - began:.1f} s: {what}" for at, what in sorted(told))


def section_faults(seen: Seen) -> Iterator[str]:
    """Yield sections that are missing, or were written more than once."""
    with_sections = set()
    for row in seen.sections:
        with_sections.add(row["document_id"])
        if not row["content"] or row["written_at"] is None:
            yield f"document {row['document_id']}, section {row['number']} is not written"
        # an outline whose commit was not answered is recorded again, before anything is written after it
        if [what for what in row["writes"] if what != "planned"] != ["written"]:
            yield f"document {row['document_id']}, section {row['number']}: {row['writes']}"
    for row in seen.documents:
        if row["id"] not in with_sections:
            yield f"document {row['id']} has no sections"
    known = {(row["document_id"], row["number"]) for row in seen.sections}
    for row in seen.writes:
        if (row["document_id"], row["number"]) not in known:
            yield f"document {row['document_id']}, section {row['number']} was {row['what']} and is gone"


@dataclass(frozen=True)
class Repeats:
    """Calls whose answer was never used, by what had happened to them; the last are faults."""

    by_reason: Mapping[str, int]
    faults: Sequence[str]


def explain_repeats(
    calls: Sequence[Call], seen: Seen, blows: Sequence[Blow], labels: Mapping[int, str]
) -> Repeats:
    """Find a blow for each call but the one of each section whose answer was recorded."""
    faults = [
        f"a call for document {call.document_id} says “{call.label}”"
        for call in calls
        if labels.get(call.document_id) != call.label
    ]
    recorded = _recorded(seen)
    by_section: defaultdict[tuple[int, str], list[Call]] = defaultdict(list)
    for call in calls:
        by_section[call.document_id, call.section].append(call)
    used = {
        place: _used_call(by_section[place], *at_and_worker)
        for place, at_and_worker in recorded.items()
        if place in by_section
    }
    pace = _Pace(calls, [(call, recorded[place][0]) for place, call in used.items() if call])
    reasons: defaultdict[str, int] = defaultdict(int)
    for place, at_and_worker in recorded.items():
        if place not in by_section:
            faults.append(f"document {place[0]}, section {place[1]} was written without a call")
            continue
        for call in by_section[place]:
            if call is used[place]:
                continue
            reason = _reason(call, at_and_worker[0], blows, pace)
            if reason is None:
                faults.append(
                    f"document {place[0]}, section {place[1]} was called again without a reason: {call}, "
                    f"recorded at {at_and_worker[0]} by {at_and_worker[1]}"
                )
            else:
                reasons[reason] += 1
    unrecorded = by_section.keys() - recorded.keys()
    faults += [f"document {one}, section {section} was called, not recorded" for one, section in unrecorded]
    return Repeats(dict(reasons), faults)


def _recorded(seen: Seen) -> dict[tuple[int, str], tuple[float, str]]:
    found: dict[tuple[int, str], tuple[float, str]] = {}
    for row in seen.writes:
        number = OUTLINE if row["what"] == "planned" else row["number"]
        found.setdefault((row["document_id"], number), (row["at"], row["worker"]))
    return found


def _used_call(calls: Iterable[Call], at: float, worker: str) -> Call | None:
    """Return the last call that this worker had an answer to before it recorded."""
    answered = [call for call in calls if call.worker == worker and call.ended and call.ended <= at]
    return max(answered, key=lambda call: call.began, default=None)


class _Pace:
    """How fast the workers were, by what they did and not by a clock: a loaded machine makes all of them slow.

    calls: all. used: those whose answer was recorded, each with the time of its row.
    """

    def __init__(self, calls: Iterable[Call], used: Iterable[tuple[Call, float]]) -> None:
        self._calls: defaultdict[tuple[str, int], list[Call]] = defaultdict(list)
        for call in calls:
            self._calls[call.worker, call.document_id].append(call)
        self._used: defaultdict[str, list[tuple[Call, float]]] = defaultdict(list)
        for call, at in used:
            self._used[call.worker].append((call, at))

    def in_flight_until(self, call: Call, recorded_at: float) -> float:
        """Return until when its worker may have been about to record the answer of a call.

        That is until it recorded an answer that it got later, or somebody recorded this section.
        """
        if call.ended is None:
            return float("inf")
        later = [at for other, at in self._used[call.worker] if other.ended and other.ended > call.ended]
        return max(call.ended + _RECORDED_WITHIN_S, min([recorded_at, *later]))

    def asleep_until(self, call: Call, woken: float) -> float:
        """Return until when its worker may not have noticed what had become of the call's document.

        That is until it had an answer to a call for it that it began after it was woken: it cannot record it.
        A worker that had begun nothing for the document before has nothing to notice.
        """
        own = self._calls[call.worker, call.document_id]
        if all(other.began > woken for other in own):
            return woken + _AWAKE_WITHIN_S
        answered = [other.ended for other in own if other.ended and other.began > woken]
        return max(woken + _AWAKE_WITHIN_S, min(answered, default=float("inf")))


def _reason(call: Call, recorded_at: float, blows: Iterable[Blow], pace: _Pace) -> str | None:
    """Return which blow fell on the call between its beginning and the moment in which it was recorded."""
    until = pace.in_flight_until(call, recorded_at)
    for blow in blows:
        blow_ended = blow.ended or blow.began
        if blow.kind == RESTART:
            if call.began <= blow_ended + 1 and blow.began <= until and call.began <= recorded_at:
                return RESTART
        elif blow.worker != call.worker:
            continue
        elif blow.kind == PAUSE and call.began > recorded_at:
            if blow.began <= recorded_at and blow_ended <= call.began <= pace.asleep_until(call, blow_ended):
                return "begun by a worker that just woke up"
        elif blow.kind == PAUSE:
            if call.began <= pace.asleep_until(call, blow_ended) and blow.began <= until:
                return PAUSE
        elif call.began <= recorded_at and call.began <= blow_ended and blow.began <= until:
            # a killed one ends at once, a stopped one within its grace
            return KILL if blow.kind == KILL else TERMINATE
    return None


def take_overs_s(seen: Seen, blows: Iterable[Blow]) -> dict[str, list[float]]:
    """Return by kind of blow how long each job that a worker lost waited for its next one, in seconds."""
    by_job: defaultdict[Any, list[Any]] = defaultdict(list)
    for row in seen.claims:
        by_job[row["job_id"]].append(row)
    took: defaultdict[str, list[float]] = defaultdict(list)
    for blow in blows:
        if blow.worker is None:
            continue
        for rows in by_job.values():
            held = [row for row in rows if row["at"] <= blow.began]
            later = [row for row in rows if row["at"] > blow.began]
            if not held or held[-1]["ended"] or held[-1]["worker"] != blow.worker:
                continue
            if later and not later[0]["ended"] and later[0]["worker"] != blow.worker:
                if blow.kind == PAUSE and later[0]["at"] > (blow.ended or 0):
                    continue  # nobody had room: it woke up and went on
                took[blow.kind].append(later[0]["at"] - blow.began)
    return took
