"""OpenAI's chat completions, as a server speaks them.

From: developers.openai.com, API reference, "Chat Completions" and "Streaming events"; guides "Error codes" and
"Rate limits"; read 2026-11-30.
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.model_answers import Asked
from tests.fakes.model_limits import Limit, Limits

from tesigo.gateway.ports import Finish, Message, Usage

_FINISHES = {Finish.STOP: "stop", Finish.LENGTH: "length", Finish.REFUSED: "content_filter"}
_MOST_TOKENS = 4_096
_ERRORS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("server_error", None),
}
_QUOTA = ("insufficient_quota", "insufficient_quota")


class OpenAiTalk:
    """One call, and the pieces of which its answer is made."""

    path = "/chat/completions"
    overloaded = 503

    def __init__(self, body: Mapping[str, Any], headers: Mapping[str, str], number: int) -> None:
        self._about = {"id": f"chatcmpl-{number}", "created": 1_796_000_000, "model": body["model"]}
        self._says_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        self._finishes = _FINISHES
        said = [(each["role"], _text(each["content"])) for each in body["messages"]]
        form = (body.get("response_format") or {}).get("json_schema") or {}
        self.asked = Asked(
            protocol="openai",
            model=body["model"],
            system="\n".join(text for role, text in said if role in ("system", "developer")),
            messages=tuple(Message(role, text) for role, text in said if role in ("user", "assistant")),
            schema=form.get("schema"),
            most_tokens=body.get("max_completion_tokens") or body.get("max_tokens") or _MOST_TOKENS,
            is_streamed=bool(body.get("stream")),
            body=body,
            headers=headers,
        )

    def begin(self) -> bytes:
        return self._event([_choice({"role": "assistant", "content": ""})])

    def thought(self, text: str) -> bytes:
        return self._event([_choice({"reasoning": text})])

    def piece(self, text: str) -> bytes:
        return self._event([_choice({"content": text})])

    def refusal(self) -> bytes:
        self._finishes = {**_FINISHES, Finish.REFUSED: "stop"}  # the words alone say it
        return self._event([_choice({"refusal": "I will not write that."})])

    def end(self, finish: Finish, usage: Usage | None) -> bytes:
        last = self._event([_choice({}, self._finishes[finish])])
        if usage and self._says_usage:
            last += self._event([], usage=_usage(usage))
        return last + b"data: [DONE]\n\n"

    def malformed(self) -> bytes:
        return b'data: {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": "oh\n\n'

    def error_event(self) -> bytes:
        return _frame(json.loads(self.error(500)))

    def whole(self, text: str, finish: Finish, usage: Usage) -> bytes:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _FINISHES[finish]}
        return json.dumps(
            {**self._about, "object": "chat.completion", "choices": [choice], "usage": _usage(usage)}
        ).encode()

    def error(self, status: int, *, is_quota: bool = False) -> bytes:
        kind, code = _QUOTA if is_quota else _ERRORS[status]
        # real ones quote what they refuse, so this one does
        message = f"refused: {self.asked.text} {self.asked.headers.get('authorization')}"
        error = {"message": message, "type": kind, "param": None, "code": code}
        return json.dumps({"error": error}).encode()

    def limit_headers(self, limits: Limits) -> dict[str, str]:
        return {**_headers("requests", limits.requests), **_headers("tokens", limits.tokens)}

    def _event(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> bytes:
        told = {**self._about, "object": "chat.completion.chunk", "choices": choices}
        return _frame({**told, "usage": usage} if self._says_usage else told)


def _text(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.tokens,
    }


def _frame(told: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(told, ensure_ascii=False).encode() + b"\n\n"


def _headers(name: str, limit: Limit) -> dict[str, str]:
    if limit.amount is None:
        return {}
    minutes, seconds = divmod(round(limit.reset_s(), 3), 60)
    return {
        f"x-ratelimit-limit-{name}": str(limit.amount),
        f"x-ratelimit-remaining-{name}": str(limit.left()),
        f"x-ratelimit-reset-{name}": f"{int(minutes)}m{seconds:.3f}s"
        if minutes
        else f"{seconds * 1_000:.0f}ms",
    }
