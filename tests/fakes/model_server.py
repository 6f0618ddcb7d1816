"""A model server on loopback that speaks OpenAI's and Anthropic's protocols, and can do wrong in every way.

    async with answering(ModelServer(script=[Fault.OVERLOADED, None])) as address:
        openai = OpenAiModels(f"{address}/v1")
        anthropic = AnthropicModels(address)

In a process of its own: `python -m tests.fakes.model_server --port 8900 --fault-rate 0.3`, which prints its address;
`GET /tally` tells there what it has seen.
"""

import argparse
import asyncio
import json
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from tests.fakes.anthropic_protocol import AnthropicTalk
from tests.fakes.model_answers import BYTES_A_TOKEN, Asked, count_tokens, cut_to, plausible_answer
from tests.fakes.model_faults import PASSING, Fault, Faults
from tests.fakes.model_limits import Limit, Limits
from tests.fakes.model_line import Line, Message, Receive, Send, live, read_body, respond
from tests.fakes.openai_protocol import OpenAiTalk

from tesigo.gateway.ports import Finish, Usage

Talk = OpenAiTalk | AnthropicTalk

_WITHIN_S = 60
_PIECES = 4
_TOKENS_A_PIECE = 8
_STATUSES = {
    Fault.RATE_LIMITED: 429,
    Fault.RATE_LIMITED_WITHOUT_WAIT: 429,
    Fault.QUOTA_EXHAUSTED: 429,
    Fault.SERVER_ERROR: 500,
    Fault.BAD_REQUEST: 400,
    Fault.UNAUTHORIZED: 401,
    Fault.NOT_FOUND: 404,
}
_WITH_WAIT = frozenset({Fault.RATE_LIMITED, Fault.OVERLOADED})
_TEXTS = {
    Fault.EMPTY: "",
    Fault.REFUSED: "",
    Fault.REFUSED_IN_WORDS: "",
    Fault.MALFORMED_ANSWER: '{"title": "An answer that was nev',
    Fault.WRONG_SCHEMA: '{"nobody": "asked for this"}',
}
_FINISHES = {
    Fault.CUT_SHORT: Finish.LENGTH,
    Fault.REFUSED: Finish.REFUSED,
    Fault.REFUSED_IN_WORDS: Finish.REFUSED,
}


@dataclass
class Served:
    """One call as the server saw it. began_s: by a clock that only goes on; at_once: with it, when it came.

    status: 0 until it is answered. completion_tokens: as far as they were sent, thoughts among them.
    """

    asked: Asked
    began_s: float
    at_once: int
    fault: Fault | None = None
    status: int = 0
    completion_tokens: int = 0
    took_s: float = 0
    has_client_left: bool = False
    is_over: bool = False

    @property
    def prompt_tokens(self) -> int:
        """Return the tokens of the prompt."""
        return self.asked.prompt_tokens


@dataclass
class ModelServer:
    """An ASGI application: what it does, and what it has seen.

    answer: what it answers. faults: what goes wrong. first_token_s: before the answer begins; tokens_a_second: None
    for all at once, in a few pieces. thinking_tokens: thoughts before each answer. slow_s: for SLOW_FIRST_TOKEN.
    retry_after: as the header has it, for faults that say so. says_usage: whether it tells what was used; told_usage:
    what it tells instead of the truth.
    requests_a_minute, tokens_a_minute, at_once: limits, beyond which it answers 429; None for none.
    """

    answer: Callable[[Asked], str] = plausible_answer
    faults: Faults = field(default_factory=Faults)
    first_token_s: float = 0
    tokens_a_second: float | None = None
    thinking_tokens: int = 0
    slow_s: float = 30
    retry_after: str = "1"
    says_usage: bool = True
    told_usage: Usage | None = None
    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    at_once: int | None = None
    calls: list[Served] = field(default_factory=list)
    now: int = 0
    peak: int = 0

    def __post_init__(self) -> None:
        self._limits = Limits(Limit(self.requests_a_minute), Limit(self.tokens_a_minute), self.at_once)
        self._news = asyncio.Condition()

    async def until(self, is_so: Callable[["ModelServer"], bool]) -> None:
        """Wait until something is so, looked at whenever a call comes or is over."""
        async with asyncio.timeout(_WITHIN_S), self._news:
            await self._news.wait_for(lambda: is_so(self))

    def tally(self) -> dict[str, Any]:
        """Return what was seen, in numbers."""
        return {
            "calls": len(self.calls),
            "now": self.now,
            "peak": self.peak,
            "prompt_tokens": sum(call.prompt_tokens for call in self.calls),
            "completion_tokens": sum(call.completion_tokens for call in self.calls),
            "statuses": dict(Counter(str(call.status) for call in self.calls)),
            "faults": dict(Counter(call.fault for call in self.calls if call.fault)),
            "clients_that_left": sum(call.has_client_left for call in self.calls),
        }

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        kind = next((each for each in (OpenAiTalk, AnthropicTalk) if scope["path"].endswith(each.path)), None)
        if kind is None:
            told = json.dumps(self.tally()).encode() if scope["path"] == "/tally" else b"{}"
            await respond(send, 200 if scope["path"] == "/tally" else 404, told)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        talk = kind(json.loads(await read_body(receive)), headers, len(self.calls) + 1)
        await self._serve(talk, receive, send)

    async def _serve(self, talk: Talk, receive: Receive, send: Send) -> None:
        self.now += 1
        self.peak = max(self.peak, self.now)
        served = Served(talk.asked, time.monotonic(), self.now)
        self.calls.append(served)
        await self._tell()
        line = Line(receive, send)
        try:
            await self._answer(served, talk, line)
        finally:
            await line.hang_up()
            self.now -= 1
            self._limits.tokens.take(served.completion_tokens)
            served.took_s = time.monotonic() - served.began_s
            served.has_client_left, served.is_over = line.is_gone, True
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _answer(self, served: Served, talk: Talk, line: Line) -> None:
        too_many = self._limits.refusal(served.prompt_tokens, self.now)
        served.fault = fault = None if too_many else self.faults.draw()
        status = 429 if too_many else talk.overloaded if fault is Fault.OVERLOADED else _STATUSES.get(fault)
        headers = talk.limit_headers(self._limits)
        if status:
            served.status = status
            wait = too_many or (self.retry_after if fault in _WITH_WAIT else None)
            body = talk.error(status, is_quota=fault is Fault.QUOTA_EXHAUSTED)
            await line.respond(status, body, {**headers, **({"retry-after": wait} if wait else {})})
            return
        if await line.wait(_seconds(fault, self.first_token_s, self.slow_s)):
            return
        served.status = 200
        text, finish = self._text(talk.asked, fault)
        if talk.asked.is_streamed and fault is not Fault.NO_STREAM:
            await line.begin(headers)
            await self._stream(served, talk, line, text, finish)
        else:
            served.completion_tokens = count_tokens(text)
            usage = Usage(served.prompt_tokens, served.completion_tokens)
            await line.respond(200, talk.whole(text, finish, usage), headers)

    def _text(self, asked: Asked, fault: Fault | None) -> tuple[str, Finish]:
        text = _TEXTS[fault] if fault in _TEXTS else self.answer(asked)
        if fault is Fault.CUT_SHORT:
            return text[: len(text) // 2], Finish.LENGTH
        if count_tokens(text) > asked.most_tokens:
            return cut_to(text, asked.most_tokens), Finish.LENGTH
        return text, _FINISHES.get(fault, Finish.STOP)

    async def _stream(self, served: Served, talk: Talk, line: Line, text: str, finish: Finish) -> None:
        await line.say(talk.begin())
        sent = 0
        for is_thought, piece in self._pieces(text):
            size = len(piece.encode())
            if await line.wait(size / BYTES_A_TOKEN / self.tokens_a_second if self.tokens_a_second else 0):
                return
            sent += size
            served.completion_tokens = sent // BYTES_A_TOKEN
            frame = talk.thought(piece) if is_thought else talk.piece(piece)
            if await _spoil(served.fault, talk, line, frame):
                return
        if served.fault is Fault.REFUSED_IN_WORDS:
            await line.say(talk.refusal())
        true = Usage(served.prompt_tokens, served.completion_tokens) if self.says_usage else None
        usage = self.told_usage or true
        await line.say(talk.end(finish, usage))
        await line.say(b"", more=False)

    def _pieces(self, text: str) -> Iterator[tuple[bool, str]]:
        for _ in range(0, self.thinking_tokens, _TOKENS_A_PIECE):
            yield True, "Let me think about it once more. "
        size = _TOKENS_A_PIECE * BYTES_A_TOKEN if self.tokens_a_second else max(1, -(-len(text) // _PIECES))
        for begin in range(0, len(text), size):
            yield False, text[begin : begin + size]


async def _spoil(fault: Fault | None, talk: Talk, line: Line, frame: bytes) -> bool:
    """Send a piece, or what stands in its place; return whether that was the end."""
    if fault is Fault.CUT_STREAM:
        await line.say(frame + frame[: len(frame) // 2])
        await line.drop()
        return True
    bad = {
        Fault.CUT_CLEAN: b"",
        Fault.MALFORMED_CHUNK: talk.malformed(),
        Fault.ERROR_EVENT: talk.error_event(),
    }
    if fault in bad:
        await line.say(frame + bad[fault])
        await line.say(b"", more=False)
        return True
    await line.say(frame)
    return False


def _seconds(fault: Fault | None, usual_s: float, slow_s: float) -> float | None:
    if fault is Fault.TIME_OUT:
        return None
    return slow_s if fault is Fault.SLOW_FIRST_TOKEN else usual_s


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve a fake of model providers on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fault-rate", type=float, default=0.0)
    parser.add_argument("--faults", default=",".join(PASSING), help="which of them, with commas between")
    parser.add_argument("--first-token-s", type=float, default=0.0)
    parser.add_argument("--tokens-a-second", type=float)
    for name in ("--thinking-tokens", "--requests-a-minute", "--tokens-a-minute", "--at-once"):
        parser.add_argument(name, type=int, default=0 if name == "--thinking-tokens" else None)
    return parser.parse_args()


async def _main() -> None:
    given = vars(_read_arguments())
    port, dice = given.pop("port"), random.Random(given.pop("seed"))
    kinds = [Fault(name) for name in given.pop("faults").split(",")]
    app = ModelServer(faults=Faults(rate=given.pop("fault_rate"), kinds=kinds, dice=dice), **given)
    with socket.create_server(("127.0.0.1", port), backlog=1_024) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve([listening])


if __name__ == "__main__":
    asyncio.run(_main())
