"""Where the sentences of a paragraph begin and end, in scientific English, Italian and Ukrainian."""

import re
from collections.abc import Iterator

from tesigo.research.wording import ABBREVIATIONS, SENTENCE_STARTERS

_POSSIBLE_END = re.compile(r"(?<![.!?…])[.!?…]+[)\]”’'\"»*_]*(?=\s)")
_NEXT_WORD = re.compile(r"\s+[(\[“‘«\"'*_]*([^\W_]+(?:['’ʼ-][^\W_]+)*)?")
_LAST_WORD = re.compile(r"[^\s(\[“«\"'‘/–—-]+\Z")
_INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]\Z")
_LOOK_BACK = 24


def sentence_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the place of each sentence of `text[start:end]`, white space at both ends left out.

    What has no final mark at its end (a heading, a truncated text) is yielded as well.
    """
    for match in _POSSIBLE_END.finditer(text, start, end):
        if _ends_sentence(text, match, end):
            yield from _stripped(text, start, match.end())
            start = match.end()
    yield from _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _ends_sentence(text: str, mark: re.Match[str], end: int) -> bool:
    following = _NEXT_WORD.match(text, mark.end(), end)
    word = following[1] if following else None
    if not word:
        return True
    if not (word[0].isupper() or word[0].isdigit()):
        return False
    if mark[0] != ".":
        return True
    before = _LAST_WORD.search(text[max(0, mark.start() - _LOOK_BACK) : mark.start()])
    last = before[0] if before else ""
    if last.isdecimal():
        return not _numbers_a_heading(text, mark.start() - len(last))
    if last.lower() in ABBREVIATIONS or _INITIAL.match(last):
        return word in SENTENCE_STARTERS and not _is_name_initial(last, word)
    return True


def _numbers_a_heading(text: str, start: int) -> bool:
    """Return whether the number at `start` begins its line: "1. Introduction"."""
    return start == 0 or text[start - 1] == "\n"


def _is_name_initial(last: str, word: str) -> bool:
    """Return whether a one-letter "word" after an initial is the next initial: "J. A. Smith"."""
    return len(word) == 1 and len(last) == 1 and last.isupper()
