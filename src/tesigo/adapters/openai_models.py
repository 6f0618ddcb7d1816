"""Models behind the chat completions of OpenAI, and of the many servers that speak as it does."""

import re
from collections.abc import AsyncGenerator
from typing import Any

from pydantic import BaseModel, Field, JsonValue, NonNegativeInt, SecretStr, TypeAdapter, model_validator

from tesigo.adapters.model_failures import failure_in_stream, read_error
from tesigo.adapters.model_headers import read_openai_allowance
from tesigo.adapters.model_http import ModelHttp, read_event, read_finish
from tesigo.adapters.strict_schema import make_strict
from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.ports import Ended, Finish, Opened, Piece, Prompt, Usage

_BASE_URL = "https://api.openai.com/v1"
_LAST = "[DONE]"
_FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH, "content_filter": Finish.REFUSED}
_NOT_TAKEN = frozenset({"default"})
_LONGEST_NAME = 64


class OpenAiModels:
    """Streams chat completions, from OpenAI or a server of one's own (Ollama, vLLM, llama.cpp, LiteLLM, Azure's v1).

    base_url: as far as `/chat/completions`; "" for OpenAI's own. api_key: none for a server that wants none.
    connect_s, silence_s: as ModelHttp has them. Raises Invalid as it does.
    From: OpenAI's API specification, CreateChatCompletionStreamResponse and ChatCompletionStreamOptions, read
    2026-11-30.
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
            "OPENAI",
            base_url or _BASE_URL,
            api_key,
            key_header="authorization",
            key_form="Bearer {}",
            connect_s=connect_s,
            silence_s=silence_s,
        )

    async def stream(self, model: ModelFacts, prompt: Prompt) -> AsyncGenerator[Opened | Piece | Ended, None]:
        """Yield the answer as the port has it; a server that never says what was used gives `usage` None."""
        finish, usage, is_refused = None, None, False
        async with self._http.post(model, "/chat/completions", _body(model, prompt)) as answer:
            yield Opened(read_openai_allowance(answer.headers))
            async for data in answer.events:
                if data == _LAST:
                    break
                chunk = read_event(model, _CHUNK, data)
                if chunk.error is not None:
                    raise failure_in_stream(model, read_error({"error": chunk.error}))
                usage = chunk.usage or usage
                for choice in chunk.choices or ():
                    finish = choice.finish_reason or finish
                    is_refused = is_refused or bool(choice.delta.refusal)
                    if choice.delta.content or choice.delta.is_thought:
                        yield Piece(choice.delta.content or "")
        read = Finish.REFUSED if is_refused else read_finish(model, _FINISHES, finish)
        yield Ended(read, Usage(usage.prompt_tokens, usage.completion_tokens) if usage else None)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class _Delta(BaseModel):
    """reasoning, reasoning_content: what servers of one's own let a model think aloud."""

    content: str | None = None
    refusal: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None

    @property
    def is_thought(self) -> bool:
        return bool(self.reasoning or self.reasoning_content)


class _Choice(BaseModel):
    delta: _Delta = Field(default_factory=_Delta)
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: NonNegativeInt
    completion_tokens: NonNegativeInt


class _Chunk(BaseModel):
    """choices: none with the usage, which comes last; some servers leave the name out there, or write null."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: JsonValue = None

    @model_validator(mode="after")
    def _says_something(self) -> "_Chunk":
        if not self.model_fields_set:
            raise ValueError("neither choices nor usage nor an error")
        return self


_CHUNK = TypeAdapter(_Chunk)


def _body(model: ModelFacts, prompt: Prompt) -> dict[str, Any]:
    """Return the call. A model that thinks takes the new name of the limit alone, and counts its thoughts in."""
    body: dict[str, Any] = {
        "model": model.name,
        "messages": [
            *([{"role": "system", "content": prompt.system}] if prompt.system else []),
            *({"role": message.role, "content": message.text} for message in prompt.messages),
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if model.thinking_tokens or model.effort is not None:
        body["max_completion_tokens"] = prompt.most_tokens + model.thinking_tokens
    else:
        body["max_tokens"] = prompt.most_tokens
    if model.effort is not None:
        body["reasoning_effort"] = model.effort
    if prompt.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {
                "name": re.sub(r"[^A-Za-z0-9_-]", "-", prompt.name)[:_LONGEST_NAME],
                "strict": True,
                "schema": make_strict(prompt.schema, without=_NOT_TAKEN),
            },
        }
    return body
