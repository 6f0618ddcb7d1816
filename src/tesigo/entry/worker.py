"""A worker process: it takes jobs out of the queue until it is told to stop."""

import asyncio
import os
import signal
import sys
from functools import partial

import structlog

from tesigo.entry.migrating import migrate
from tesigo.entry.wiring import House, open_house
from tesigo.generation.service import WRITE_DOCUMENT
from tesigo.generation.tasks import run_job
from tesigo.kit.queue_worker import consume
from tesigo.kit.settings import Settings

log = structlog.get_logger(__name__)


async def work(settings: Settings, *, until_input_ends: bool) -> None:
    """Run jobs until SIGTERM or SIGINT; running ones get WORKER_GRACE_S, then go back for another worker.

    until_input_ends: stop also when standard input ends, which is how a child learns that its parent is gone.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_input_ends:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end, stop)
    async with open_house(settings) as house:
        await migrate(house.database)
        log.info("worker ready")
        await _consume(house, stop)
    log.info("worker stopped")


async def _consume(house: House, stop: asyncio.Event) -> None:
    await consume(
        house.database.url,
        {WRITE_DOCUMENT: partial(run_job, house.tools)},
        concurrency=lambda: house.settings.min_workers,
        stop=stop,
        grace_s=house.settings.worker_grace_s,
    )


def _stop_at_end(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1):
        stop.set()
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
