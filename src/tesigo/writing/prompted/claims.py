"""What becomes of sentences that rested on references that are none of ours."""

import re
from collections.abc import Iterator

from tesigo.research.sentences import sentence_spans
from tesigo.writing.prompted.author_years import without_unknown_names
from tesigo.writing.prompted.markers import FORGIVEN, OURS, UNKNOWN
from tesigo.writing.prompted.references import References

_SIGN = f"[{UNKNOWN}{FORGIVEN}]"
_QUOTED = re.compile(r"“[^”]*”|«[^»]*»")
_STOP = re.compile(r"[.!?…](?=.)")
_HOLLOW = re.compile(
    rf"\(\s*(?:see|cf\.?|e\.g\.,?|див\.|vedi|cfr\.?)?\s*(?:{_SIGN}\s*[,;]?\s*)+\)|\[\s*(?:{_SIGN}\s*[,;]?\s*)+\]"
)
_BETWEEN_WORDS = re.compile(rf"(?<=[\w@])\s*{_SIGN}(?:\s*{_SIGN})*\s*(?=\w)")
_BEFORE_SIGN = re.compile(rf"\s*{_SIGN}")
_WISH = re.compile(r"\s*\(\s*citation needed\s*\)", re.IGNORECASE)
_LOOSE_BLANK = re.compile(r"\s+(?=[.,;:!?)])")
_DOUBLED = re.compile(r"([,;])(?:\s*[,;])+|[,;]\s*(?=[.!?](?:\s|\Z))")


def split_sentences(paragraph: str) -> list[str]:
    """Return the sentences of a paragraph; a stop inside a quotation ends none."""
    masked = _QUOTED.sub(lambda match: _STOP.sub(",", match[0][:-1]) + match[0][-1], paragraph)
    return [paragraph[start:end] for start, end in sentence_spans(masked, 0, len(masked))]


def supported_sentences(paragraph: str, references: References) -> Iterator[str]:
    """Yield the sentences that may stay, without the sign for unknown references.

    A sentence all of whose references are unknown is dropped: a claim that a model ascribes to a work which does
    not exist is as likely as not invented with it, and nothing here could support it. With one citation of ours in
    it, it stays and the unknown go.
    """
    for sentence in split_sentences(paragraph):
        told = without_unknown_names(_WISH.sub("", sentence), references, sign=UNKNOWN)
        if UNKNOWN not in told or OURS.search(told):
            yield without_signs(told)


def without_signs(sentence: str) -> str:
    """Return the sentence without signs, and without the blanks and parentheses that stood around them."""
    if UNKNOWN not in sentence and FORGIVEN not in sentence:
        return sentence
    apart = _BETWEEN_WORDS.sub(" ", _HOLLOW.sub(UNKNOWN, sentence))
    bare = _WISH.sub("", _BEFORE_SIGN.sub("", apart))
    return _DOUBLED.sub(r"\1", _LOOSE_BLANK.sub("", bare)).strip()
