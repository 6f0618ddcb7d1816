"""What a model server's refusal means: its status, and the few words of its body that are known, as a fact.

Nothing else of a body goes anywhere: it can quote the prompt, and the key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tesigo.adapters.model_headers import find_retry_after_s
from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.errors import AttemptFailed, CallRefused, ProviderFails, RateLimited, Trouble

_TROUBLES = {
    408: Trouble.TIMED_OUT,
    503: Trouble.OVERLOADED,
    504: Trouble.TIMED_OUT,
    529: Trouble.OVERLOADED,
}
_OF_MONEY = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "billing_error",
        "enforced_spend_limit_reached",
    }
)
_SENTENCES_OF_MONEY = ("You have reached your specified", "Your credit balance is too low")
"""How Anthropic begins to say it: a limit that its customer set answers 400, as a call that is wrong does.

From: developersdigest.tech, "Anthropic Claude API" (limits of one's own), and platform.claude.com, "Errors", which
has the status; read 2026-11-30.
"""
_STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The statuses that errors in the middle of a stream would have had.

From: platform.claude.com, "Errors" and "Streaming messages", section "Error events"; OpenAI's guide "Error codes", by
way of yezibuilds.1ink.icu; read 2026-11-30.
"""


@dataclass(frozen=True, slots=True)
class SaidError:
    """An error as a server tells it. names: its type and codes; status: what its code says, if that is a number."""

    names: frozenset[str] = field(default=frozenset(), repr=False)
    message: str = field(default="", repr=False)
    status: int | None = None

    @property
    def is_of_money(self) -> bool:
        """Whether a quota is used up, or a limit of spending reached: it does not pass by waiting a little."""
        return bool(self.names & _OF_MONEY) or self.message.startswith(_SENTENCES_OF_MONEY)


def read_error_body(body: bytes) -> SaidError:
    """Return the error that a body tells of, an empty one when it is none that is known."""
    try:
        return read_error(json.loads(body))
    except (ValueError, RecursionError):
        return SaidError()


def read_error(told: object) -> SaidError:
    """Return the error of `{"error": {"type": …, "code": …, "message": …}}`, which both protocols use."""
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict):
        return SaidError()
    details, code = error.get("details"), error.get("code")
    inner = details.get("error_code") if isinstance(details, dict) else None
    return SaidError(
        names=frozenset(name for name in (error.get("type"), code, inner) if isinstance(name, str)),
        message=str(error.get("message", "")),
        status=code if isinstance(code, int) and 400 <= code <= 599 else None,
    )


def failure_of_status(
    model: ModelFacts, status: int, said: SaidError, headers: Mapping[str, str]
) -> AttemptFailed:
    """Return what a status other than 200 means."""
    return _failure(status, f"{model.full_name} answered {status}", said, find_retry_after_s(headers))


def failure_in_stream(model: ModelFacts, said: SaidError) -> AttemptFailed:
    """Return what an error in the middle of a stream means."""
    status = said.status or next((_STATUS_OF[name] for name in said.names if name in _STATUS_OF), 500)
    return _failure(status, f"{model.full_name} broke its answer off with an error like {status}", said, None)


def _failure(status: int, message: str, said: SaidError, retry_after_s: float | None) -> AttemptFailed:
    if status < 500 and said.is_of_money:
        return CallRefused(f"{message}: the quota or the limit of spending there is used up")
    if status == 429:
        return RateLimited(message, retry_after_s=retry_after_s)
    if trouble := _TROUBLES.get(status):
        return ProviderFails(message, trouble, retry_after_s=retry_after_s)
    if status >= 500:
        return ProviderFails(message, Trouble.SERVER_ERROR, retry_after_s=retry_after_s)
    return CallRefused(message)
