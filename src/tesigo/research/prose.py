"""Where a text holds prose: its paragraphs and list items, not its headings, tables, code or references."""

import re
from collections.abc import Iterator

from tesigo.research.wording import CAPTION, REFERENCE_HEADING, SKIPPED_HEADING

Span = tuple[int, int]
"""Start and end in the text, in code points."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_HEADING = re.compile(r" {0,3}(#{1,6})\s+(?=\S)")
_UNDERLINE = re.compile(r"\s{0,3}(?:={3,}|-{3,})\s*$")
_RULE = re.compile(r"\s*(?:[-=*_+|:~.]\s*){3,}$")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,}|\$\$)")
_ITEM = re.compile(
    r"\s{0,12}(?:[-*+\u2022\u2023\u25cf\u25aa\u2013\u2014]|\(?\d{1,3}[.)]|\(?[a-zа-я]\))\s+(?=\S)"
)
_NOT_PROSE = re.compile(r"\s{0,3}(?:\||>|<|:::|\[\^?[^\]]+\]:|\[\d+\]\s|!\[|import\s.*from\s|export\s)")
_FRONT_MATTER = re.compile(r"(?:---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z))")
_LONGEST_HEADING = 80
_UNRANKED = 1
"""The rank of a heading without marks: it ends at the next first-rank heading only."""


def prose_spans(text: str) -> Iterator[Span]:
    """Yield the place of every paragraph and list item of a Markdown or plain text, in reading order.

    What stands under a heading like "References" is left out up to the next heading of its rank. In plain
    text, where headings have no rank, that is the rest; only a list of references counts there, and only in
    the second half.
    """
    skipped_rank = 0
    for rank, (start, end) in _blocks(text):
        heading = text[start:end].strip(" *_\t\n")
        if rank:
            if not skipped_rank or rank <= skipped_rank:
                skipped_rank = rank if SKIPPED_HEADING.fullmatch(heading) else 0
        elif skipped_rank:
            continue
        elif (
            start > len(text) // 2
            and len(heading) < _LONGEST_HEADING
            and REFERENCE_HEADING.fullmatch(heading)
        ):
            skipped_rank = _UNRANKED
        elif not CAPTION.match(text, start, end):
            yield start, end


def _blocks(text: str) -> Iterator[tuple[int, Span]]:
    """Yield (rank, place) of each block; the rank is that of a heading, 0 for a paragraph or list item."""
    front = _FRONT_MATTER.match(text)
    start = end = front.end() if front else 0
    fence = ""
    for line in _LINE.finditer(text, end):
        words, opened = line[0], _FENCE.match(line[0])
        if fence:
            fence = "" if opened and opened[1].startswith(fence) else fence
            start = end = line.end()
            continue
        if start < end and _UNDERLINE.match(words) and "\n" not in text[start : end - 1]:
            yield (1 if "=" in words else 2), (start, end)
            start = end = line.end()
            continue
        item, heading = _ITEM.match(words), _HEADING.match(words)
        is_break = opened or heading or not words.strip() or _RULE.match(words) or _NOT_PROSE.match(words)
        if (item or is_break) and start < end:
            yield 0, (start, end)
        if item and not is_break:
            start = line.start() + item.end()
        elif is_break or start == end:
            start = line.end() if is_break else line.start()
        end = line.end()
        if heading:
            yield len(heading[1]), (line.start() + heading.end(), line.start() + len(words.rstrip(" #\n\t")))
        fence = opened[1] if opened and not _closes_itself(words, opened[1]) else ""
    if start < end:
        yield 0, (start, end)


def _closes_itself(line: str, fence: str) -> bool:
    """Return whether a fence opens and closes on one line: `$$ x $$`."""
    return line.count(fence) > 1
