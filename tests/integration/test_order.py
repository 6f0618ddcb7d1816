"""Who is served when: the virtual deadline as arithmetic, and as a real queue with a real worker serves it."""

import asyncio
import math
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.houses import opened_house

from tesigo.accounts.identity import User
from tesigo.documents import service as documents
from tesigo.documents.quotas import Quotas
from tesigo.entry.wiring import House
from tesigo.entry.worker import run_jobs
from tesigo.generation.deadlines import priority_of
from tesigo.generation.service import WRITE_DOCUMENT, request_job
from tesigo.kit.queue_worker import consume
from tesigo.writing.brief import make_brief

SHORTEST, LONGEST = 5, 200
PAGE_S, PREMIUM_S = 20, 4_500
HEAD_START_S = (LONGEST - SHORTEST) * PAGE_S + PREMIUM_S
"""Nobody who comes so much later than another is served before them."""
QUOTAS = Quotas(documents=1_000, sources=1_000, stored_mb=1_000)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

lengths = st.integers(SHORTEST, LONGEST)
moments = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2093, 12, 31), timezones=st.just(UTC)  # noqa: DTZ001 - the zone is given
)  # fmt: skip
waits_s = st.floats(0, 3 * HEAD_START_S)


@given(pages=st.tuples(lengths, lengths), premium=st.tuples(st.booleans(), st.booleans()), now=moments)
def test_of_jobs_that_come_together_premium_goes_first_and_then_the_shorter(pages, premium, now):
    first, second = (
        priority_of(length, is_premium=paid, now=now) for length, paid in zip(pages, premium, strict=True)
    )
    expected = (not premium[0], pages[0]) < (not premium[1], pages[1])
    assert (first > second) == expected


@given(
    pages=st.tuples(lengths, lengths),
    premium=st.tuples(st.booleans(), st.booleans()),
    now=moments,
    wait_s=waits_s,
)
def test_who_waits_is_overtaken_only_within_the_others_head_start(pages, premium, now, wait_s):
    waiting = priority_of(pages[0], is_premium=premium[0], now=now)
    newcomer = priority_of(pages[1], is_premium=premium[1], now=now + timedelta(seconds=wait_s))
    head_start_s = (pages[0] - pages[1]) * PAGE_S + (premium[1] - premium[0]) * PREMIUM_S
    assert head_start_s <= HEAD_START_S
    if wait_s > head_start_s + 1:  # a priority is a whole number of seconds
        assert newcomer < waiting
    if wait_s < head_start_s - 1:
        assert newcomer > waiting


@given(pages=lengths, is_premium=st.booleans(), now=moments)
def test_a_priority_fits_the_queues_number(pages, is_premium, now):
    assert -(2**31) <= priority_of(pages, is_premium=is_premium, now=now) < 2**31


async def test_sixty_jobs_that_come_at_once_start_in_the_order_of_their_deadlines(tmp_path):
    wanted = [(SHORTEST + 37 * number % (LONGEST - SHORTEST), number % 3 == 0) for number in range(60)]
    async with opened_house(tmp_path, min_workers=1, max_workers=1) as house:
        users = {paid: await add_user(house, is_premium=paid) for paid in (True, False)}
        jobs = {
            await request(house, users[paid], pages=pages, now=NOON): (not paid, pages)
            for pages, paid in wanted
        }
        stop = asyncio.Event()
        working = asyncio.create_task(run_jobs(house, stop))
        try:
            started = await until_all_started(house, len(jobs))
        finally:
            stop.set()
            await working
    assert [jobs[job_id] for job_id in started] == sorted(jobs.values())
    assert started == sorted(jobs, key=jobs.__getitem__)  # sorting keeps the order of arrival among equals


async def test_a_large_free_job_starts_within_its_bound_in_a_steady_stream_of_small_premium_ones(tmp_path):
    """Twice as many come as can be served: without the waiting time in it, the order would starve the large one."""
    arrives_every_s, served_in_s = 120, 240
    free = priority_of(LONGEST, is_premium=False, now=NOON)
    overtaking = next(
        number
        for number in range(1_000)
        if priority_of(SHORTEST, is_premium=True, now=NOON + number * timedelta(seconds=arrives_every_s))
        <= free
    )
    assert overtaking == math.ceil(HEAD_START_S / arrives_every_s)
    bound_s = overtaking * served_in_s

    async with opened_house(tmp_path) as house:
        premium, other = await add_user(house, is_premium=True), await add_user(house, is_premium=False)
        large = await request(house, other, pages=LONGEST, now=NOON)
        arrivals, served, clock = 0, [], NOON
        is_served = asyncio.Event()

        async def let_come(until: datetime) -> None:
            nonlocal arrivals
            while (at := NOON + arrivals * timedelta(seconds=arrives_every_s)) <= until:
                await request(house, premium, pages=SHORTEST, now=at)
                arrivals += 1

        async def serve(payload: Mapping[str, Any]) -> None:
            nonlocal clock
            served.append((uuid.UUID(payload["job_id"]), clock))
            if served[-1][0] == large or len(served) > 2 * overtaking:
                is_served.set()
            clock += timedelta(seconds=served_in_s)
            await let_come(clock)

        await let_come(NOON)
        async with serving(house, serve):
            async with asyncio.timeout(120):
                await is_served.wait()
        started = dict(served)
    assert (started[large] - NOON).total_seconds() == bound_s
    assert len(served) >= overtaking + 1
    assert arrivals > 2 * overtaking - 2  # they kept coming


@asynccontextmanager
async def serving(house: House, handler: Any) -> AsyncIterator[None]:
    """Serve one job after the other, each to its end before the next is taken."""
    stop = asyncio.Event()
    worker = asyncio.create_task(
        consume(house.database.url, {WRITE_DOCUMENT: handler}, concurrency=lambda: 1, stop=stop)
    )
    try:
        yield
    finally:
        stop.set()
        await worker


async def add_user(house: House, *, is_premium: bool) -> User:
    email = f"{'premium' if is_premium else 'free'}@example.com"
    query = text(
        "INSERT INTO users (email, is_premium, created_at) VALUES (:email, :premium, :now) RETURNING id"
    )
    async with house.database.transaction() as tx:
        user_id = await tx.scalar(query, {"email": email, "premium": is_premium, "now": NOON})
    return User(user_id, email, None, is_premium, False, None, NOON)


async def request(house: House, user: User, *, pages: int, now: datetime) -> uuid.UUID:
    """Request a document that has no sources: its job starts, and fails at once."""
    async with house.database.transaction() as tx:
        brief = make_brief("Feedback on student essays", pages=pages)
        document = await documents.create_document(tx, user.id, brief, model=None, quotas=QUOTAS, now=now)
        return (await request_job(tx, user, document, budget=house.tools.budget, now=now)).id


async def until_all_started(house: House, number: int) -> list[uuid.UUID]:
    """Return the jobs in the order in which they started, once all have ended."""
    query = text("SELECT id FROM jobs WHERE finished_at IS NOT NULL ORDER BY started_at")
    async with asyncio.timeout(120):
        while True:
            async with house.database.transaction() as tx:
                started = list(await tx.scalars(query))
            if len(started) == number:
                return started
            await asyncio.sleep(0.05)  # only the rows tell
