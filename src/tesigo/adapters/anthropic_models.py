"""Models behind the messages of Anthropic."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, JsonValue, NonNegativeInt, SecretStr, Tag, TypeAdapter

from tesigo.adapters.model_failures import failure_in_stream, read_error
from tesigo.adapters.model_headers import read_anthropic_allowance
from tesigo.adapters.model_http import ModelHttp, read_event, read_finish
from tesigo.adapters.strict_schema import make_strict
from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.ports import Ended, Finish, Opened, Piece, Prompt, Usage

_BASE_URL = "https://api.anthropic.com"
_VERSION = "2023-06-01"
_FINISHES = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "refusal": Finish.REFUSED,
}
_NOT_TAKEN = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
    }
)
"""From: Anthropic's page "Structured outputs", as LangSchema 0.7.1 at hex.pm tells of it, read 2026-11-30."""


class AnthropicModels:
    """Streams messages.

    base_url: as far as `/v1/messages`; "" for Anthropic's own. connect_s, silence_s: as ModelHttp has them.
    Raises Invalid as it does.
    The last message has to be the user's: an answer that we begin ourselves is refused.
    From: platform.claude.com, "Streaming messages", "Stop reasons and fallback", "Effort" and "What's new in Claude
    Haiku 5.5", read 2026-11-30.
    """

    def __init__(
        self,
        base_url: str = _BASE_URL,
        api_key: SecretStr | str | None = None,
        *,
        connect_s: float = 10,
        silence_s: float = 120,
    ) -> None:
        self._http = ModelHttp(
            "ANTHROPIC",
            base_url or _BASE_URL,
            api_key,
            key_header="x-api-key",
            headers={"anthropic-version": _VERSION},
            connect_s=connect_s,
            silence_s=silence_s,
        )

    async def stream(self, model: ModelFacts, prompt: Prompt) -> AsyncGenerator[Opened | Piece | Ended, None]:
        """Yield the answer as the port has it; tokens of a cached prompt count as those of any other."""
        reason, usage = None, _Usage()
        async with self._http.post(model, "/v1/messages", _body(model, prompt)) as answer:
            yield Opened(read_anthropic_allowance(answer.headers))
            async for data in answer.events:
                event = read_event(model, _EVENT, data)
                if isinstance(event, _Stop):
                    break
                if isinstance(event, _Error):
                    raise failure_in_stream(model, read_error({"error": event.error}))
                if isinstance(event, _Start):
                    # what it has written is known at its end alone
                    usage = event.message.usage.model_copy(update={"output_tokens": None})
                elif isinstance(event, _BlockStart):
                    yield Piece("")  # of thoughts it may be all that is told
                elif isinstance(event, _BlockDelta):
                    yield Piece(event.delta.text)
                elif isinstance(event, _MessageDelta):
                    reason = event.delta.stop_reason or reason
                    usage = usage.overwritten(event.usage)
        yield Ended(read_finish(model, _FINISHES, reason), usage.read())

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class _Usage(BaseModel):
    """Counts up to the event that has them, so that a later one overwrites an earlier one."""

    input_tokens: NonNegativeInt | None = None
    cache_creation_input_tokens: NonNegativeInt | None = None
    cache_read_input_tokens: NonNegativeInt | None = None
    output_tokens: NonNegativeInt | None = None

    def overwritten(self, by: "_Usage") -> "_Usage":
        return self.model_copy(update=by.model_dump(exclude_none=True))

    def read(self) -> Usage | None:
        if self.input_tokens is None or self.output_tokens is None:
            return None
        cached = (self.cache_creation_input_tokens or 0) + (self.cache_read_input_tokens or 0)
        return Usage(self.input_tokens + cached, self.output_tokens)


class _Message(BaseModel):
    usage: _Usage


class _Start(BaseModel):
    message: _Message


class _BlockStart(BaseModel):
    type: Literal["content_block_start"]


class _TextDelta(BaseModel):
    type: Literal["text_delta"]
    text: str


class _OtherDelta(BaseModel):
    """What the model thinks, and the signature of that."""

    type: str
    text: Literal[""] = ""


class _BlockDelta(BaseModel):
    delta: Annotated[
        Annotated[_TextDelta, Tag("text_delta")] | Annotated[_OtherDelta, Tag("")],
        Discriminator(lambda delta: _tag(delta, {"text_delta"})),
    ]


class _StopReason(BaseModel):
    stop_reason: str | None = None


class _MessageDelta(BaseModel):
    delta: _StopReason
    usage: _Usage


class _Stop(BaseModel):
    type: Literal["message_stop"]


class _Error(BaseModel):
    error: JsonValue


class _OtherEvent(BaseModel):
    """A ping, the end of a block, or a kind that is yet to come."""

    type: str


def _tag(told: Any, known: set[str]) -> str:
    kind = told.get("type") if isinstance(told, dict) else None
    return kind if kind in known else ""


_EVENTS = {
    "message_start",
    "content_block_start",
    "content_block_delta",
    "message_delta",
    "message_stop",
    "error",
}
_EVENT: TypeAdapter[_Start | _BlockStart | _BlockDelta | _MessageDelta | _Stop | _Error | _OtherEvent] = (
    TypeAdapter(
        Annotated[
            Annotated[_Start, Tag("message_start")]
            | Annotated[_BlockStart, Tag("content_block_start")]
            | Annotated[_BlockDelta, Tag("content_block_delta")]
            | Annotated[_MessageDelta, Tag("message_delta")]
            | Annotated[_Stop, Tag("message_stop")]
            | Annotated[_Error, Tag("error")]
            | Annotated[_OtherEvent, Tag("")],
            Discriminator(lambda event: _tag(event, _EVENTS)),
        ]
    )
)


def _body(model: ModelFacts, prompt: Prompt) -> dict[str, Any]:
    """Return the call; what a model thinks counts into the limit of its answer."""
    output: dict[str, Any] = {}
    if prompt.schema is not None:
        schema = make_strict(prompt.schema, without=_NOT_TAKEN)
        output["format"] = {"type": "json_schema", "schema": schema}
    if model.effort is not None:
        output["effort"] = model.effort
    return {
        "model": model.name,
        "max_tokens": prompt.most_tokens + model.thinking_tokens,
        "messages": [{"role": message.role, "content": message.text} for message in prompt.messages],
        "stream": True,
        **({"system": prompt.system} if prompt.system else {}),
        **({"output_config": output} if output else {}),
    }
