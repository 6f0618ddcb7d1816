"""A worker process: it takes jobs out of the queue until it is told to stop."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

import structlog

from tesigo.entry.housekeeping import periodic
from tesigo.entry.migrating import migrate
from tesigo.entry.wiring import House, open_house
from tesigo.generation.pool import Pool
from tesigo.generation.presence import present
from tesigo.generation.service import WRITE_DOCUMENT
from tesigo.generation.tasks import run_job
from tesigo.kit.queue_worker import consume
from tesigo.kit.settings import Settings

log = structlog.get_logger(__name__)


async def work(settings: Settings, *, until_input_ends: bool) -> None:
    """Run jobs until SIGTERM or SIGINT; running ones get WORKER_GRACE_S, then go back for another worker.

    A second signal lets them go back at once.
    until_input_ends: stop also when standard input ends, which is how a child learns that its parent is gone.
    """
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop_or_hurry, stop, hurry)
    if until_input_ends:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end, stop)
    async with open_house(settings) as house:
        await migrate(house.database)
        await _run_until_hurried(house, stop, hurry)
    log.info("worker stopped")


async def run_jobs(house: House, stop: asyncio.Event) -> None:
    """Run jobs over this house until `stop` is set, as many at a time as the queue asks for.

    This also keeps the process among the known workers, and does the housekeeping whose turn is this process's.
    Cancelling this coroutine hands the running jobs back at once.
    """
    settings = house.settings
    pool = Pool(least=settings.min_workers, most=settings.max_workers, clock=time.monotonic)

    async def write(payload: Mapping[str, Any]) -> None:
        with pool.running_one():
            await run_job(house.tools, payload)

    listening = asyncio.create_task(house.news.run())
    log.info("worker ready")
    try:
        async with present(
            pool, house.database, house.clock, stop=stop, measure_models=house.composers.gateway.measured
        ):
            await consume(
                house.database.url,
                {WRITE_DOCUMENT: write},
                concurrency=lambda: pool.size,
                stop=stop,
                grace_s=settings.worker_grace_s,
                periodic=periodic(house),
            )
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


def _stop_or_hurry(stop: asyncio.Event, hurry: asyncio.Event) -> None:
    if stop.is_set():
        hurry.set()
    else:
        log.info("no more jobs are taken, the running ones get their grace")
        stop.set()


async def _run_until_hurried(house: House, stop: asyncio.Event, hurry: asyncio.Event) -> None:
    running = asyncio.create_task(run_jobs(house, stop))
    hurrying = asyncio.create_task(hurry.wait())
    try:
        await asyncio.wait({running, hurrying}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hurrying.cancel()
        if not running.done():
            log.info("jobs are handed back at once")
            running.cancel()
            await asyncio.wait({running})
    if not running.cancelled():
        running.result()


def _stop_at_end(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1):
        stop.set()
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
