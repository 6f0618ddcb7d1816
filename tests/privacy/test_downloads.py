import io
import tracemalloc

import pytest
from sqlalchemy import text

from tesigo.privacy.downloads import OpenFileResponse
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
        with await export_json(me.house.database, user_id, settings.data_dir, now=now) as file:
            _, peak_bytes = tracemalloc.get_traced_memory()
            assert file.seek(0, io.SEEK_END) > 60 * _MIB
    finally:
        tracemalloc.stop()
    assert peak_bytes < 25 * _MIB
