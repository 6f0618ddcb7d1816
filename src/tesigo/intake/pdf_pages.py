"""Pages of lines become running paragraphs, and it stays known where each page begins."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

_HYPHEN = "\ufffe"
"""What pdfium puts for a hyphen at the end of a line."""

_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:p|pp|page|pag|pagina|стор|с)\W*)?(\d{1,4})(?:\s*(?:/|of|di|з)\s*\d{1,4})?\W*", re.IGNORECASE
)
_BROKEN_WORD = re.compile(r"([^\W\d_]+)[\ufffe\xad-]\Z")
_WORD_START = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SENTENCE_END = (".", "!", "?", ":", ".”", ".)", ".»", '."')
_LIST_ITEM = re.compile(r"(?:[•●▪‣–-]|\d{1,2}[.)]|\[\d{1,3}\])\s+\S")
_HEADING = re.compile(r"(?:\d+(?:\.\d+)*\.?\s+)?[^\W_a-zа-яіїєґ].{1,70}")
_SHORT_LINE = 0.8
_REPEATED_ON_PAGES = 3
_MARGIN_LINES = 2
_LONGEST_WORD = 60
_LONGEST_PAGE_NUMBER = 30
_FEWEST_NUMBERED = 2

PagedLine = tuple[int, str]
"""(place of its page, from 0; the line)."""


@dataclass(frozen=True, slots=True)
class JoinedPages:
    """The running text of a PDF.

    page_starts: for each page, where its first line begins in the text, in code points; they only rise.
    first_page: the number that is printed on the first page, 1 where the pages print none.
    """

    text: str
    page_starts: tuple[int, ...]
    first_page: int = 1


def join_pages(pages: Sequence[str]) -> JoinedPages:
    """Return the lines of the pages as paragraphs, in the order in which the PDF has them.

    Running heads and page numbers are left out, words that a line's end broke are whole again.
    """
    lined = [[" ".join(line.split()) for line in page.splitlines()] for page in pages]
    repeated = _running_heads(lined)
    lines = [
        (number, line)
        for number, page in enumerate(lined)
        for place, line in enumerate(page)
        if not (_is_margin(place, page) and (_is_page_number(line) or _bare(line) in repeated))
    ]
    if not any(line for _, line in lines):  # pages that say one thing each, and the same
        lines = [(number, line) for number, page in enumerate(lined) for line in page]
    words = Counter(word.lower() for _, line in lines for word in _WORD.findall(line))
    parts: list[str] = []
    begins: dict[int, int] = {}
    length = 0
    for paragraph in _paragraphs(lines):
        if parts:
            parts.append("\n\n")
            length += 2
        for number, part in _joined(paragraph, words):
            begins.setdefault(number, length + len(part) - len(part.lstrip(" ")))
            parts.append(part)
            length += len(part)
    text = "".join(parts).replace(_HYPHEN, "-")
    return JoinedPages(text, tuple(_starts(len(lined), begins, length)), _first_number(lined))


def _starts(count: int, begins: dict[int, int], length: int) -> list[int]:
    """Return where each page begins; one without text begins where the next one does."""
    starts = [length] * count
    for number in reversed(range(count)):
        starts[number] = begins.get(number, starts[number + 1] if number + 1 < count else length)
    return starts


def _first_number(pages: Sequence[Sequence[str]]) -> int:
    """Return the number of the first page by those that the pages print: most of them have to agree."""
    numbered = [
        int(match[1]) - place
        for place, page in enumerate(pages)
        for line in dict.fromkeys((*page[:_MARGIN_LINES], *page[-_MARGIN_LINES:]))
        if len(line) <= _LONGEST_PAGE_NUMBER and (match := _PAGE_NUMBER.fullmatch(line))
    ]
    (first, count), *_ = Counter(numbered).most_common(1) or [(1, 0)]
    return first if count >= max(_FEWEST_NUMBERED, len(pages) / 2) and first > 0 else 1


def _running_heads(pages: Iterable[Sequence[str]]) -> set[str]:
    """Return the first and last lines (figures left out) that several pages share."""
    margins = Counter(
        bare
        for page in pages
        for bare in {_bare(line) for line in (*page[:_MARGIN_LINES], *page[-_MARGIN_LINES:])}
    )
    return {line for line, count in margins.items() if line and count >= _REPEATED_ON_PAGES}


def _is_margin(place: int, page: Sequence[str]) -> bool:
    return place < _MARGIN_LINES or place >= len(page) - _MARGIN_LINES


def _is_page_number(line: str) -> bool:
    return len(line) <= _LONGEST_PAGE_NUMBER and _PAGE_NUMBER.fullmatch(line) is not None


def _bare(line: str) -> str:
    return re.sub(r"[\d\W_]+", " ", line).strip().lower()


def _paragraphs(lines: Sequence[PagedLine]) -> list[list[PagedLine]]:
    """Group the lines into paragraphs.

    One ends at an empty line, after a short line that ends a sentence, around a heading, before an item.
    """
    full = median([len(line) for _, line in lines if len(line) > 40] or [80])
    groups: list[list[PagedLine]] = [[]]
    for number, line in lines:
        last = groups[-1][-1][1] if groups[-1] else ""
        is_short = len(last) < _SHORT_LINE * full
        ended = last.endswith(_SENTENCE_END)
        starts_anew = (
            not line
            or (ended and is_short)
            or _LIST_ITEM.match(line)
            or (is_short and _HEADING.fullmatch(last) and line[:1].isupper() and len(groups[-1]) == 1)
            or (ended and len(line) < _SHORT_LINE * full and _is_heading(line))
        )
        if starts_anew and groups[-1]:
            groups.append([])
        if line:
            groups[-1].append((number, line))
    return [group for group in groups if group]


def _is_heading(line: str) -> bool:
    return (
        not line.endswith((*_SENTENCE_END, ",", ";", "-", _HYPHEN)) and _HEADING.fullmatch(line) is not None
    )


def _joined(lines: Sequence[PagedLine], words: Counter[str]) -> list[PagedLine]:
    """Return the lines so that they can be put together, words that a line's end broke made whole."""
    parts = [lines[0]]
    for number, line in lines[1:]:
        before, last = parts[-1]
        broken = _BROKEN_WORD.search(last[-_LONGEST_WORD:])
        rest = _WORD_START.match(line, 0, _LONGEST_WORD)
        if not broken or not rest:
            parts.append((number, f" {line}"))
            continue
        parts[-1] = (before, last[:-1])
        parts.append((number, f"-{line}" if _keeps_hyphen(broken[1], rest[0], words) else line))
    return parts


def _keeps_hyphen(start: str, rest: str, words: Counter[str]) -> bool:
    """Return whether the hyphen belongs to the word, by how the rest of the document writes it."""
    whole, hyphened = f"{start}{rest}".lower(), f"{start}-{rest}".lower()
    if words[whole] or words[hyphened]:
        return words[hyphened] > words[whole]
    return rest[0].isupper()
