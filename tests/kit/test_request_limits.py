import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from tests.servers import answering

from tesigo.kit.problems import install_problems
from tesigo.kit.request_limits import BodyLimit

MIB = 1 << 20
FORM = {"content-type": "multipart/form-data; boundary=b"}
FORM_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
JSON = {"content-type": "application/json"}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    app = FastAPI()
    install_problems(app)
    app.add_middleware(BodyLimit, most_upload_mib=1, most_json_mib=1)

    @app.post("/json")
    async def take_json(body: list[str]) -> int:
        return len(body)

    @app.post("/form")
    async def take_form(request: Request) -> int:
        async with request.form() as form:
            return len(await form["file"].read())

    @app.post("/swallow")
    async def swallow(request: Request) -> str:
        with contextlib.suppress(Exception):
            await request.body()
        return "read"

    async with answering(app) as address:
        yield address


async def pieces(start: bytes, size: int) -> AsyncIterator[bytes]:
    yield start
    for _ in range(size // 65_536):
        yield b" " * 65_536
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("path", "headers", "start", "most"),
    [
        ("/json", JSON, b"[]", MIB),
        ("/form", FORM, FORM_HEAD, 2 * MIB),
        ("/form", {"content-type": "Multipart/Form-Data; boundary=b"}, FORM_HEAD, 2 * MIB),
        ("/swallow", JSON, b" ", MIB),
    ],
)
async def test_a_body_above_the_limit_answers_413_announced_or_not(address, path, headers, start, most):
    async with httpx.AsyncClient(base_url=address) as client:
        whole = start + b" " * most
        for content in (whole, pieces(start, most)):  # with Content-Length, and in chunks
            answer = await client.post(path, content=content, headers=headers)
            assert answer.status_code == 413, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "too_large"
            assert "1 MB" in answer.json()["detail"]


async def test_a_body_within_the_limit_is_read_announced_or_not(address):
    async with httpx.AsyncClient(base_url=address) as client:
        for content in (b"[]" + b" " * (MIB - 2), pieces(b"[]", MIB - 65_536)):
            assert (await client.post("/json", content=content, headers=JSON)).json() == 0
        file = {"file": ("a.txt", b"x" * MIB)}  # the limit is the file's, not that of the form around it
        assert (await client.post("/form", files=file)).json() == MIB


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "9" * 30, "9" * 5_000, ""])
async def test_a_length_that_is_none_is_refused_and_the_server_goes_on(address, length):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(f"POST /json HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
    status = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    assert status.split()[1] in (b"400", b"413")
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.post("/json", json=["still here"])).json() == 1


@pytest.mark.parametrize(("length", "status"), [("abc", 400), ("-1", 400), ("", 400), ("9" * 5_000, 413)])
async def test_a_server_that_lets_such_a_length_through_changes_nothing(length, status):
    """Servers differ in what they check: the limit relies on none of them."""
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    async def never(*_: object) -> None:
        raise AssertionError("the application was reached")

    scope = {"type": "http", "method": "POST", "headers": [(b"content-length", length.encode())]}
    await BodyLimit(never, most_upload_mib=1)(scope, never, send)
    assert sent[0]["status"] == status
