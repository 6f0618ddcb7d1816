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
        ("99999999999999", 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Mon, 30 Nov 2026 12:00:30 +99999999999", None),
        ("Mon, 32 Nov 2026 12:00:30 GMT", None),
        ("Mon, 30 Nov 2026 12:00:30 -0000", None),
    ],
)
def test_retry_after_is_seconds_or_a_moment(said: str, wait_s: float | None):
    assert find_retry_after_s({"retry-after": said, "date": DATE}) == wait_s


def test_a_moment_without_the_answers_own_date_says_nothing():
    assert find_retry_after_s({"retry-after": "Mon, 30 Nov 2026 12:00:30 GMT"}) is None
    assert find_retry_after_s({"date": DATE}) is None


def test_openais_counts_stand_by_their_names_and_minus_one_is_none():
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-limit-tokens": "-1",
        "x-ratelimit-remaining-tokens": "many",
    }
    assert read_openai_allowance(headers) == Allowance(requests=500, requests_left=499)


def test_anthropics_counts_stand_by_their_names():
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-tokens-limit": "30000",
        "anthropic-ratelimit-tokens-remaining": "1000",
        "anthropic-ratelimit-input-tokens-limit": "20000",
    }
    assert read_anthropic_allowance(headers) == Allowance(
        requests=50, requests_left=0, tokens=30_000, tokens_left=1_000
    )
