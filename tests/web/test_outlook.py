import pytest

from tesigo.generation.forecasts import JobStatus
from tesigo.generation.models import JobRow
from tesigo.web.outlook import describe_outlook
from tesigo.web.words import LANGUAGES, words_in


def told(language: str, position: int | None, eta_s: int | None) -> list[str]:
    return describe_outlook(JobStatus(JobRow(), position, eta_s), words_in(language))


@pytest.mark.parametrize(
    ("before", "place"),
    [(0, "next"), (1, "2nd"), (2, "3rd"), (3, "4th"), (10, "11th"), (11, "12th"), (12, "13th"), (20, "21st"),
     (21, "22nd"), (110, "111th"), (1000, "1,001st")],
)  # fmt: skip
def test_the_place_in_the_queue_counts_those_that_are_served_before(before, place):
    assert told("en", before, None) == [f"{place} in the queue"]


@pytest.mark.parametrize(
    ("eta_s", "time"),
    [(0, "less than a minute"), (59, "less than a minute"), (60, "about 1 minute"), (61, "about 2 minutes"),
     (240, "about 4 minutes"), (5_400, "about 90 minutes"), (5_401, "about 2 hours"), (36_000, "about 10 hours")],
)  # fmt: skip
def test_the_time_is_told_as_roughly_as_it_is_known(eta_s, time):
    assert told("en", None, eta_s) == [f"ready in {time}"]


@pytest.mark.parametrize(
    ("language", "before", "eta_s", "words"),
    [
        ("uk", 0, 45, ["наступний у черзі", "буде готовий менш ніж за хвилину"]),
        ("uk", 2, 240, ["3-й у черзі", "буде готовий приблизно за 4 хвилини"]),
        ("uk", 20, 18_000, ["21-й у черзі", "буде готовий приблизно за 5 годин"]),
        ("it", 0, 60, ["prossimo in coda", "pronto tra circa 1 minuto"]),
        ("it", 2, 240, ["3º in coda", "pronto tra circa 4 minuti"]),
    ],
)
def test_every_language_tells_it_in_its_own_way(language, before, eta_s, words):
    assert told(language, before, eta_s) == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_left_out(language):
    assert told(language, None, None) == []
