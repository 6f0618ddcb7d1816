"""A worker process as `tesigo work` is one, but that every text comes from the harness's model.

Run by the harness: `python -m tests.chaos.worker NAME MODEL_URL`, settings by the environment. It ends at SIGTERM, and
when its standard input does.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
from tests.composers import always

from tesigo.entry.wiring import open_house
from tesigo.entry.worker import run_jobs
from tesigo.kit import context
from tesigo.kit.log import configure_logs
from tesigo.kit.settings import load_settings
from tesigo.manuscript import Outline, Section
from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.ports import SectionTask, SummaryTask

_CALL_TIME_S = 60.0


class CallingComposer(OfflineComposer):
    """Writes as the offline writer does, once the model has answered."""

    def __init__(self, worker: str, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._worker = worker
        self._client = client

    async def propose_outline(self, brief: Brief, evidence: Evidence, *, words: int) -> Outline:
        await self._call(brief, "outline")
        return await super().propose_outline(brief, evidence, words=words)

    async def write_section(self, task: SectionTask) -> Section:
        await self._call(task.brief, task.planned.number)
        return await super().write_section(task)

    async def summarise(self, task: SummaryTask) -> Section:
        await self._call(task.brief, task.planned.number)
        return await super().summarise(task)

    async def _call(self, brief: Brief, section: str) -> None:
        asked = {
            "worker": self._worker,
            "document_id": context.current()["document_id"],
            "label": brief.requirements,
            "section": section,
        }
        answer = await self._client.post("/", json=asked)
        answer.raise_for_status()


async def main(name: str, model: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), _end_with_harness)
    configure_logs(json=True)
    async with _calling(name, model) as composer, open_house(load_settings(_env_file=None)) as house:
        await run_jobs(replace(house, tools=replace(house.tools, composers=always(composer))), stop)


@asynccontextmanager
async def _calling(name: str, model: str) -> AsyncIterator[CallingComposer]:
    # a connection that is kept may be closed by the other side at the moment in which it is used again
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=model, timeout=_CALL_TIME_S, limits=limits) as client:
        yield CallingComposer(name, client)


def _end_with_harness() -> None:
    if not os.read(sys.stdin.fileno(), 1):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
