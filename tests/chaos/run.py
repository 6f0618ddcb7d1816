"""The chaos acceptance: `make chaos`.

Settings by the environment: CHAOS_SECONDS (60) how long the storm lasts, CHAOS_DOCUMENTS (60) how many documents at
least, CHAOS_SEED (drawn and printed), CHAOS_SERVER (embedded, server or both), CHAOS_LOGS (a folder that keeps the
logs of all processes). Ends with 1 when a promise was broken.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.clusters import can_start_server
from tests.chaos.storm import Plan, Report, run
from tests.databases import EMBEDDED, SERVERS, server_url

_SHOWN = 40


def main() -> int:
    """Run the storm on each server that is asked for; return the exit code."""
    asked = os.environ.get("CHAOS_SERVER", "both")
    servers = SERVERS if asked == "both" else (asked,)
    if asked == "both" and server_url() is None and not can_start_server():
        print("there is no PostgreSQL server besides the embedded one: that half is left out")
        servers = (EMBEDDED,)
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
    codes = [run_on(server, seed) for server in servers]
    return max(codes)


def run_on(server: str, seed: int) -> int:
    """Run the storm on one server; print its table."""
    plan = Plan(
        server=server,
        seed=seed,
        seconds=float(os.environ.get("CHAOS_SECONDS", "60")),
        documents=int(os.environ.get("CHAOS_DOCUMENTS", "60")),
    )
    print(f"chaos on the {server} database, CHAOS_SEED={seed}", flush=True)
    kept = os.environ.get("CHAOS_LOGS")
    if kept:
        folder = Path(kept) / f"{server}-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        return _run(plan, folder)
    with tempfile.TemporaryDirectory(prefix="tesigo-chaos-") as name:
        return _run(plan, Path(name))


def _run(plan: Plan, folder: Path) -> int:
    report = asyncio.run(_until_told(plan, folder))
    print(report.table())
    for fault in report.faults[:_SHOWN]:
        print(f"! {fault}")
    if len(report.faults) > _SHOWN:
        print(f"! and {len(report.faults) - _SHOWN} more")
    print(flush=True)
    return 1 if report.faults else 0


async def _until_told(plan: Plan, folder: Path) -> Report:
    """End in order at SIGTERM too: nothing that was started outlives this process."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(plan, folder)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("chaos: stopped")
        sys.exit(130)
