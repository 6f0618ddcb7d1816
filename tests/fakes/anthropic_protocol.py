"""Anthropic's messages, as a server speaks them.

From: platform.claude.com, "Streaming messages", "Errors", "Rate limits", read 2026-11-30.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.model_answers import Asked
from tests.fakes.model_limits import Limit, Limits

from tesigo.gateway.ports import Finish, Message, Usage

_FINISHES = {Finish.STOP: "end_turn", Finish.LENGTH: "max_tokens", Finish.REFUSED: "refusal"}
_CACHED = 1
"""Tokens of each prompt that are told as read from the cache, so that whoever forgets them counts wrong."""

_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class AnthropicTalk:
    """One call, and the pieces of which its answer is made."""

    path = "/v1/messages"
    overloaded = 529

    def __init__(self, body: Mapping[str, Any], headers: Mapping[str, str], number: int) -> None:
        self._id = f"msg_{number}"
        self._block: str | None = None
        self._index = -1
        form = (body.get("output_config") or {}).get("format") or {}
        self.asked = Asked(
            protocol="anthropic",
            model=body["model"],
            system=_text(body.get("system", "")),
            messages=tuple(Message(each["role"], _text(each["content"])) for each in body["messages"]),
            schema=form.get("schema"),
            most_tokens=body["max_tokens"],
            is_streamed=bool(body.get("stream")),
            body=body,
            headers=headers,
        )

    def begin(self) -> bytes:
        message = self._message([], None, {**_input(self.asked.prompt_tokens), "output_tokens": 1})
        return _frame({"type": "message_start", "message": message}) + _frame({"type": "ping"})

    def thought(self, text: str) -> bytes:
        return self._delta("thinking", {"type": "thinking_delta", "thinking": text})

    def piece(self, text: str) -> bytes:
        return self._delta("text", {"type": "text_delta", "text": text})

    def refusal(self) -> bytes:
        return b""  # said by the reason alone

    def end(self, finish: Finish, usage: Usage | None) -> bytes:
        counts = {"output_tokens": usage.completion_tokens} if usage else {}
        delta = {"stop_reason": _FINISHES[finish], "stop_sequence": None}
        return (
            self._close()
            + _frame({"type": "message_delta", "delta": delta, "usage": counts})
            + _frame({"type": "message_stop"})
        )

    def malformed(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": "content_block_delta", "delta": {"te\n\n'

    def error_event(self) -> bytes:
        return _frame(json.loads(self.error(529)))

    def whole(self, text: str, finish: Finish, usage: Usage) -> bytes:
        counts = {**_input(usage.prompt_tokens), "output_tokens": usage.completion_tokens}
        return json.dumps(self._message([{"type": "text", "text": text}], _FINISHES[finish], counts)).encode()

    def error(self, status: int, *, is_quota: bool = False) -> bytes:
        # real ones quote what they refuse, so this one does
        message = f"refused: {self.asked.text} {self.asked.headers.get('x-api-key')}"
        details = {"details": {"error_code": "enforced_spend_limit_reached"}} if is_quota else {}
        error = {"type": _ERRORS[status], "message": message, **details}
        return json.dumps({"type": "error", "error": error, "request_id": f"req_{self._id}"}).encode()

    def limit_headers(self, limits: Limits) -> dict[str, str]:
        return {**_headers("requests", limits.requests), **_headers("tokens", limits.tokens)}

    def _message(self, content: list[Any], stop: str | None, usage: dict[str, int]) -> dict[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self.asked.model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": usage,
        }

    def _delta(self, block: str, delta: dict[str, str]) -> bytes:
        opened = b""
        if self._block != block:
            opened = self._close()
            self._index, self._block = self._index + 1, block
            opened += _frame(
                {
                    "type": "content_block_start",
                    "index": self._index,
                    "content_block": {"type": block, block: ""},
                }
            )
        return opened + _frame({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _close(self) -> bytes:
        if self._block is None:
            return b""
        self._block = None
        return _frame({"type": "content_block_stop", "index": self._index})


def _text(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _input(tokens: int) -> dict[str, int]:
    cached = min(tokens, _CACHED)
    return {
        "input_tokens": tokens - cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
    }


def _frame(told: Mapping[str, Any]) -> bytes:
    return f"event: {told['type']}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()


def _headers(name: str, limit: Limit) -> dict[str, str]:
    if limit.amount is None:
        return {}
    reset = datetime.now(UTC) + timedelta(seconds=limit.reset_s())
    return {
        f"anthropic-ratelimit-{name}-limit": str(limit.amount),
        f"anthropic-ratelimit-{name}-remaining": str(limit.left()),
        f"anthropic-ratelimit-{name}-reset": reset.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
