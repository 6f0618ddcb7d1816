"""What a failure says to the reader of a page."""

import math

from tesigo.documents.errors import QuotaReached
from tesigo.kit.errors import Failure
from tesigo.web.words import Words


def sentence_of(failure: Failure, words: Words) -> str:
    """Return the failure's sentence, in the reader's language where it says nothing particular.

    What waiting helps with says for how long, in minutes; a quota says what it allows.
    """
    if isinstance(failure, QuotaReached):
        return words(f"quotas.{failure.quota}", most=words.number(failure.most))
    key = f"failures.{failure.code}"
    if words.find(key) is None:
        return failure.message
    if failure.retry_after_s is None:
        return words(key)
    return words(key, wait=words.count("wait.minutes", max(1, math.ceil(failure.retry_after_s / 60))))
