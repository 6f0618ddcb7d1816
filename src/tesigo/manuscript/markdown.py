"""Markdown as we write it: foreign text made harmless, sections joined and taken apart again."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from tesigo.manuscript.text import Section

_BLANKS = re.compile(r"[ \t\n\r\f\v\u0085\u2028\u2029]+")
_SYNTAX = re.compile(r"[\\`*_\[\]<>$^~@|{}]|&(?=#?\w+;)|!(?=$|\[)")
_BLOCK_START = re.compile(r"^(?=[-+=:#%])")
_LIST_START = re.compile(r"^(\(?(?:\d+|[^\W\d_]|[ivxlcdmIVXLCDM]+))(?=[.)])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HEADING = re.compile(r"^ {0,3}(#{1,2})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def escape_markdown(text: str) -> str:
    r"""Return Markdown that reads exactly as `text`, on one line.

    Nothing in it is markup any more, wherever it is put in a paragraph: `[@key]` comes out as `\[\@key\]`.
    Runs of blanks and line ends become one space; quotation marks, dashes and non-breaking spaces stay.
    """
    line = _SYNTAX.sub(r"\\\g<0>", _BLANKS.sub(" ", text))
    return _LIST_START.sub(r"\1\\", _BLOCK_START.sub(r"\\", line))


def join_sections(sections: Iterable[Section]) -> str:
    """Return one Markdown text: each section under its heading (`#` or `##`, by its level)."""
    parts: list[str] = []
    for section in sections:
        parts.append(f"{'#' * min(section.level, 2)} {_escape_heading(section.heading)}".rstrip())
        if content := _without_blank_ends(section.content):
            parts.append(content)
    return "\n\n".join(parts) + "\n" if parts else ""


def split_sections(markdown: str) -> list[tuple[int, str, str]]:
    """Return (level, heading, content) for each heading of level 1 or 2, in reading order.

    What stands before the first heading comes as level 0 with the heading "". A `#` inside fenced code is no
    heading, and deeper headings belong to the content. `join_sections` is undone by it.
    """
    found: list[tuple[int, str, str]] = []
    level, heading, lines = 0, "", list[str]()
    for line, in_code in _with_fences(markdown.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        match = None if in_code else _HEADING.match(line)
        if match is None:
            lines.append(line)
            continue
        found.append((level, heading, _without_blank_ends("\n".join(lines))))
        level, heading, lines = len(match[1]), _ESCAPED.sub(r"\1", match[2] or ""), []
    found.append((level, heading, _without_blank_ends("\n".join(lines))))
    return found if found[0][2] else found[1:]


def _escape_heading(heading: str) -> str:
    escaped = escape_markdown(heading.strip())
    return re.sub(r"(?<!\\)#", r"\#", escaped)


def _without_blank_ends(content: str) -> str:
    lines = content.split("\n")
    written = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[written[0] : written[-1] + 1]) if written else ""


def _with_fences(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield each line and whether it belongs to fenced code; a fence that is never closed is none."""
    closed_at = _closing_lines(lines)
    ends_at = -1
    for number, line in enumerate(lines):
        if number > ends_at:
            ends_at = closed_at.get(number, ends_at)
        yield line, number <= ends_at


def _closing_lines(lines: list[str]) -> dict[int, int]:
    """Return for each line that can open a fence the first line after it that closes it.

    From the end to the beginning, so that hostile text takes no more than n log n steps: of the closing lines
    of one sign only those count before which no longer one stands nearer.
    """
    closed_at: dict[int, int] = {}
    nearest: dict[str, list[tuple[int, int]]] = {
        "`": [],
        "~": [],
    }  # (minus the length, the line), nearest last
    for number in range(len(lines) - 1, -1, -1):
        opening = _FENCE.match(lines[number])
        if opening is None:
            continue
        sign, length = opening[1][0], len(opening[1])
        closers = nearest[sign]
        place = bisect_right(closers, (-length, len(lines))) - 1
        if place >= 0:
            closed_at[number] = closers[place][1]
        if not lines[number][opening.end() :].strip(" \t"):
            while closers and -closers[-1][0] <= length:
                closers.pop()
            closers.append((-length, number))
    return closed_at
