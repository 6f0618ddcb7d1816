"""A worker in a process of its own, which dies as if killed whenever it writes a section."""

import argparse
import asyncio
import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.composers import always

from tesigo.entry.wiring import open_house
from tesigo.generation.service import WRITE_DOCUMENT
from tesigo.generation.tasks import run_job
from tesigo.kit.queue_worker import consume
from tesigo.kit.settings import load_settings
from tesigo.manuscript import Section
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.ports import SectionTask


class DeadlyComposer(OfflineComposer):
    async def write_section(self, task: SectionTask) -> Section:
        os.kill(os.getpid(), signal.SIGKILL)
        return await super().write_section(task)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("lease_s", type=float)
    asked = parser.parse_args()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = load_settings(_env_file=None, data_dir=asked.folder, database_url=asked.url)
    async with open_house(settings) as house:
        tools = replace(house.tools, composers=always(DeadlyComposer()))
        await consume(
            house.database.url,
            {WRITE_DOCUMENT: partial(run_job, tools)},
            concurrency=lambda: 1,
            stop=stop,
            lease_s=asked.lease_s,
        )


asyncio.run(main())
