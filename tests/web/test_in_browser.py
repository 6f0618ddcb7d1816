"""The pages in a real Chromium: live, accessible, on a wide and on a narrow screen, without a complaint."""

import json
import re
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocketRoute, async_playwright, expect
from tests.databases import EMBEDDED, database
from tests.houses import ABSTRACTS, next_mail
from tests.processes import served
from tests.services import missing

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AXE = Path(__file__).resolve().parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
SIZES = ({"width": 1280, "height": 860}, {"width": 390, "height": 800})
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
JOB_TIME_MS = 60_000


@dataclass
class Watched:
    """A page of the running installation, and everything that went wrong on it."""

    page: Page
    address: str
    outbox: Path
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.address}{path}")

    async def ask_for_mail(self) -> str:
        """Return the path of the link in the mail; its host is of the settings, which do not know the free port."""
        email = f"reader{time.time_ns()}@example.com"
        await self.open("/sign-in")
        await self.page.get_by_label("E-mail address").fill(email)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_role("heading", level=1)).to_have_text("Look into your mail")
        text = (await next_mail(self.outbox, email)).get_body(("plain",)).get_content()
        return re.search(r"/sign-in/link#\S+", text)[0]

    async def sign_in(self) -> None:
        await self.open(await self.ask_for_mail())
        await expect(self.page.get_by_role("button", name="Sign in", exact=True)).to_be_focused()
        await expect(self.page.get_by_role("textbox")).to_have_count(0)  # one button is all
        assert "#" not in self.page.url  # the code has left the address
        await self.page.keyboard.press("Enter")
        await self.page.get_by_role("checkbox").first.check()
        await self.page.get_by_role("button", name="Open my account").click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text("My documents")

    async def is_good_for_everybody(self) -> None:
        """Check the page as it stands: no barrier that axe knows, nothing wider than the screen."""
        for size in SIZES:
            await self.page.set_viewport_size(size)
            assert not await self.page.evaluate("document.documentElement.scrollWidth > innerWidth"), size
            for scheme in ("light", "dark"):
                await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                found = await self.page.evaluate(
                    """async (rules) => (await axe.run(document, {runOnly: rules})).violations.map(
                        (fault) => [fault.id, ...fault.nodes.map((node) => node.target.join(" "))])""",
                    RULES,
                )
                assert not found, (self.page.url, size, scheme, found)
        await self.page.emulate_media(color_scheme="light")
        await self.page.set_viewport_size(SIZES[0])


@dataclass(frozen=True)
class Installation:
    """`tesigo serve` with its worker, and a Chromium to look at it."""

    address: str
    outbox: Path
    chromium: Browser


@pytest.fixture(scope="module")
def chromium_path() -> str:
    if CHROMIUM is None:
        missing("no Chromium on this machine: `apt-get install chromium` lets these tests run")
    return CHROMIUM


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(
    chromium_path: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    async with (
        database(EMBEDDED) as url,
        served(folder, DATABASE_URL=url) as (_, address),
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield Installation(address, folder / "data" / "outbox", browser)
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def watched(installation: Installation) -> AsyncIterator[Watched]:
    """A new window on the installation; when the test has ended it must not have complained of anything."""
    context = await installation.chromium.new_context(viewport=SIZES[0])
    await context.add_init_script(AXE.read_text("utf-8"))
    page = await context.new_page()
    page.set_default_timeout(15_000)
    watched = Watched(page, installation.address, installation.outbox)

    def note(text: str, is_wrong: bool) -> None:
        if is_wrong:
            watched.complaints.append(text)

    own = (installation.address, installation.address.replace("http", "ws", 1), "data:")
    page.on("console", lambda said: note(said.text, said.type in ("error", "warning")))
    page.on("pageerror", lambda error: note(str(error), True))
    page.on("request", lambda asked: note(f"asked {asked.url}", not asked.url.startswith(own)))
    yield watched
    await context.close()
    assert watched.complaints == []


async def test_from_the_first_visit_to_the_file(watched: Watched, tmp_path: Path):
    page = watched.page
    for path in ("/", "/sign-in"):
        await watched.open(path)
        await watched.is_good_for_everybody()
    await watched.sign_in()
    await watched.is_good_for_everybody()
    papers = tmp_path / "papers.jsonl"
    papers.write_text("\n".join(map(json.dumps, ABSTRACTS)))
    await page.get_by_role("link", name="Start a document").click()
    await page.get_by_label("Title").fill("Feedback on student essays")
    await page.get_by_label("Pages").fill("5")
    await page.get_by_label("Source files").set_input_files(papers)
    await expect(page.get_by_role("list", name="Chosen files")).to_contain_text("papers.jsonl")
    await watched.is_good_for_everybody()

    await page.get_by_role("button", name="Start writing").click()
    bar = page.get_by_role("progressbar", name="Progress")
    await expect(bar.or_(page.get_by_text("Your document is ready"))).to_be_visible()
    await expect(page.get_by_text("Your document is ready")).to_be_visible(timeout=JOB_TIME_MS)
    await expect(page.locator("#news")).to_have_text("The document is complete.")  # without a reload
    await expect(page.locator(".outline .written").first).to_be_visible()
    await watched.is_good_for_everybody()
    document = page.url

    async with page.expect_download() as started:
        await page.get_by_role("link", name="Download PDF").click()
    file = await started.value
    assert file.suggested_filename == "Feedback-on-student-essays.pdf"
    await file.save_as(tmp_path / "out.pdf")
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")

    await page.get_by_role("link", name="Read", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Feedback on student essays")
    await watched.is_good_for_everybody()
    cite = page.locator("button.cite").first
    await cite.focus()
    await page.keyboard.press("Enter")
    passage = page.locator(f"#{await cite.get_attribute('popovertarget')}")
    await expect(passage).to_be_visible()
    quoted = await passage.locator("blockquote").inner_text()
    assert any(quoted in paper["abstract"] for paper in ABSTRACTS)
    await watched.is_good_for_everybody()
    await page.keyboard.press("Escape")
    await expect(passage).to_be_hidden()

    await page.goto(f"{document}/delete")
    await watched.is_good_for_everybody()
    await page.get_by_role("button", name="Delete for good").click()
    await expect(page.get_by_role("status")).to_contain_text("was deleted")


async def test_progress_comes_back_after_a_lost_connection(watched: Watched, tmp_path: Path):
    page = watched.page
    await watched.sign_in()
    opened: list[str] = []

    async def cut_the_first(socket: WebSocketRoute) -> None:
        opened.append(socket.url)
        if len(opened) == 1:
            await socket.close(code=1012)
        else:
            socket.connect_to_server()

    await page.route_web_socket(re.compile(r"/ws/generation/"), cut_the_first)
    papers = tmp_path / "papers.jsonl"
    papers.write_text("\n".join(map(json.dumps, ABSTRACTS)))
    await watched.open("/documents/new")
    await page.get_by_label("Title").fill("Feedback on student essays")
    await page.get_by_label("Source files").set_input_files(papers)
    await page.get_by_role("button", name="Start writing").click()
    await expect(page.get_by_text("Your document is ready")).to_be_visible(timeout=JOB_TIME_MS)
    assert len(opened) >= 2


async def test_dropped_files_are_named_and_can_be_taken_back(watched: Watched):
    page = watched.page
    await watched.sign_in()
    await watched.open("/documents/new")
    carrier = await page.evaluate_handle(
        """() => { const carrier = new DataTransfer();
            carrier.items.add(new File(["@book{a}"], "one.bib")); carrier.items.add(new File(["x"], "two.txt"));
            return carrier; }"""
    )
    await page.locator(".drop").dispatch_event("drop", {"dataTransfer": carrier})
    chosen = page.get_by_role("list", name="Chosen files")
    await expect(chosen.get_by_role("listitem")).to_have_count(2)
    await chosen.get_by_role("button", name="Do not use: one.bib").click()
    await expect(chosen.get_by_role("listitem")).to_have_count(1)
    assert await page.evaluate("[...document.querySelector('#files').files].map((file) => file.name)") == [
        "two.txt"
    ]
    await expect(page.get_by_label("Source files")).to_be_focused()


async def test_a_keyboard_reaches_everything_and_sees_where_it_is(watched: Watched):
    page = watched.page
    await watched.open("/sign-in")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    field = page.get_by_label("E-mail address")
    await expect(field).to_be_focused()
    assert await field.evaluate("(node) => getComputedStyle(node).outlineStyle") == "solid"
