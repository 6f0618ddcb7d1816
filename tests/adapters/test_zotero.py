"""A library at Zotero is read page by page, as slowly as Zotero asks, and its key goes to nobody else."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr
from tests.fakes.timer import FakeTimer
from tests.servers import answering

from tesigo.adapters.zotero import ZoteroLibrary
from tesigo.kit.errors import Failure, Invalid, NotFound, Unavailable

KEY = "s3cretKey"
Headers = dict[str, str]
Reply = tuple[int, Headers, bytes]


@dataclass
class FakeZotero:
    """A server in the shape of Zotero's API: `count` records, a hundred a page; `script` answers the first calls."""

    count: int = 0
    script: list[Reply] = field(default_factory=list)
    more: Headers = field(default_factory=dict)
    next_host: str = ""
    calls: list[tuple[str, dict[str, str], Headers]] = field(default_factory=list)

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        self.calls.append((scope["path"], asked, headers))
        status, told, body = self.script.pop(0) if self.script else self.page(scope["path"], asked, headers)
        sent = [(name.encode(), value.encode()) for name, value in told.items()]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": body})

    def page(self, path: str, asked: dict[str, str], headers: Headers) -> Reply:
        start, limit = int(asked.get("start", 0)), int(asked["limit"])
        items = [
            {
                "id": f"{path.split('/')[2]}/{n}",
                "type": "book",
                "title": f"Title {n}",
                "issued": {"date-parts": [[2020]]},
            }
            for n in range(start, min(start + limit, self.count))
        ]
        told = {"content-type": "application/vnd.citationstyles.csl+json", **self.more}
        if start + limit < self.count:
            host = self.next_host or f"http://{headers['host']}"
            query = f"format=csljson&itemType=-attachment&limit={limit}&start={start + limit}"
            told["link"] = f'<{host}{path}?{query}>; rel="next", <{host}{path}?start=0>; rel="last"'
        return 200, told, json.dumps({"items": items}).encode()


@asynccontextmanager
async def reading(server: FakeZotero, **more: Any) -> AsyncIterator[tuple[ZoteroLibrary, FakeTimer]]:
    timer = FakeTimer()
    async with answering(server) as address:
        library = ZoteroLibrary(key=SecretStr(KEY), base_url=address, timer=timer, **more)
        try:
            yield library, timer
        finally:
            await library.aclose()


@pytest.mark.parametrize(
    ("name", "path"), [("123", "users/123"), ("users/123", "users/123"), ("groups/9", "groups/9")]
)
async def test_all_pages_of_a_library_are_read_with_the_key(name: str, path: str):
    server = FakeZotero(count=250)
    async with reading(server) as (library, _):
        found = await library.read_library(name)
    assert [source.title for source in found.sources] == [f"Title {n}" for n in range(250)]
    assert {asked for asked, _, _ in server.calls} == {f"/{path}/items"}
    assert [asked.get("start") for _, asked, _ in server.calls] == [None, "100", "200"]
    for _, asked, headers in server.calls:
        assert (asked["format"], asked["itemType"], asked["limit"]) == ("csljson", "-attachment", "100")
        assert (headers["zotero-api-key"], headers["zotero-api-version"]) == (KEY, "3")


async def test_an_empty_library_has_no_source():
    async with reading(FakeZotero()) as (library, _):
        assert (await library.read_library("1")).sources == ()


async def test_what_zotero_asks_to_wait_is_waited():
    server = FakeZotero(
        count=150, script=[(429, {"retry-after": "7"}, b""), (503, {}, b"")], more={"backoff": "3"}
    )
    async with reading(server) as (library, timer):
        assert len((await library.read_library("1")).sources) == 150
    assert timer.slept == [7, 4, 3, 3]


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        ((403, {}, b"Forbidden"), Invalid, "does not let this key read"),
        ((404, {}, b""), NotFound, "no such library"),
        ((500, {}, b"secret"), Unavailable, "status 500"),
        ((302, {"location": "http://elsewhere.invalid/"}, b""), Unavailable, "status 302"),
        ((429, {"retry-after": "3600"}, b""), Unavailable, "asks to wait 3600 s"),
        ((200, {}, b"{"), Unavailable, "cannot be read"),
        ((200, {}, b'{"items": 5}'), Unavailable, "cannot be read"),
    ],
)
async def test_what_goes_wrong_is_a_sentence_without_the_key(
    reply: Reply, kind: type[Failure], sentence: str
):
    async with reading(FakeZotero(script=[reply])) as (library, _):
        with pytest.raises(kind, match=sentence) as caught:
            await library.read_library("1")
    assert KEY not in caught.value.message
    assert "secret" not in caught.value.message


async def test_the_key_goes_to_no_other_server():
    server = FakeZotero(count=150, next_host="http://127.0.0.2:1")
    async with reading(server) as (library, _):
        with pytest.raises(Unavailable, match="leads to another server"):
            await library.read_library("1")
    assert len(server.calls) == 1


async def test_a_server_that_is_not_there_or_never_ends_is_told():
    library = ZoteroLibrary(base_url="http://127.0.0.1:9", timer=FakeTimer())
    with pytest.raises(Unavailable, match="does not answer"):
        await library.read_library("1")
    await library.aclose()
    async with reading(FakeZotero(script=[(200, {}, b" " * (17 << 20))])) as (endless, _):
        with pytest.raises(Unavailable, match="too large"):
            await endless.read_library("1")


@pytest.mark.parametrize(
    "name", ["", "me", "users/", "users/1/collections", "../keys", "1?key=2", "groups/x"]
)
async def test_a_name_that_is_no_library_is_refused_before_anybody_is_asked(name: str):
    server = FakeZotero()
    async with reading(server) as (library, _):
        with pytest.raises(Invalid, match="users/NUMBER"):
            await library.read_library(name)
    assert not server.calls


def test_a_key_that_no_header_can_carry_names_its_setting():
    with pytest.raises(Invalid, match="ZOTERO_API_KEY"):
        ZoteroLibrary(key=SecretStr("a\r\nb"))
