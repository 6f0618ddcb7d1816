"""Both providers as tests call them: the same prompts, on either protocol."""

from collections.abc import AsyncIterator, Callable
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
