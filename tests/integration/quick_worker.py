"""A worker as `tesigo work` is one, but that it does not set pages to count them. Run by test_isolation."""

import asyncio
import signal
from dataclasses import replace

from tesigo.entry.wiring import open_house
from tesigo.entry.worker import run_jobs
from tesigo.kit.log import configure_logs
from tesigo.kit.settings import load_settings


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    configure_logs(json=True)
    async with open_house(load_settings(_env_file=None)) as house:
        tools = replace(house.tools, count_pages=lambda manuscript: manuscript.words / 300)
        await run_jobs(replace(house, tools=tools), stop)


asyncio.run(main())
