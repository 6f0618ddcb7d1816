import asyncio
import io
import tracemalloc
from tempfile import TemporaryFile
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.servers import answering

from tesigo.privacy.downloads import OpenFileResponse
from tesigo.privacy.export_places import OwnThreads
from tesigo.privacy.export_service import export_json

SCOPE = {"type": "http", "method": "GET", "headers": [], "asgi": {"spec_version": "2.4"}}
_MIB = 1 << 20


class Gone(Exception):
    """The client has hung up."""


async def never_ends():
    return {"type": "http.request", "body": b"", "more_body": False}


async def test_a_file_is_sent_whole_and_closed():
    file = io.BytesIO(b"x" * 600_000)
    sent = []

    async def send(message):
        sent.append(message)

    await OpenFileResponse(file, name="a.json", media_type="application/json")(SCOPE, never_ends, send)
    assert b"".join(message.get("body", b"") for message in sent) == b"x" * 600_000
    assert (b"content-length", b"600000") in sent[0]["headers"]
    assert file.closed


async def test_a_file_is_closed_when_the_client_goes_away_in_between():
    file = io.BytesIO(b"x" * 600_000)
    sent = 0

    async def send(message):
        nonlocal sent
        sent += 1
        if sent == 2:
            raise Gone

    with pytest.raises(Gone):
        await OpenFileResponse(file, name="a.json", media_type="application/json")(SCOPE, never_ends, send)
    assert file.closed


class Download:
    """An application that sends one file of zeros, of 64 MiB, to whoever asks."""

    size_bytes = 64 * _MIB

    def __init__(self, patience_s: float) -> None:
        self.file = TemporaryFile()  # noqa: SIM115 - the answer closes it
        self.file.truncate(self.size_bytes)
        self.patience_s = patience_s
        self.has_ended = asyncio.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        answer = OpenFileResponse(
            self.file, name="a.zip", media_type="application/zip", patience_s=self.patience_s
        )
        try:
            await answer(scope, receive, send)
        finally:
            self.has_ended.set()


async def ask_for_it(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1024)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await writer.drain()
    return reader, writer


async def test_a_client_that_reads_nothing_is_given_up_and_the_file_is_gone():
    download = Download(patience_s=0.3)
    with capture_logs() as logs:
        async with answering(download) as address, asyncio.timeout(20):
            reader, writer = await ask_for_it(address)
            await download.has_ended.wait()
            assert download.file.closed
            got_bytes = 0
            while piece := await reader.read(_MIB):  # what was on its way; then the server hangs up
                got_bytes += len(piece)
            assert 0 < got_bytes < download.size_bytes
            writer.close()
    assert [line["event"] for line in logs] == ["a download was given up: its client reads nothing"]


async def test_a_client_that_reads_slowly_but_reads_gets_the_whole_file():
    download = Download(patience_s=0.3)
    async with answering(download) as address, asyncio.timeout(60):
        reader, writer = await ask_for_it(address)
        began = asyncio.get_running_loop().time()
        head = await reader.readuntil(b"\r\n\r\n")
        got_bytes = 0
        for _ in range(16):  # longer in all than the patience with one piece
            got_bytes += len(await reader.readexactly(2 * _MIB))
            await asyncio.sleep(0.05)  # a client's pace
        assert asyncio.get_running_loop().time() - began > 2 * download.patience_s
        got_bytes += len(await reader.readexactly(download.size_bytes - got_bytes))
        writer.close()
        await download.has_ended.wait()
    assert f"content-length: {got_bytes}".encode() in head
    assert download.file.closed


@pytest.mark.asyncio(loop_scope="module")
async def test_the_export_of_many_long_texts_needs_the_memory_of_a_few(me):
    document_id = await me.create()
    async with me.house.database.transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO sources (document_id, key, csl, abstract, full_text, found_by, created_at) "
                "SELECT :id, 'key' || n, '{}', '', repeat('word' || n || ' ', 200000), 'file', now() "
                "FROM generate_series(1, 60) AS n"
            ),
            {"id": document_id},
        )
    user_id = (await me.ask("GET", "/user/me")).json()["id"]
    settings, now = me.house.settings, me.house.clock()
    tracemalloc.start()
    try:
        with await export_json(me.house.database, user_id, settings.data_dir, OwnThreads(1), now=now) as file:
            _, peak_bytes = tracemalloc.get_traced_memory()
            assert file.seek(0, io.SEEK_END) > 60 * _MIB
    finally:
        tracemalloc.stop()
    assert peak_bytes < 25 * _MIB
