"""Search services on loopback: they answer in the shapes of the six APIs, and can do wrong in every way.

crossref = SearchServer("crossref", [Work("Feedback on essays")], fault=Fault.SERVER_ERROR)
async with answering(crossref) as address:
    ...
"""

import gzip
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.model_line import Line, Message, Receive, Send, live, read_body
from tests.fakes.search_answers import RECORDS, Record, Work, wrapped

_MIB = 1024 * 1024
_HUGE_BYTES = 50 * _MIB
_PATHS = {
    "semantic_scholar": "/paper/search",
    "openalex": "/works",
    "crossref": "/works",
    "arxiv": "/query",
    "perplexity": "/chat/completions",
    "tavily": "/search",
}


class Fault(StrEnum):
    """One thing that goes wrong with a call. That nobody is there at all is not the server's to do."""

    SLOW = "slow"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_WITHOUT_WAIT = "rate_limited_without_wait"
    SERVER_ERROR = "server_error"
    UNAUTHORIZED = "unauthorized"
    REDIRECT = "redirect"
    MALFORMED = "malformed"
    WRONG_SHAPE = "wrong_shape"
    EMPTY_BODY = "empty_body"
    HUGE = "huge"
    ENDLESS = "endless"
    BOMB = "bomb"
    CUT = "cut"


@dataclass(frozen=True)
class Call:
    """A call as the server saw it. began_s: by a clock that only goes on."""

    path: str
    parameters: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    body: bytes
    began_s: float


@dataclass
class SearchServer:
    """An ASGI application: what it does, and what it has seen.

    service: by the name that its settings begin with, in small letters. works: what it finds, whatever is asked;
    records: instead of them, as it tells them. fault: of every call; script: of the first ones. retry_after: as the
    header has it. sent_bytes: of bodies, as far as they were taken.
    """

    service: str
    works: Sequence[Work] = ()
    records: Sequence[Record] | None = None
    fault: Fault | None = None
    script: list[Fault | None] = field(default_factory=list)
    retry_after: str = "30"
    redirect_to: str = "http://127.0.0.1:1/elsewhere"
    calls: list[Call] = field(default_factory=list)
    now: int = 0
    peak: int = 0
    sent_bytes: int = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
        parameters = {name: values[0] for name, values in asked.items()}
        began_s = time.monotonic()
        self.calls.append(Call(scope["path"], parameters, headers, await read_body(receive), began_s))
        self.now += 1
        self.peak = max(self.peak, self.now)
        line = Line(receive, send)
        try:
            await self._answer(scope["path"], line, send)
        finally:
            await line.hang_up()
            self.now -= 1

    async def _answer(self, path: str, line: Line, send: Send) -> None:
        fault = self.script.pop(0) if self.script else self.fault
        told = wrapped(self.service, self._found())
        if path != _PATHS[self.service]:
            await line.respond(404, b"{}", {})
        elif fault in _STATUSES:
            wait = {"retry-after": self.retry_after} if fault is Fault.RATE_LIMITED else {}
            there = {"location": self.redirect_to} if fault is Fault.REDIRECT else {}
            await line.respond(
                _STATUSES[fault], b'{"error": "with the key and the query in it"}', {**wait, **there}
            )
        elif fault in {Fault.HUGE, Fault.ENDLESS, Fault.SLOW, Fault.CUT}:
            await self._stream(fault, told, line, send)
        elif fault is Fault.BOMB:
            await line.respond(200, bomb(), {"content-encoding": "gzip"})
        else:
            await line.respond(200, _SPOILED.get(fault, told), {})

    def _found(self) -> Sequence[Record]:
        return self.records if self.records is not None else RECORDS[self.service](self.works)

    async def _stream(self, fault: Fault, told: bytes, line: Line, send: Send) -> None:
        if fault is Fault.SLOW:
            await line.wait(None)
            return
        start: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)
        if fault is Fault.CUT:
            await line.say(told[: len(told) // 2])
            await line.drop()
            return
        for piece, pause_s in _pieces(fault):
            if await line.wait(pause_s):
                return
            await line.say(piece)
            self.sent_bytes += len(piece)
        await line.say(b"", more=False)


def _pieces(fault: Fault) -> Iterator[tuple[bytes, float]]:
    """Yield 50 MB at once, or a letter now and then without an end."""
    if fault is Fault.HUGE:
        for _ in range(_HUGE_BYTES // _MIB):
            yield b" " * _MIB, 0
    while fault is Fault.ENDLESS:
        yield b" ", 0.02


@cache
def bomb() -> bytes:
    """Return a small body that is 50 MB when it is decompressed."""
    return gzip.compress(b" " * _HUGE_BYTES)


_STATUSES = {
    Fault.RATE_LIMITED: 429,
    Fault.RATE_LIMITED_WITHOUT_WAIT: 429,
    Fault.SERVER_ERROR: 500,
    Fault.UNAUTHORIZED: 401,
    Fault.REDIRECT: 302,
}
_SPOILED = {
    Fault.MALFORMED: b'{"message": {"items": [{"title": ["half of an ans',
    Fault.WRONG_SHAPE: b'{"message": ["nothing", "of", "the", "manual"], "data": 7, "results": "none"}',
    Fault.EMPTY_BODY: b"",
}
