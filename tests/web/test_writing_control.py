"""A document's writing under its user's hand, with forms alone."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio
from sqlalchemy import select
from tests.composers import always
from tests.generation.jobs import FailingComposer, PausingComposer
from tests.web.conftest import Browser, browser_of, words_on
from tests.web.test_document_pages import FORM, PAPERS, run_job_of

from tesigo.entry.wiring import House
from tesigo.generation.models import JobRow
from tesigo.generation.tasks import run_job
from tesigo.kit.errors import Failure, LimitReached
from tesigo.writing.ports import Composer

pytestmark = pytest.mark.asyncio(loop_scope="module")
REASON = "Today's tokens are used up: go on tomorrow."


@pytest_asyncio.fixture(loop_scope="module")
async def writer(browser: Browser) -> Browser:
    await browser.sign_in()
    return browser


async def waiting_document(writer: Browser, title: str = FORM["title"]) -> str:
    """Return the address of a document that waits to be written."""
    return (await writer.send("/documents/new", files=[PAPERS], **{**FORM, "title": title})).url.path


async def newest_job(house: House, address: str) -> JobRow:
    its_own = JobRow.document_id == int(address.rpartition("/")[2])
    async with house.database.transaction() as tx:
        return (await tx.scalars(select(JobRow).where(its_own).order_by(JobRow.created_at.desc()))).first()


async def run_with(house: House, address: str, composer: Composer) -> None:
    """Do what a worker does, with this composer."""
    job = await newest_job(house, address)
    await run_job(
        replace(house.tools, composers=always(composer), section_concurrency=1), {"job_id": str(job.id)}
    )


@asynccontextmanager
async def running(house: House, address: str, *, good: int) -> AsyncIterator[asyncio.Task[None]]:
    """Give the run of the document's job, which stands still after some sections."""
    composer = PausingComposer(good=good)
    run = asyncio.create_task(run_with(house, address, composer))
    try:
        await composer.stands_still(house, (await newest_job(house, address)).id)
        yield run
    finally:
        run.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await run


async def test_a_job_that_waits_tells_its_place_and_can_be_cancelled_and_started_again(
    writer: Browser, house: House
):
    address = await waiting_document(writer)
    page = await writer.open(address)
    told = (await writer.open(f"/api/v1/jobs/{(await newest_job(house, address)).id}/status")).json()
    ahead = told["queue_position"]
    place = re.search(r"next in the queue|(\d+)(?:st|nd|rd|th) in the queue", words_on(page))
    assert (int(place[1]) if place[1] else 1) == ahead + 1
    assert "What is written so far stays" in words_on(page)
    cancelled = await writer.send(f"{address}/cancel")
    assert cancelled.url.path == address
    assert "The writing was cancelled" in words_on(cancelled)
    assert "Nothing had been written yet" in words_on(cancelled)
    assert "Cancel the writing" not in words_on(cancelled)
    assert "in the queue" not in words_on(cancelled)
    assert "Cancelled" not in words_on(await writer.open("/documents"))  # it is a draft again
    started = await writer.send(f"{address}/write")
    assert "Waiting for its turn" in words_on(started)
    await run_job_of(house, address)
    assert "Your document is ready" in words_on(await writer.open(address))


async def test_a_job_that_runs_is_cancelled_and_gone_on_with_from_what_is_written(
    writer: Browser, house: House
):
    address = await waiting_document(writer)
    async with running(house, address, good=2) as run:
        page = await writer.open(address)
        assert "Writing: 2 of" in words_on(page)
        assert "in the queue" not in words_on(page)
        cancelled = await writer.send(f"{address}/cancel")
        async with asyncio.timeout(10):
            await run
    assert "The writing was cancelled" in words_on(cancelled)
    assert "What is written stays" in words_on(cancelled)
    assert '<span class="badge cancelled">' in cancelled.text
    assert "Read what is there" in words_on(cancelled)
    listed = words_on(await writer.open("/documents"))
    assert "Cancelled" in listed
    assert "interrupted" not in listed  # nobody but its user has stopped it
    assert cancelled.text.count(f'action="{address}/resume"') == 1
    waiting = await writer.send(f"{address}/resume")
    assert "Waiting for its turn" in words_on(waiting)
    assert "Writing:" not in words_on(waiting)
    before = (await writer.open(f"/api/v1{address}/sections")).json()["items"]
    assert sum(section["status"] == "written" for section in before) == 2
    await run_job_of(house, address)
    assert "Your document is ready" in words_on(await writer.open(address))


@pytest.mark.parametrize(
    ("failure", "title", "badge"),
    [
        (LimitReached(REASON, retry_after_s=60), "The writing is paused", "Paused"),
        (Failure(REASON), "The writing has stopped", "Stopped"),
    ],
)
async def test_what_was_interrupted_says_why_and_goes_on_from_the_list(
    writer: Browser, house: House, failure, title, badge
):
    address = await waiting_document(writer)
    await run_with(house, address, FailingComposer(failure, good=3))
    page = await writer.open(address)
    assert title in words_on(page)
    assert f'The reason: <span lang="en">{REASON.replace(chr(39), "&#39;")}</span>' in page.text
    assert badge in words_on(page)
    assert "<tg-progress" not in page.text
    assert "Cancel the writing" not in words_on(page)
    assert page.text.count(f'action="{address}/resume"') == 1
    listed = await writer.open("/documents")
    assert "1 document was interrupted" in words_on(listed)
    assert re.search(r"3 of \d+ sections are written", words_on(listed))
    assert badge in words_on(listed)
    assert f'aria-label="Go on writing {FORM["title"]}"' in listed.text
    resumed = await writer.send(re.search(rf'action="({address}/resume)"', listed.text)[1])
    assert resumed.url.path == address
    assert "Waiting for its turn" in words_on(resumed)
    assert REASON not in resumed.text
    assert "interrupted" not in words_on(await writer.open("/documents"))
    await run_job_of(house, address)
    assert "Your document is ready" in words_on(await writer.open(address))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("uk", ("Написання призупинено", "Причина:", "Писати далі", "1 документ перервано")),
        (
            "it",
            ("La scrittura è in pausa", "Motivo:", "Riprendi la scrittura", "1 documento è stato interrotto"),
        ),
    ],
)
async def test_the_frame_around_a_reason_is_in_the_language_of_the_interface(house: House, language, words):
    async with browser_of(house, **{"Accept-Language": language}) as writer:
        await writer.sign_in()
        address = await waiting_document(writer)
        await run_with(house, address, FailingComposer(LimitReached(REASON, retry_after_s=60), good=1))
        page, listed = await writer.open(address), await writer.open("/documents")
        for text in words[:3]:
            assert text in words_on(page)
        assert words[3] in words_on(listed)
        assert REASON in words_on(page)


async def test_many_interrupted_documents_are_counted_and_the_newest_named(writer: Browser, house: House):
    for number in range(6):
        address = await waiting_document(writer, f"Essay number {number}")
        await run_with(house, address, FailingComposer(Failure(REASON), good=1))
    listed = await writer.open("/documents")
    assert "6 documents were interrupted" in words_on(listed)
    assert "There are more of them in the list" in words_on(listed)
    named = re.findall(r'aria-label="Go on writing Essay number (\d)"', listed.text)
    assert named == ["5", "4", "3", "2", "1"]


async def test_a_title_in_the_notice_is_text(writer: Browser, house: House):
    address = await waiting_document(writer, '<img src=x onerror=alert(1)> "so"')
    await run_with(house, address, FailingComposer(Failure("<script>alert(1)</script>"), good=1))
    for path in ("/documents", address):
        page = await writer.open(path)
        assert "<img" not in page.text.replace('<img src="/static', "")
        assert "<script>alert" not in page.text
        assert 'onerror=alert(1)> "so"' in words_on(page)


async def test_what_cannot_be_cancelled_or_gone_on_with_is_told_on_the_page(writer: Browser, house: House):
    draft = (await writer.send("/documents/new", **FORM)).url.path
    finished, waiting = await waiting_document(writer), await waiting_document(writer)
    await run_job_of(house, finished)
    for address, action, told in (
        (draft, "resume", "was never started"),
        (draft, "cancel", "It needs sources"),  # there is no job, and nothing to say
        (finished, "cancel", "has ended already"),
        (finished, "resume", "written already"),
        (waiting, "resume", "Waiting for its turn"),  # it is in the queue, and no second time
    ):
        page = await writer.send(f"{address}/{action}")
        assert (page.status_code, page.url.path) == (200, address)
        assert told in words_on(page)


async def test_nobody_else_cancels_or_goes_on(writer: Browser, house: House):
    address = await waiting_document(writer)
    async with browser_of(house) as other:
        await other.sign_in()
        for path in ("cancel", "resume"):
            assert (await other.send(f"{address}/{path}")).status_code == 404
    assert (await newest_job(house, address)).status == "queued"
    assert "Waiting for its turn" in words_on(await writer.open(address))
