"""Thousands of mutated files, read as the service reads them, in processes that may die without ending the run."""

import contextlib
import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import Seed, gather_seeds

from tesigo.intake import errors
from tesigo.intake.reading import Reading, read_sources
from tesigo.kit.errors import Failure

HANG_S = 60.0
"""Whoever takes longer hangs: a file may take 40 s at worst, in two children."""
MOST_MB = 768
"""Of a child, or of the growth of a reading process: children have 512 MB for themselves, and a program around that."""
_REFUSALS = tuple(
    kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__module__ == errors.__name__
)

Read = Callable[[str, bytes], Reading]


@dataclass(frozen=True, slots=True)
class Case:
    """What became of one file.

    outcome: "read" or the code of its refusal. trouble: why that must not be, "" when all is well.
    """

    number: int
    family: str
    outcome: str
    took_s: float
    trouble: str = ""


@dataclass(slots=True)
class Report:
    """What a run found. most_mb: of the largest process of all."""

    seed: int
    cases: list[Case] = field(default_factory=list)
    most_mb: float = 0.0

    @property
    def troubles(self) -> list[Case]:
        """The cases that must not be."""
        return [case for case in self.cases if case.trouble]

    def lines(self) -> Iterator[str]:
        """Yield what to print."""
        for family, count in sorted(Counter(case.family for case in self.cases).items()):
            outcomes = Counter(case.outcome for case in self.cases if case.family == family)
            listed = ", ".join(f"{outcome} {number:,}" for outcome, number in outcomes.most_common())
            yield f"{family:11} {count:6,}: {listed}"
        took = sorted(case.took_s for case in self.cases) or [0.0]
        yield (
            f"{len(self.cases):,} files of seed {self.seed}: median {took[len(took) // 2]:.3f} s, "
            f"slowest {took[-1]:.2f} s, most memory {self.most_mb:.0f} MB, {len(self.troubles)} in trouble"
        )
        for case in self.troubles:
            yield f"case {case.number} ({case.family}, {case.took_s:.1f} s): {case.trouble}"


@dataclass(slots=True)
class _Lane:
    """A process that reads every so many-th case; left: those that it has not read yet, since_s: when it began one."""

    process: BaseProcess
    channel: Connection
    left: range
    since_s: float


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is read, and how. data: the folder of real inputs, which may be absent."""

    data: Path
    seed: int
    processes: int = 2
    read: Read = read_sources
    hang_s: float = HANG_S

    def run(self, numbers: range) -> Report:
        """Return what became of the cases of these numbers."""
        report = Report(self.seed)
        shares = (numbers[place :: self.processes] for place in range(self.processes))
        lanes = [_start(self, share) for share in shares if share]
        while lanes:
            wait([thing for lane in lanes for thing in (lane.channel, lane.process.sentinel)], timeout=1)
            lanes = [going_on for lane in lanes for going_on in _attend(self, lane, report)]
        report.cases.sort(key=lambda case: case.number)
        return report


def judge(number: int, seed: int, seeds: dict[str, list[Seed]], read: Read = read_sources) -> Case:
    """Return what becomes of one case in this process."""
    file = mutated(number, seed, seeds)
    began_s = time.monotonic()
    trouble = ""
    try:
        reading = read(file.name, file.data)
        outcome, trouble = "read", _trouble_of(reading)
    except Failure as failure:
        outcome = failure.code
        if not isinstance(failure, _REFUSALS):
            trouble = f"{type(failure).__name__} is no refusal of a file: {failure.message}"
    except Exception as error:  # noqa: BLE001 - that anything else comes out is what is looked for
        outcome, trouble = "unforeseen", f"{type(error).__name__}: {error}"[:300]
    return Case(number, file.family, outcome, time.monotonic() - began_s, trouble)


def _trouble_of(reading: Reading) -> str:
    """Return what is wrong with a reading that goes into a database and a document next."""
    if not reading.sources:
        return "nothing was read, and nothing was refused"
    if len({source.key for source in reading.sources}) < len(reading.sources):
        return "two sources have one key"
    for source in reading.sources:
        told = f"{source.csl}{source.abstract}{source.full_text}"
        if "\x00" in told or "\\x00" in repr(source.csl):
            return "a zero, which no database takes"
        if told.encode("utf-8", "replace").decode() != told:
            return "half of a surrogate pair"
        starts = source.page_starts
        if list(starts) != sorted(starts) or any(not 0 <= start <= len(source.full_text) for start in starts):
            return f"pages begin where no text is: {starts[:5]}"
    return ""


def _start(campaign: Campaign, numbers: range) -> _Lane:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fuzz.campaign"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_read_all, args=(campaign, numbers, theirs))
    process.start()
    theirs.close()
    return _Lane(process, ours, numbers, time.monotonic())


def _read_all(campaign: Campaign, numbers: range, channel: Connection) -> None:
    seeds = gather_seeds(campaign.data)
    own_mb = _most_mb(resource.RUSAGE_SELF)
    for number in numbers:
        case = judge(number, campaign.seed, seeds, campaign.read)
        most_mb = max(_most_mb(resource.RUSAGE_SELF) - own_mb, _most_mb(resource.RUSAGE_CHILDREN))
        channel.send((case, most_mb))


def _most_mb(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss / 1024


def _attend(campaign: Campaign, lane: _Lane, report: Report) -> Iterator[_Lane]:
    """Take what the lane tells; yield it, or the one that goes on where it died, or nothing at its end."""
    with contextlib.suppress(EOFError):
        while lane.channel.poll():
            case, most_mb = lane.channel.recv()
            if most_mb > MOST_MB >= report.most_mb:
                case = replace(case, trouble=f"{most_mb:.0f} MB")
            report.most_mb = max(report.most_mb, most_mb)
            report.cases.append(case)
            lane.left, lane.since_s = lane.left[1:], time.monotonic()
    took_s = time.monotonic() - lane.since_s
    is_hanging = took_s > campaign.hang_s
    if lane.left and lane.process.is_alive() and not is_hanging:
        yield lane
        return
    if lane.left:
        lane.process.kill()
    lane.process.join()
    lane.channel.close()
    if lane.left:
        how = f"hung for {campaign.hang_s:g} s" if is_hanging else f"ended with {lane.process.exitcode}"
        report.cases.append(Case(lane.left[0], "?", "lost", took_s, f"the process that read it {how}"))
        if lane.left[1:]:
            yield _start(campaign, lane.left[1:])


def write_troubles(report: Report, data: Path, folder: Path) -> None:
    """Keep each file that made trouble in the folder, under the numbers that make it again."""
    seeds = gather_seeds(data)
    for case in report.troubles:
        folder.mkdir(parents=True, exist_ok=True)
        file = mutated(case.number, report.seed, seeds)
        (folder / f"{report.seed}-{case.number}.{file.family}").write_bytes(file.data)
