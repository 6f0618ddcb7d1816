"""A worker follows the queue with real jobs: 10 at a time, then 5, then 2, and none is interrupted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.composers import always
from tests.generation.jobs import rows
from tests.houses import ABSTRACTS, client_of, opened_house
from tests.writers import Writer, signed_in

from tesigo.accounts import service as accounts
from tesigo.documents import service as documents
from tesigo.entry.wiring import House
from tesigo.entry.worker import run_jobs
from tesigo.generation.service import request_job
from tesigo.kit.errors import Failure
from tesigo.manuscript import Outline
from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief
from tesigo.writing.offline_composer import OfflineComposer

pytestmark = pytest.mark.breakdown

JOBS = 25


class Gate(OfflineComposer):
    """Lets no job beyond its research before it is let out; then the job ends with a failure of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.began = 0
        self.inside = 0
        self.interrupted = 0
        self.most_inside = 0
        self._exits = asyncio.Semaphore(0)

    async def propose_outline(self, brief: Brief, evidence: Evidence, *, words: int) -> Outline:  # noqa: ARG002 - the port's
        self.began += 1
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await self._exits.acquire()
        except asyncio.CancelledError:
            self.interrupted += 1
            raise
        finally:
            self.inside -= 1
        raise Failure("This is as far as a test goes.")

    def let_out(self, jobs: int) -> None:
        for _ in range(jobs):
            self._exits.release()


class Scene:
    """A worker, the gate in it, and the metrics as an operator sees them."""

    def __init__(self, gate: Gate, client: httpx.AsyncClient) -> None:
        self.gate = gate
        self.highest_capacity = 0
        self._client = client

    async def until(self, is_so: Callable[[], bool] = lambda: True, **expected: int) -> None:
        """Wait until the metrics (waiting, capacity, running) have these values, and it is so."""
        seen: dict[str, int] = {}
        try:
            async with asyncio.timeout(40):
                while not (expected.items() <= seen.items() and is_so()):
                    await asyncio.sleep(0.1)
                    seen = await self._metrics()
                    self.highest_capacity = max(self.highest_capacity, seen["capacity"])
        except TimeoutError:
            raise AssertionError(f"expected {expected}, saw {seen}, {vars(self.gate)}") from None

    async def _metrics(self) -> dict[str, int]:
        answer = await self._client.get("/metrics")
        families = {each.name: each for each in text_string_to_metric_families(answer.text)}
        names = {
            "waiting": "tesigo_queue_waiting_jobs",
            "capacity": "tesigo_workers_capacity_jobs",
            "running": "tesigo_workers_running_jobs",
            "alive": "tesigo_workers_alive",
            "failed": "tesigo_jobs",
        }
        samples = {short: families[name].samples for short, name in names.items()}
        samples["failed"] = [one for one in samples["failed"] if one.labels["status"] == "failed"]
        return {short: int(found[0].value) for short, found in samples.items()}


@asynccontextmanager
async def working(house: House) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(run_jobs(house, stop))
    try:
        yield
    finally:
        stop.set()
        await worker


async def request_at_once(me: Writer, document_ids: list[int]) -> None:
    """Request all these documents in one transaction, so that all wait at the same moment."""
    house = me.house
    user_id = (await me.ask("GET", "/user/me")).json()["id"]
    async with house.database.transaction() as tx:
        user = await accounts.find_user(tx, user_id)
        assert user is not None
        for document_id in document_ids:
            document = await documents.own_document(tx, user_id, document_id)
            await request_job(tx, user, document, budget=house.tools.budget, now=house.clock())


async def test_ten_jobs_run_while_25_wait_then_five_then_two_and_none_is_interrupted(tmp_path: Path):
    gate = Gate()
    async with (
        opened_house(tmp_path, worker_grace_s=1) as plain,
        signed_in(plain) as me,
        client_of(plain) as client,
    ):
        house = replace(plain, tools=replace(plain.tools, composers=always(gate)))
        document_ids = [await me.create() for _ in range(JOBS)]
        for document_id in document_ids:
            await me.add(document_id, ABSTRACTS[0])
        scene = Scene(gate, client)
        async with working(house):
            await scene.until(alive=1, waiting=0, capacity=2, running=0)

            await request_at_once(me, document_ids)
            await scene.until(lambda: gate.inside == 10, waiting=15, running=10)
            # not at the same moment: the pool shrinks while the metrics are asked for
            assert scene.highest_capacity == 10

            await scene.until(lambda: gate.inside == 10, waiting=15, capacity=5, running=10)
            gate.let_out(5)
            await scene.until(lambda: gate.inside == 5, waiting=15, running=5, failed=5)
            gate.let_out(1)
            await scene.until(lambda: gate.inside == 5, waiting=14, running=5, failed=6)
            gate.let_out(4)
            await scene.until(lambda: gate.inside == 5, waiting=10, running=5, failed=10)

            await scene.until(lambda: gate.inside == 5, waiting=10, capacity=2, running=5)
            gate.let_out(3)
            await scene.until(lambda: gate.inside == 2, waiting=10, capacity=2, running=2, failed=13)
            assert gate.most_inside == 10
            gate.most_inside = 0
            gate.let_out(12)
            await scene.until(waiting=0, capacity=2, running=0, failed=JOBS)
            assert gate.most_inside <= 2
        ended = await rows(me, "SELECT status, attempt FROM jobs")
    assert ended == [("failed", 1)] * JOBS
    assert (gate.began, gate.interrupted) == (JOBS, 0)
