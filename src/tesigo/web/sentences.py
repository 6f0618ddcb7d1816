"""What a failure says to the reader of a page."""

from tesigo.kit.errors import Failure
from tesigo.web.words import Words


def sentence_of(failure: Failure, words: Words) -> str:
    """Return the failure's sentence, in the reader's language where it says nothing particular."""
    return words.find(f"failures.{failure.code}") or failure.message
