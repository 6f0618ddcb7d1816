import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from tests.servers import answering

from tesigo.kit.problems import install_problems
from tesigo.kit.request_limits import BodyLimit

MIB = 1 << 20
PATIENCE_S = 1.0
FORM = {"content-type": "multipart/form-data; boundary=b"}
FORM_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
JSON = {"content-type": "application/json"}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    app = FastAPI()
    install_problems(app)
    large_at = ("/json", "/form", "/swallow")
    app.add_middleware(
        BodyLimit, most_upload_mib=1, most_json_mib=1, large_at=large_at, patience_s=PATIENCE_S
    )

    @app.post("/json")
    @app.post("/small")
    @app.post("/jsonish")
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

    @app.post("/json/below")
    async def take_anything(request: Request) -> int:
        return len(str(await request.json()))

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

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", length.encode())]}
    await BodyLimit(never, most_upload_mib=1, large_at=("/",))(scope, never, send)
    assert sent[0]["status"] == status


@pytest.mark.parametrize("path", ["/small", "/jsonish"])
@pytest.mark.parametrize("headers", [JSON, FORM])
async def test_where_no_long_texts_go_16_kib_are_enough_of_whatever_kind(address, path, headers):
    async with httpx.AsyncClient(base_url=address) as client:
        for content in (b"[]" + b" " * 16_383, pieces(b"[]", 65_536)):
            answer = await client.post(path, content=content, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
            assert "16 KB" in answer.json()["detail"]
        answer = await client.post(path, content=b'["a"]' + b" " * 16_379, headers=JSON)
        assert answer.json() == 1


async def test_the_kind_of_a_body_is_what_the_framework_takes_it_for(address):
    """With two headers of one name the limit of the one shall not hold for a body that is read as the other."""
    async with httpx.AsyncClient(base_url=address) as client:
        both = [*JSON.items(), *FORM.items()]
        answer = await client.post("/json", content=b"[]" + b" " * MIB, headers=both)
        assert answer.status_code == 413


HOSTILE = {
    "members": b"{" + b",".join(b'"k%d":0' % number for number in range(30_000)) + b"}",
    "items": b"[" + b"0," * 30_000 + b"0]",
    "lists": b"[" * 30_000 + b"]" * 30_000,
    "names that end in a backslash": b"{"
    + b",".join(b'"%d\\\\":0' % number for number in range(30_000))
    + b"}",
    "after a text with quotation marks": b'["\\"", "\\\\\\"", "\\\\"' + b",0" * 30_000 + b"]",
    "other letters": ('["\u2234"' + ",0" * 30_000 + "]").encode("utf-16"),
    "other letters still": ('["\u2234"' + ",0" * 30_000 + "]").encode("utf-32-be"),
}


def cut(whole: bytes, length: int) -> list[bytes]:
    return [whole[start : start + length] for start in range(0, len(whole), length)]


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("length", [7, 65_536, MIB])
async def test_millions_of_values_are_refused_before_they_are_read(body, length):
    reached = await limited(cut(body, length))
    assert reached["status"] == 413
    assert b"20000 values" in reached["body"]


HARMLESS = {
    "a text": json.dumps(['Перший, другий [12], {третій}, "так", \\, ' * 9_000], ensure_ascii=False),
    "a text of quotation marks": json.dumps(['",' * 100_000]),
    "a text of backslashes": json.dumps(["\\," * 100_000, "\\"]),
    "19,999 values": "[" + "0," * 19_998 + "0]",
}


@pytest.mark.parametrize("body", HARMLESS.values(), ids=HARMLESS)
@pytest.mark.parametrize("length", [1, 3, 65_536, MIB])
async def test_a_long_text_is_one_value_however_it_comes_in(body, length):
    reached = await limited(cut(body.encode(), length))
    assert reached["read"] == body.encode()


async def limited(parts: list[bytes]) -> dict:
    """Return what the application read, or what was answered instead."""
    seen: dict = {}
    waiting = iter(parts)

    async def receive() -> dict:
        part = next(waiting, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    async def send(message: dict) -> None:
        seen.update({name: value for name, value in message.items() if name in ("status", "body")})

    async def read(scope: dict, receive_it: object, _send: object) -> None:
        seen["read"] = await Request(scope, receive_it).body()

    scope = {"type": "http", "method": "POST", "path": "/json", "headers": []}
    await BodyLimit(read, most_upload_mib=1, large_at=("/json",))(scope, receive, send)
    return seen


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    with contextlib.suppress(ConnectionResetError):  # the server closed while we wrote
        while piece := await reader.read(65_536):
            pieces.append(piece)
    return b"".join(pieces)


async def told(address: str, path: str, headers: dict[str, str], *pieces: bytes, then: bytes = b"") -> bytes:
    """Return what a program that writes by itself is told until the server closes; it writes `then` for ever."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode() + b"".join(pieces))
    reading = asyncio.create_task(_read_all(reader))
    try:
        async with asyncio.timeout(PATIENCE_S + 5):
            while then and not (await asyncio.wait({reading}, timeout=0.1))[0]:
                writer.write(then)
            return await reading
    finally:
        writer.close()


@pytest.mark.parametrize(("path", "headers", "start"), [("/json", JSON, b"["), ("/form", FORM, FORM_HEAD)])
async def test_a_body_that_comes_byte_by_byte_is_cut_off_in_time(address, path, headers, start):
    loop = asyncio.get_running_loop()
    began = loop.time()
    announced = {**headers, "Content-Length": "1000000"}
    answer = await told(address, path, announced, start, then=b" ")
    assert answer.startswith(b"HTTP/1.1 408"), answer
    assert b'"code":"too_slow"' in answer
    assert b"connection: close" in answer
    assert PATIENCE_S < loop.time() - began < PATIENCE_S + 3
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.post("/json", json=[])).json() == 0


async def test_a_body_that_never_comes_is_not_waited_for(address):
    answer = await told(address, "/json", {**JSON, "Content-Length": "9"})
    assert answer.startswith(b"HTTP/1.1 408"), answer


async def test_a_large_body_may_take_the_time_that_its_bytes_take(address):
    async def slow_but_fair() -> AsyncIterator[bytes]:
        yield b"["
        for _ in range(20):
            yield b" " * 16_384
            await asyncio.sleep(0.1)
        yield b"]"

    async with httpx.AsyncClient(base_url=address) as client:
        answer = await client.post("/json", content=slow_but_fair(), headers=JSON)
    assert answer.status_code == 200, answer.text


async def test_an_answer_before_the_end_of_a_long_body_closes_the_connection(address):
    chunked = {**JSON, "Transfer-Encoding": "chunked"}
    answer = await told(address, "/nowhere", chunked, b"1\r\n[\r\n", then=b"1\r\n \r\n")
    assert answer.startswith(b"HTTP/1.1 404"), answer
    assert b"connection: close" in answer
    async with httpx.AsyncClient(base_url=address) as client:
        kept = await client.post("/nowhere", content=b"[]", headers=JSON)
        assert "connection" not in kept.headers  # a short body has come by then
