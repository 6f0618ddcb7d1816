"""Measure what asking for a link tells about an address, and what a flood of requests for links does to others.

    .venv/bin/python benchmarks/sign_in.py

1. Does the time of the answer tell whether an address is known? A server process without a limit, 200 addresses of
   users and 200 of nobody, in pairs of either order, so that a machine that slows down slows both: the medians and
   their difference.
2. A server process with its usual limit. One user reads their documents 10 times a second; then they do so while a
   process asks for 10,000 links from another address of this machine, 20 at a time, as fast as it goes: how many
   links passed, and the user's 95th percentile with and without the flood. Flood, reader and server share this
   machine, so that what the flood itself costs counts against the reader.

Ends with 1 when the medians differ by 5 % or more, and when more or fewer links passed than the limit says. Works in an
embedded database of its own. Linux only: it binds to 127.0.0.2.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from measured_server import served, sign_in
from sqlalchemy import text

from tesigo.entry.migrating import migrate
from tesigo.entry.wiring import open_house
from tesigo.kit.clock import system_clock
from tesigo.kit.db import Database
from tesigo.kit.log import configure_logs
from tesigo.kit.settings import load_settings

EACH = 200
WARM_UP = 40
ATTEMPTS, AT_ONCE = 10_000, 20
LIMIT = 5
MOST_APART = 5
QUIET_S = 10.0
PAUSE_S = 0.1
ELSEWHERE = "127.0.0.2"


async def main() -> int:
    """Run both; return 1 when either shows what it must not."""
    with tempfile.TemporaryDirectory() as name:
        settings = load_settings(_env_file=None, data_dir=Path(name))
        async with open_house(settings) as house:
            await migrate(house.database)
            environment = {"DATA_DIR": name, "DATABASE_URL": house.database.url}
            apart = await _measure_timing(house.database, environment)
            passed = await _measure_flood(Path(name), environment)
    return int(apart >= MOST_APART or passed != LIMIT)


async def _measure_timing(database: Database, environment: dict[str, str]) -> float:
    """Return by how many percent the medians differ."""
    known = [f"known{number}@example.com" for number in range(EACH)]
    async with database.transaction() as tx:
        await tx.execute(
            text("INSERT INTO users (email, created_at) SELECT unnest(CAST(:emails AS text[])), :now"),
            {"emails": known, "now": system_clock()},
        )
    unknown = [f"nobody{number}@example.com" for number in range(EACH)]
    dice = random.Random(4)  # noqa: S311 - an order, no secret
    pairs = zip(known, unknown, strict=True)
    order = [email for pair in pairs for email in dice.sample(pair, k=2)]
    took: dict[str, float] = {}
    async with (
        served({**environment, "SIGN_IN_LIMIT": "100000"}) as server,
        httpx.AsyncClient(base_url=f"{server.address}/api/v1", timeout=30) as client,
    ):
        for email in [*(f"warm{number}@example.com" for number in range(WARM_UP)), *order]:
            began = time.perf_counter()
            answer = await client.post("/auth/magic-link", json={"email": email})
            took[email] = (time.perf_counter() - began) * 1_000
            answer.raise_for_status()
    medians = [statistics.median(took[email] for email in emails) for emails in (known, unknown)]
    apart = abs(medians[0] - medians[1]) / max(medians) * 100
    print(f"asking for a link, median of {EACH}: known {medians[0]:.2f} ms, unknown {medians[1]:.2f} ms")
    print(f"  they differ by {apart:.1f} % (allowed: below {MOST_APART} %)")
    return apart


async def _measure_flood(folder: Path, environment: dict[str, str]) -> int:
    """Return how many links passed."""
    async with served({**environment, "SIGN_IN_LIMIT": str(LIMIT)}) as server:
        transport = httpx.AsyncHTTPTransport(local_address=ELSEWHERE)
        async with httpx.AsyncClient(
            base_url=f"{server.address}/api/v1", transport=transport, timeout=30
        ) as client:
            token = await sign_in(client, folder / "outbox", "reader@example.com")
            client.headers["Authorization"] = f"Bearer {token}"
            enough = asyncio.Event()
            asyncio.get_running_loop().call_later(QUIET_S, enough.set)
            quiet = await _read_until(enough, client)
            flooded = asyncio.Event()
            flood = asyncio.create_task(_flood(server.address, flooded))
            busy = await _read_until(flooded, client)
            passed, took_s = await flood
    print(
        f"{ATTEMPTS:,} requests for a link from one address in {took_s:.1f} s: {passed} passed (limit: {LIMIT})"
    )
    print(f"  another user reads, 95th percentile: {_p95(quiet):.1f} ms alone, {_p95(busy):.1f} ms meanwhile")
    print(f"  that is {_p95(busy) / _p95(quiet):.1f} times as long; {len(quiet)} and {len(busy)} readings")
    return passed


async def _read_until(end: asyncio.Event, client: httpx.AsyncClient) -> list[float]:
    """Read the documents at a steady pace, whatever the answers take; return how long each took, in ms."""
    took: list[float] = []
    async with asyncio.TaskGroup() as readings:
        while not end.is_set():
            readings.create_task(_read(client, took))
            await asyncio.sleep(PAUSE_S)
    return took


async def _read(client: httpx.AsyncClient, took: list[float]) -> None:
    began = time.perf_counter()
    answer = await client.get("/documents")
    took.append((time.perf_counter() - began) * 1_000)
    answer.raise_for_status()


async def _flood(address: str, ended: asyncio.Event) -> tuple[int, float]:
    """Have a process of its own ask for links; return how many passed, and how many seconds it took."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, address, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await process.communicate()
        passed, took_s = told.decode().split()
        return int(passed), float(took_s)
    finally:
        ended.set()


async def _ask_for_links(address: str) -> None:
    """Ask for links as fast as it goes; print how many passed and how many seconds it took."""
    numbers = iter(range(ATTEMPTS))
    passed = 0

    async def ask(client: httpx.AsyncClient) -> None:
        nonlocal passed
        for number in numbers:
            answer = await client.post("/auth/magic-link", json={"email": f"flood{number}@example.com"})
            passed += answer.status_code == httpx.codes.ACCEPTED

    began = time.perf_counter()
    async with (
        httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=60) as client,
        asyncio.TaskGroup() as asking,
    ):
        for _ in range(AT_ONCE):
            asking.create_task(ask(client))
    print(passed, time.perf_counter() - began)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    configure_logs(json=True, level="ERROR")
    if len(sys.argv) > 1:
        asyncio.run(_ask_for_links(sys.argv[1]))
    else:
        sys.exit(asyncio.run(main()))
