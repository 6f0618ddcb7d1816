"""What is said to the reader of a page when something is refused."""

import pytest

from tesigo.documents.errors import QuotaReached
from tesigo.documents.quotas import Quotas
from tesigo.kit.errors import Conflict, LimitReached
from tesigo.web.sentences import sentence_of
from tesigo.web.words import LANGUAGES, words_in

QUOTAS = Quotas(documents=7, sources=1_500, stored_mb=60)


def of_a_limit(seconds: float, language: str) -> str:
    return sentence_of(LimitReached("Enough.", retry_after_s=seconds), words_in(language))


@pytest.mark.parametrize(
    ("seconds", "language", "told"),
    [
        (0.2, "en", "again in 1 minute."),
        (60, "en", "again in 1 minute."),
        (61, "en", "again in 2 minutes."),
        (3_600, "it", "Riprova tra 60 minuti."),
        (1_260, "uk", "ще раз за 21 хвилину."),
        (180, "uk", "ще раз за 3 хвилини."),
        (900, "uk", "ще раз за 15 хвилин."),
    ],
)
def test_a_limit_says_for_how_long_to_wait(seconds, language, told):
    assert of_a_limit(seconds, language).endswith(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_quota_has_its_own_sentence_with_its_number(language):
    words = words_in(language)
    with pytest.raises(QuotaReached) as reached:
        QUOTAS.check_sources(1_501)
    told = {
        quota: sentence_of(QuotaReached("Enough.", quota=quota, most=most), words)
        for quota, most in (("documents", 7), ("stored_mb", 60))
    }
    told["sources"] = sentence_of(reached.value, words)
    for quota, number in (("documents", 7), ("stored_mb", 60), ("sources", 1_500)):
        assert words.number(number) in told[quota]
    assert len(set(told.values())) == 3


def test_what_has_no_text_of_ours_speaks_for_itself():
    failure = Conflict("The text cites two2020 3 times.", code="source_in_use")
    assert sentence_of(failure, words_in("uk")) == "The text cites two2020 3 times."
