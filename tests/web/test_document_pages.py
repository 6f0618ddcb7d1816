"""A document from the empty form to the text on the screen, with forms alone."""

import json
import re

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select
from tests.houses import ABSTRACTS
from tests.web.conftest import Browser, browser_of, words_on

from tesigo.documents.sources_service import record_found
from tesigo.entry.wiring import House
from tesigo.export.formats import Format
from tesigo.generation.models import JobRow
from tesigo.generation.tasks import run_job
from tesigo.manuscript import Source

pytestmark = pytest.mark.asyncio(loop_scope="module")
FORM = {
    "title": "Feedback on student essays",
    "pages": "5",
    "language": "en",
    "citation_style": "apa",
    "norm": "generic",
    "requirements": "",
}
PAPERS = ("files", ("papers.jsonl", "\n".join(map(json.dumps, ABSTRACTS)).encode()))


@pytest_asyncio.fixture(loop_scope="module")
async def writer(browser: Browser) -> Browser:
    await browser.sign_in()
    return browser


async def run_job_of(house: House, address: str) -> None:
    """Do what a worker does for this document, in this process."""
    its_own = JobRow.document_id == int(address.rpartition("/")[2])
    async with house.database.transaction() as tx:
        (job,) = (await tx.scalars(select(JobRow.id).where(its_own, JobRow.status == "queued"))).all()
    await run_job(house.tools, {"job_id": str(job)})


async def send_with_empty_file_field(writer: Browser, address: str, **fields: str) -> httpx.Response:
    """Send the form as browsers do when no file was chosen: with a file that has no name and no content."""
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append('name="files"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n')
    body = "".join(f"--B\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--B--\r\n"
    kind = "multipart/form-data; boundary=B"
    return await writer.client.post(address, content=body.encode(), headers={"Content-Type": kind})


async def test_from_the_form_to_the_text(writer: Browser, house: House):
    assert "Nothing here yet" in words_on(await writer.open("/documents"))
    made = await writer.send("/documents/new", files=[PAPERS], **FORM)
    address = made.url.path
    assert re.fullmatch(r"/documents/\d+", address)
    assert "Waiting" in words_on(made)
    assert f'data-url="/ws/generation/{address.split("/")[-1]}"' in made.text
    assert "<noscript>" in made.text  # without scripts there is a link instead
    assert "<progress" in (await writer.open("/documents")).text

    await run_job_of(house, address)
    done = await writer.open(address)
    assert "Your document is ready" in words_on(done)
    assert "Cited sources" in words_on(done)
    assert "<tg-progress" not in done.text
    for wanted in Format:
        file = await writer.open(f"{address}/download/{wanted.value}")
        assert file.status_code == 200, wanted
        assert file.headers["content-type"].startswith(wanted.media_type.partition(";")[0])
        assert f"Feedback-on-student-essays.{wanted.extension}" in file.headers["content-disposition"]

    text = await writer.open(f"{address}/read")
    assert '<article class="text" lang="en">' in text.text
    targets = set(re.findall(r'popovertarget="([^"]+)"', text.text))
    assert targets
    assert targets <= set(re.findall(r' id="([^"]+)" popover', text.text))
    quoted = re.findall(r"<blockquote>(.*?)</blockquote>", text.text)
    assert quoted
    assert all(any(passage in paper["abstract"] for paper in ABSTRACTS) for passage in quoted)
    anchors = set(re.findall(r'href="#([^"]+)"', text.text))
    assert anchors <= set(re.findall(r' id="([^"]+)"', text.text))
    assert "Feedback on student essays" in words_on(await writer.open("/documents"))

    again = await writer.send(f"{address}/write")
    assert "written already" in words_on(again)
    asked = await writer.open(f"{address}/delete")
    assert "Delete this document?" in words_on(asked)
    gone = await writer.send(f"{address}/delete")
    assert gone.url.path == "/documents"
    assert "was deleted" in words_on(gone)
    assert (await writer.open(address)).status_code == 404


async def test_a_file_that_cannot_be_read_is_named_and_the_others_are_used(writer: Browser):
    broken = ("files", ("virus.pdf", b"MZ\x90\x00 not a paper"))
    made = await writer.send("/documents/new", files=[broken, PAPERS], **FORM)
    assert "virus.pdf was not used:" in words_on(made)
    assert "Feedback on essays, study 1" in words_on(made)
    assert "virus.pdf" not in words_on(await writer.open(made.url.path))  # it is said once


async def test_without_any_source_the_document_is_kept_and_says_what_it_needs(writer: Browser, house: House):
    made = await send_with_empty_file_field(writer, "/documents/new", **FORM)
    assert "Add some below" in words_on(made)
    assert "It needs sources" in words_on(made)
    added = await writer.send(f"{made.url.path}/sources", files=[PAPERS])
    assert "8 sources were added." in words_on(added)
    assert "Ready to be written" in words_on(added)
    started = await writer.send(f"{made.url.path}/write")
    assert "Waiting for its turn" in words_on(started)
    refused = await writer.send(f"{made.url.path}/sources", files=[PAPERS])
    assert refused.status_code == 409
    assert "is being written" in words_on(refused)
    await run_job_of(house, made.url.path)
    assert "Your document is ready" in words_on(await writer.open(made.url.path))


async def test_a_job_that_fails_says_why_and_can_be_tried_again(writer: Browser, house: House):
    made = await writer.send("/documents/new", **{**FORM, "title": "Quantum chromodynamics"})
    await writer.send(f"{made.url.path}/write")
    await run_job_of(house, made.url.path)
    failed = await writer.open(made.url.path)
    assert "The writing has stopped" in words_on(failed)
    assert "Try again" in words_on(failed)


async def test_a_source_can_be_taken_out_again(writer: Browser):
    made = await writer.send("/documents/new", **FORM)
    added = await writer.send(f"{made.url.path}/sources", files=[PAPERS])
    remove = re.search(r'action="(/documents/\d+/sources/\d+/remove)"', added.text)
    assert remove
    left = await writer.send(remove[1])
    assert left.text.count("/remove") == added.text.count("/remove") - 1


async def test_a_source_says_where_it_was_found_and_that_it_was_retracted(writer: Browser, house: House):
    address = (await writer.send("/documents/new", files=[PAPERS], **FORM)).url.path
    csl = {
        "id": "gone2020",
        "type": "article-journal",
        "title": "Feedback that was taken back",
        "status": "retracted",
    }
    async with house.database.transaction() as tx:
        found = Source("gone2020", csl, "Nothing of it holds.", found_by="Crossref")
        await record_found(tx, int(address.rpartition("/")[2]), [found], house.clock())
    told = words_on(await writer.open(address))
    assert "Feedback that was taken back" in told
    assert "from Crossref" in told
    assert told.count("retracted") == 1


async def test_wrong_fields_are_named_and_what_was_typed_is_kept(writer: Browser):
    wrong = {**FORM, "title": "x", "pages": "1000", "citation_style": "appa", "requirements": "Two chapters"}
    answer = await writer.send("/documents/new", files=[PAPERS], **wrong)
    assert answer.status_code == 400
    read = words_on(answer)
    assert "3 things have to be put right" in read
    assert "Ask for 5 to 200 pages" in read
    assert "did you mean apa" in read
    assert "choose your files again" in read
    assert 'value="1000"' in answer.text
    assert "Two chapters" in read
    assert "Nothing here yet" in words_on(await writer.open("/documents"))


async def test_a_title_is_text_wherever_it_stands(writer: Browser):
    title = "<img src=x onerror=alert(1)>\"quoted\" & 'so'"
    made = await writer.send("/documents/new", **{**FORM, "title": title})
    for address in (made.url.path, "/documents", f"{made.url.path}/delete", f"{made.url.path}/read"):
        page = await writer.open(address)
        assert "<img src=x" not in page.text
        assert title in words_on(page)
    gone = await writer.send(f"{made.url.path}/delete")
    assert "<img src=x" not in gone.text
    assert title in words_on(gone)


async def test_nobody_else_sees_a_document(writer: Browser, house: House):
    made = await writer.send("/documents/new", **FORM)
    address = made.url.path
    async with browser_of(house) as other:
        await other.sign_in()
        missing = await other.open("/documents/999999")
        for path in ("", "/read", "/delete", "/download/pdf"):
            page = await other.open(f"{address}{path}")
            assert page.status_code == 404
            assert words_on(page) == words_on(missing)
        for path in ("/delete", "/write", "/sources", "/sources/1/remove"):
            assert (await other.send(f"{address}{path}", files=[PAPERS])).status_code == 404
        assert "Nothing here yet" in words_on(await other.open("/documents"))
    assert (await writer.open(address)).status_code == 200


async def test_long_lists_are_turned_page_by_page(writer: Browser):
    for number in range(21):
        await writer.send("/documents/new", **{**FORM, "title": f"Essay number {number:02}"})
    first = await writer.open("/documents")
    assert "Essay number 20" in words_on(first)
    assert "Essay number 00" not in words_on(first)
    following = re.search(r'href="(/documents\?cursor=[^"]+)"', first.text)
    assert following
    second = await writer.open(following[1])
    assert "Essay number 00" in words_on(second)
    assert "Essay number 01" not in words_on(second)
    assert (await writer.open("/documents?cursor=rubbish")).status_code == 400
