"""BibTeX taken apart into entries, so that a broken one costs only itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_START = re.compile(r"@\s*([A-Za-z]+)\s*([{(])")
_NEXT_LINE_START = re.compile(r"^[ \t]*@[A-Za-z]+[ \t]*[{(]", re.MULTILINE)
_MARK = re.compile(rf"\\.|[{{}}()]|{_NEXT_LINE_START.pattern}", re.MULTILINE | re.DOTALL)
_KEY = re.compile(r"(@\s*[A-Za-z]+\s*[{(])([^,={}()\"]*)(?=[,})])")
_CROSS_REFERENCE = re.compile(r"(\bcrossref\s*=\s*)[{\"]([^{}\"]*)[}\"]", re.IGNORECASE)
_TITLE = re.compile(
    r"\b(?:title|subtitle|booktitle|booksubtitle|journal|journaltitle|series|maintitle)\s*=\s*\{",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(
    r"(?<![\w-])language\s*=\s*[{\"]+([A-Za-z]{2,12}(?:-[A-Za-z]{2,4})?)[}\"]", re.IGNORECASE
)
_BLANK_LINE = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
"""An empty line ends a paragraph, and pandoc joins paragraphs without a blank."""
_NO_RECORD = frozenset({"comment", "preamble", "string"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as text; key: its own, "" when it has none; line: where it begins; is_whole: its braces close."""

    key: str
    text: str
    line: int
    is_whole: bool = True

    @property
    def language(self) -> str:
        """The language that it names, which pandoc leaves out; "" when it names none."""
        named = _LANGUAGE.search(self.text)
        return named[1] if named else ""


def split_bibtex(text: str) -> tuple[str, list[Entry]]:
    """Return (the @string abbreviations, the entries in order); what is between entries is a comment."""
    strings, entries = [], []
    line, counted = 1, 0
    for kind, place, body, is_whole in _chunks(text):
        line, counted = line + text.count("\n", counted, place), place
        if kind == "string" and is_whole:
            strings.append(body)
        elif kind not in _NO_RECORD:
            key = _KEY.match(body)
            entries.append(Entry(key[2].strip() if key else "", body, line, is_whole))
    return "\n".join(strings), entries


def renamed(entry: Entry, names: dict[str, str], name: str) -> str:
    """Return the entry's text under another key, its cross reference following `names`."""
    text = _KEY.sub(lambda match: f"{match[1]}{name}", entry.text, count=1)
    text = _CROSS_REFERENCE.sub(lambda match: f"{match[1]}{{{names.get(match[2].strip(), match[2])}}}", text)
    return _with_kept_case(_BLANK_LINE.sub("\n", text))


def _with_kept_case(text: str) -> str:
    """Return the entry with its titles in a second pair of braces.

    Without them every word but the first is put in small letters, names as well; a citation style can still
    capitalise a title as it likes.
    """
    parts, place = [], 0
    for title in _TITLE.finditer(text):
        end = _closing(text, title.end(), "{") if title.end() > place else 0
        if end:
            parts += [text[place : title.end()], "{", text[title.end() : end - 1], "}}"]
            place = end
    return "".join([*parts, text[place:]])


def _chunks(text: str) -> Iterator[tuple[str, int, str, bool]]:
    place = 0
    while start := _START.search(text, place):
        end = _closing(text, start.end(), start[2])
        is_whole = end > 0
        if not is_whole:
            following = _NEXT_LINE_START.search(text, start.end())
            end = following.start() if following else len(text)
        yield start[1].lower(), start.start(), text[start.start() : end].strip(), is_whole
        place = end


def _closing(text: str, place: int, opening: str) -> int:
    """Return where the entry ends, 0 when its braces never close or another entry begins within it."""
    depth = 0 if opening == "(" else 1
    for mark in _MARK.finditer(text, place):
        sign = mark[0]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0 and opening == "{":
                return mark.end()
        elif sign == ")" and opening == "(" and depth == 0:
            return mark.end()
        elif sign.lstrip().startswith("@"):
            return 0
    return 0
