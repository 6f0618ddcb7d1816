"""What model servers say in the headers of an answer: how long to wait, and what is left of their limits."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from tesigo.gateway.ports import Allowance

_LONGEST_S = 86_400.0


def find_retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks to wait, 0 for a moment that is over, None when it says nothing.

    A day at most: what is longer says that nobody knows.
    A moment is counted from the answer's own Date, so that a clock that is wrong, here or there, does no harm.
    From: RFC 9110, section 10.2.3, read 2026-11-30.
    """
    said = headers.get("retry-after", "")
    return _find_seconds(said) if re.match(r"[\d.]", said) else _find_until(_find_date(said), headers)


def read_openai_allowance(headers: Mapping[str, str]) -> Allowance:
    """Return what `x-ratelimit-…` say; Azure's -1 is a number that it does not say.

    From: OpenAI's guide "Rate limits", section "Rate limits in headers"; -1: learn.microsoft.com, question 5625878;
    both read 2026-11-30.
    """
    return _allowance(lambda limit, side: headers.get(f"x-ratelimit-{side}-{limit}", ""))


def read_anthropic_allowance(headers: Mapping[str, str]) -> Allowance:
    """Return what `anthropic-ratelimit-…` say; of the tokens, those of the limit that is nearest to its end.

    From: docs.aws.amazon.com, "Claude Platform on AWS", "Rate limit headers", read 2026-11-30.
    """
    return _allowance(lambda limit, side: headers.get(f"anthropic-ratelimit-{limit}-{side}", ""))


def _allowance(said: Callable[[str, str], str]) -> Allowance:
    return Allowance(
        requests=_find_count(said("requests", "limit")),
        requests_left=_find_count(said("requests", "remaining")),
        tokens=_find_count(said("tokens", "limit")),
        tokens_left=_find_count(said("tokens", "remaining")),
    )


def _find_count(said: str) -> int | None:
    return int(said) if re.fullmatch(r"[0-9]{1,15}", said) else None


def _find_seconds(said: str) -> float | None:
    try:
        seconds = float(said)
    except ValueError:
        return None
    return min(max(seconds, 0.0), _LONGEST_S) if math.isfinite(seconds) else None


def _find_date(said: str) -> datetime | None:
    try:
        return parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None


def _find_until(moment: datetime | None, headers: Mapping[str, str]) -> float | None:
    now = _find_date(headers.get("date", ""))
    if moment is None or now is None or moment.tzinfo is None or now.tzinfo is None:
        return None
    return min(max((moment - now).total_seconds(), 0.0), _LONGEST_S)
