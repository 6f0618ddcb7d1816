"""A worker in a process of its own, to be killed and paused. Run by the tests of the queue.

It writes a row for each beginning and end of a job; the job ends when its row in `finish` is there.
"""

import argparse
import asyncio
import signal
from collections.abc import Mapping
from typing import Any

import asyncpg

from tesigo.kit.queue_schedules import Periodic
from tesigo.kit.queue_worker import consume

FINISHED = "SELECT count(*) FROM finish WHERE job = $1"


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("name")
    parser.add_argument("lease_s", type=float)
    asked = parser.parse_args()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def tell(job: str, event: str) -> None:
        connection = await asyncpg.connect(asked.url)
        await connection.execute(
            "INSERT INTO told (job, worker, event) VALUES ($1, $2, $3)", job, asked.name, event
        )
        await connection.close()

    async def finished(job: str) -> None:
        connection = await asyncpg.connect(asked.url)
        try:
            while not await connection.fetchval(FINISHED, job):  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)
        finally:
            await connection.close()

    async def wait_to_finish(payload: Mapping[str, Any]) -> None:
        job = payload["job"]
        try:
            await tell(job, "begins")  # who reads that may stop this process before the next line
            await finished(job)
        except asyncio.CancelledError:
            await tell(job, "cancelled")
            raise
        await tell(job, "ends")

    async def run_periodic() -> None:
        await wait_to_finish({"job": "periodic"})

    await consume(
        asked.url,
        {"wait": wait_to_finish},
        concurrency=lambda: 4,
        stop=stop,
        grace_s=0,
        lease_s=asked.lease_s,
        periodic=[Periodic("periodic", "0 0 1 1 *", run_periodic)],
    )


asyncio.run(main())
