"""Cancelling and going on in a real Chromium: at once in every tab, for the keyboard and for everybody."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright, expect
from tests.databases import EMBEDDED, database
from tests.houses import ABSTRACTS
from tests.processes import served
from tests.web.test_in_browser import FLAGS, Installation, Watched, chromium_path, watched

__all__ = ["chromium_path", "watched"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
AT_ONCE_MS = 5_000  # the page looks by itself every 20 s


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database_url() -> AsyncIterator[str]:
    async with database(EMBEDDED) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(
    database_url: str, chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """An installation in which every job waits: nobody works."""
    folder = tmp_path_factory.mktemp("installation")
    async with (
        served(folder, "--no-worker", DATABASE_URL=database_url) as (_, address),
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield Installation(address, folder / "data" / "outbox", browser)
        await browser.close()


async def start_document(watched: Watched, folder: Path) -> str:
    """Return the path of a document that waits to be written."""
    page = watched.page
    papers = folder / "papers.jsonl"
    papers.write_text("\n".join(map(json.dumps, ABSTRACTS)))
    await watched.open("/documents/new")
    await page.get_by_label("Title").fill("Feedback on student essays")
    await page.get_by_label("Source files").set_input_files(papers)
    await page.get_by_role("button", name="Start writing").click()
    await expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    return page.url.removeprefix(watched.address)


async def interrupt(url: str, path: str) -> None:
    """Have the document's job rest after 3 of 8 sections, as a used-up limit leaves it."""
    connection = await asyncpg.connect(url)
    try:
        document_id = int(path.rpartition("/")[2])
        await connection.execute("UPDATE documents SET status = 'paused' WHERE id = $1", document_id)
        await connection.execute(
            "UPDATE jobs SET status = 'paused', error = 'The tokens of today are used up.', progress = 40,"
            " sections_done = 3, sections_total = 8 WHERE document_id = $1",
            document_id,
        )
    finally:
        await connection.close()


async def test_a_cancel_in_another_tab_shows_at_once(watched: Watched, tmp_path: Path):
    page = watched.page
    await watched.sign_in()
    path = await start_document(watched, tmp_path)
    await expect(page.get_by_text("next in the queue")).to_be_visible()
    await watched.is_good_for_everybody()
    await page.evaluate("window.stays = true")
    other = await page.context.new_page()
    await other.goto(f"{watched.address}{path}")
    await other.get_by_role("button", name="Cancel the writing").click()
    await expect(other.get_by_role("heading", name="The writing was cancelled")).to_be_visible()
    heading = page.get_by_role("heading", name="The writing was cancelled")
    await expect(heading).to_be_visible(timeout=AT_ONCE_MS)
    await expect(page.locator("#news")).to_have_text("The writing was cancelled.")
    assert await page.evaluate("window.stays")
    await watched.is_good_for_everybody()


async def test_the_keyboard_stays_on_the_button_while_the_page_follows(watched: Watched, tmp_path: Path):
    page = watched.page
    await watched.sign_in()
    await start_document(watched, tmp_path)
    button = page.get_by_role("button", name="Cancel the writing")
    await expect(button).to_have_accessible_description(
        "What is written so far stays, and you can go on from it later."
    )
    await button.focus()
    async with page.expect_response(page.url):
        await page.locator("tg-progress").dispatch_event("progressed")
    await page.evaluate("new Promise(requestAnimationFrame)")
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="The writing was cancelled")).to_be_visible()


async def test_what_was_interrupted_goes_on_from_the_list(
    watched: Watched, database_url: str, tmp_path: Path
):
    page = watched.page
    await watched.sign_in()
    path = await start_document(watched, tmp_path)
    await interrupt(database_url, path)
    await watched.open(path)
    await expect(page.get_by_role("heading", name="The writing is paused")).to_be_visible()
    await expect(page.get_by_text("The tokens of today are used up.")).to_be_visible()
    await expect(page.get_by_role("progressbar")).to_have_count(0)
    await watched.is_good_for_everybody()
    await watched.open("/documents")
    notice = page.get_by_role("region", name="1 document was interrupted")
    await expect(notice).to_contain_text("3 of 8 sections are written")
    await watched.is_good_for_everybody()
    await notice.get_by_role("button", name="Go on writing Feedback on student essays").click()
    await expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    assert page.url == f"{watched.address}{path}"
