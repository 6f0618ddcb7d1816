"""Waits and limits are read from headers in every form in which they come, and nonsense says nothing."""

import pytest

from tesigo.adapters.model_headers import find_retry_after_s, read_anthropic_allowance, read_openai_allowance
from tesigo.gateway.ports import Allowance

DATE = "Mon, 30 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        ("7", 7),
        ("0", 0),
        ("1.5", 1.5),
        ("Mon, 30 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 30 Nov 2026 11:59:00 GMT", 0),
        ("Mon, 30 Nov 2026 13:00:30 +0100", 30),
        ("-3", None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("1e999", None),
        ("Mon, 32 Nov 2026 12:00:30 GMT", None),
        ("Mon, 30 Nov 2026 12:00:30 -0000", None),
    ],
)
def test_retry_after_is_seconds_or_a_moment(said: str, wait_s: float | None):
    assert find_retry_after_s({"retry-after": said, "date": DATE}) == wait_s


def test_a_moment_without_the_answers_own_date_says_nothing():
    assert find_retry_after_s({"retry-after": "Mon, 30 Nov 2026 12:00:30 GMT"}) is None
    assert find_retry_after_s({"date": DATE}) is None


@pytest.mark.parametrize(
    ("said", "reset_s"),
    [("6m0s", 360), ("12ms", 0.012), ("1h2m3s", 3_723), ("7.66s", 7.66), ("1m", 60), ("20", 20), ("µ", None)],
)
def test_openais_resets_are_durations(said: str, reset_s: float | None):
    read = read_openai_allowance({"x-ratelimit-reset-requests": said, "x-ratelimit-reset-tokens": said})
    assert (read.requests_reset_s, read.tokens_reset_s) == (pytest.approx(reset_s), pytest.approx(reset_s))


def test_openais_counts_stand_by_their_names_and_minus_one_is_none():
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-limit-tokens": "-1",
        "x-ratelimit-remaining-tokens": "many",
    }
    assert read_openai_allowance(headers) == Allowance(requests=500, requests_left=499)


def test_anthropics_resets_are_moments():
    headers = {
        "date": DATE,
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-11-30T12:00:05Z",
        "anthropic-ratelimit-tokens-limit": "30000",
        "anthropic-ratelimit-tokens-remaining": "1000",
        "anthropic-ratelimit-tokens-reset": "tomorrow",
        "anthropic-ratelimit-input-tokens-limit": "20000",
    }
    assert read_anthropic_allowance(headers) == Allowance(
        requests=50, requests_left=0, requests_reset_s=5, tokens=30_000, tokens_left=1_000
    )
