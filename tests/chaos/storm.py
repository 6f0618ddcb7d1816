"""One run of the chaos: documents are written while everything around them is killed, paused and restarted."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.chaos import ledger
from tests.chaos.clusters import Cluster, cluster
from tests.chaos.crew import KILL, KINDS, PAUSE, RESTART, TERMINATE, Blow, Crew, crew_of
from tests.chaos.desk import Desk, open_desk
from tests.chaos.model import Call, Model
from tests.chaos.verdict import (
    document_faults,
    explain_repeats,
    read_all,
    section_faults,
    take_overs_s,
)
from tests.chaos.watchers import Watching
from tests.processes import served
from tests.servers import answering

from tesigo.entry.migrating import migrate
from tesigo.kit.db import Database
from tesigo.kit.queue_worker import LEASE_S

_WEIGHTS = {KILL: 4, TERMINATE: 3, PAUSE: 2, RESTART: 1.5}
_PAUSE_BEYOND_LEASE_S = (3.0, 15.0)
_REST_S = (0.8, 2.5)
_FINISH_WITHIN_S = 240.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does. latency_s: from, to: how long the model takes.

    documents: at least so many; more follow during the storm when fewer than `fewest_unfinished` are left.
    environment: further settings of workers.
    """

    server: str
    seed: int
    seconds: float
    documents: int
    fewest_unfinished: int = 12
    workers: int = 4
    users: int = 6
    pages: int = 5
    latency_s: tuple[float, float] = (0.1, 0.6)
    pause_beyond_lease_s: tuple[float, float] = _PAUSE_BEYOND_LEASE_S
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What happened. faults: every broken promise in words; repeated: by reason, all of them in flight."""

    plan: Plan
    blows: Sequence[Blow]
    documents: int
    sections: int
    calls: Sequence[Call]
    repeated: Mapping[str, int]
    most_attempts: int
    claims: int
    take_overs_s: Mapping[str, Sequence[float]]
    events_watched: int
    returns: int
    texts: int
    duration_s: float
    faults: Sequence[str]

    def table(self) -> str:
        """Return all figures, one in a line."""
        kinds = Counter(blow.kind for blow in self.blows)
        hows = Counter(blow.how for blow in self.blows if blow.how)
        rows: list[tuple[str, object]] = [
            ("database", self.plan.server),
            ("seed", self.plan.seed),
            *((kind, kinds[kind]) for kind in KINDS),
            ("database restarts by", ", ".join(f"{how}: {times}" for how, times in hows.items())),
            ("documents", self.documents),
            ("sections", self.sections),
            ("calls", len(self.calls)),
            ("repeated calls (in flight)", sum(self.repeated.values())),
            *((f"  lost by {reason}", times) for reason, times in sorted(self.repeated.items())),
            ("claims of jobs", self.claims),
            ("most attempts without progress", self.most_attempts),
            *(
                (f"longest take-over after {kind}", f"{max(times):.1f} s of {len(times)}")
                for kind, times in self.take_overs_s.items()
            ),
            ("events watched", self.events_watched),
            ("watchers came back", self.returns),
            ("different texts", self.texts),
            ("duration", f"{self.duration_s:.0f} s"),
            ("broken promises", len(self.faults)),
        ]
        return "\n".join(f"{name:<42} {value}" for name, value in rows)


async def run(plan: Plan, folder: Path) -> Report:
    """Run it all; the folder gets the data folder and the logs of all processes."""
    began = time.monotonic()
    dice = random.Random(plan.seed)
    async with cluster(plan.server) as place:
        database = Database(place.url)
        await migrate(database)
        await database.close()
        await ledger.lay(place.url)
        environment = {
            "DATABASE_URL": place.url,
            "DATA_DIR": str(folder / "data"),
            "WORKER_GRACE_S": "1",
            **plan.environment,
        }
        model = Model(random.Random(dice.random()), plan.latency_s)
        async with (
            answering(model) as address,
            served(folder, "--no-worker", DATABASE_URL=place.url) as (_, site),
            httpx.AsyncClient(base_url=site, timeout=30) as client,
            crew_of(plan.workers, model=address, environment=environment, logs=folder) as crew,
        ):
            desk = await open_desk(client, folder / "data" / "outbox", users=plan.users, pages=plan.pages)
            watching = Watching(site.replace("http", "ws"), random.Random(dice.random()))
            try:
                return await _storm(_Weather(plan, dice, place, crew, desk, watching, model), began)
            finally:
                await watching.end()


@dataclass(frozen=True, slots=True)
class _Weather:
    plan: Plan
    dice: random.Random
    place: Cluster
    crew: Crew
    desk: Desk
    watching: Watching
    model: Model


async def _storm(weather: _Weather, began: float) -> Report:
    plan, crew, url = weather.plan, weather.crew, weather.place.url
    for _ in range(plan.fewest_unfinished):
        await _request(weather)
    calm = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_keep_requesting(weather, calm))
        await _blow(weather)
        calm.set()
    await crew.settle()
    faults = [fault async for fault in _until_all_is_written(url)]
    faults += await weather.watching.finish(30)
    seen = await read_all(url)
    repeats = explain_repeats(weather.model.calls, seen, crew.blows, weather.desk.documents)
    faults += [
        *document_faults(seen, weather.desk.documents, crew.blows),
        *section_faults(seen),
        *repeats.faults,
        *crew.faults,
    ]
    texts = {}
    for row in seen.sections:
        texts.setdefault(row["document_id"], []).append(row["content"])
    return Report(
        plan=plan,
        blows=crew.blows,
        documents=len(seen.documents),
        sections=len(seen.sections),
        calls=weather.model.calls,
        repeated=repeats.by_reason,
        most_attempts=max((row["attempt"] for row in seen.claims), default=0),
        claims=sum(1 for row in seen.claims if not row["ended"]),
        take_overs_s=take_overs_s(seen, crew.blows),
        events_watched=sum(watcher.events for watcher in weather.watching.watchers),
        returns=sum(watcher.returns for watcher in weather.watching.watchers),
        texts=len({tuple(contents) for contents in texts.values()}),
        duration_s=time.monotonic() - began,
        faults=faults,
    )


async def _request(weather: _Weather) -> None:
    weather.watching.add(*await weather.desk.request())


async def _keep_requesting(weather: _Weather, calm: asyncio.Event) -> None:
    """Have the rest written, and more until it is calm: there is always something to lose."""
    while len(weather.desk.documents) < weather.plan.documents:
        await _request(weather)
    while not calm.is_set():
        (unfinished,) = (await ledger.ask(weather.place.url, ledger.UNFINISHED))[0]
        if unfinished < weather.plan.fewest_unfinished:
            await _request(weather)
        await asyncio.sleep(0.5)  # the rhythm in which users come


async def _blow(weather: _Weather) -> None:
    """Strike at random until the time is over, each kind at least once."""
    dice, crew = weather.dice, weather.crew
    end = time.monotonic() + weather.plan.seconds
    due = [PAUSE, *dice.sample([KILL, TERMINATE, RESTART], 3)]
    while due or time.monotonic() < end:
        await asyncio.sleep(dice.uniform(*_REST_S))  # the rhythm of the storm
        kind = due.pop(0) if due else dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        if kind == RESTART:
            blow = Blow(RESTART, None, time.time())
            crew.blows.append(blow)
            blow.how = await weather.place.restart(dice)
            blow.ended = time.time()
            continue
        worker = crew.any_awake(dice)
        if worker is None:
            continue
        if kind == PAUSE:
            crew.pause(worker, LEASE_S + dice.uniform(*weather.plan.pause_beyond_lease_s))
        elif kind == KILL:
            await crew.kill(worker)
        else:
            await crew.terminate(worker)


async def _until_all_is_written(url: str) -> AsyncIterator[str]:
    """Yield a fault when documents or entries of the queue are left after the time that is theirs."""
    end = time.monotonic() + _FINISH_WITHIN_S
    for query, what in ((ledger.UNFINISHED, "documents"), (ledger.QUEUED, "entries of the queue")):
        while left := (await ledger.ask(url, query))[0][0]:
            if time.monotonic() > end:
                yield f"{left} {what} are left after {_FINISH_WITHIN_S:g} s of calm"
                break
            await asyncio.sleep(0.2)
