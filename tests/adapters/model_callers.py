"""Both providers as tests call them: the same prompts, on either protocol, and servers that say one thing only."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers import answering

from tesigo.adapters.anthropic_models import AnthropicModels
from tesigo.adapters.openai_models import OpenAiModels
from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.errors import AttemptFailed
from tesigo.gateway.ports import Ended, Finish, Message, Opened, Piece, Prompt

KEY = "sk-secret-key-of-a-test"
SYSTEM = "A system prompt that nobody may quote: кіт."
QUESTION = "A question that nobody may quote: пес."
ANSWER = "An answer that nobody may quote: у лісі, на горі, біля річки."
SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 3, "default": "untitled"},
        "parts": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/Part"}},
    },
    "required": ["title"],
    "$defs": {"Part": {"type": "object", "properties": {"pages": {"type": "integer", "minimum": 1}}}},
}
Models = OpenAiModels | AnthropicModels


@dataclass(frozen=True)
class Dialect:
    """A provider, and how it is reached at a server's address."""

    name: str
    model: ModelFacts
    adapter: Callable[..., Models]
    path: str

    def at(self, address: str, *, api_key: str | None = KEY, **limits: float) -> Models:
        """Return its adapter, calling the server at this address."""
        return self.adapter(address + self.path, api_key, **limits)


OPENAI = Dialect("openai", ModelFacts("openai", "gpt-test"), OpenAiModels, "/v1")
ANTHROPIC = Dialect("anthropic", ModelFacts("anthropic", "claude-test"), AnthropicModels, "")
BOTH = [OPENAI, ANTHROPIC]


def make_prompt(*, most_tokens: int = 500, schema: dict[str, Any] | None = None) -> Prompt:
    """Return a prompt of two turns."""
    turns = (Message("user", "Begin."), Message("assistant", "Gladly."), Message("user", QUESTION))
    return Prompt("section/1", SYSTEM, turns, most_tokens, schema)


@dataclass
class Heard:
    """What came of a call."""

    opened: list[Opened] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    failure: AttemptFailed | None = None

    @property
    def text(self) -> str:
        """Return the answer."""
        return "".join(self.pieces)

    @property
    def finish(self) -> Finish:
        """Return why it ended; it has to have ended, once, and last."""
        assert self.failure is None
        (ended,) = self.ended
        return ended.finish


async def listen(models: Models, model: ModelFacts, prompt: Prompt) -> Heard:
    """Call, and listen to the end."""
    heard = Heard()
    try:
        async with aclosing(models.stream(model, prompt)) as events:
            async for event in events:
                assert not heard.ended
                if isinstance(event, Opened):
                    assert not heard.pieces
                    heard.opened.append(event)
                elif isinstance(event, Piece):
                    heard.pieces.append(event.text)
                else:
                    heard.ended.append(event)
    except AttemptFailed as failure:
        heard.failure = failure
    return heard


@asynccontextmanager
async def calling(dialect: Dialect, app: Any, **limits: float) -> AsyncIterator[Models]:
    """Give the provider's adapter, calling this application."""
    async with answering(app) as address:
        models = dialect.at(address, **limits)
        try:
            yield models
        finally:
            await models.aclose()


class Plainly:
    """A server that answers everything in one way; paths: what it was asked for."""

    def __init__(self, status: int, body: bytes | str, headers: Mapping[str, str] | None = None) -> None:
        self._status = status
        self._body = body.encode() if isinstance(body, str) else body
        self._headers = {"content-type": "text/event-stream", **(headers or {})}
        self.paths: list[str] = []

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.paths.append(scope["path"])
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})


def events(*told: Mapping[str, Any] | str) -> str:
    """Return a stream of events with these data."""
    return "".join(f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n" for each in told)


async def failure_of(dialect: Dialect, app: Any, **limits: float) -> AttemptFailed:
    """Return what a call of this application fails with."""
    async with calling(dialect, app, **limits) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert heard.failure
    return heard.failure
