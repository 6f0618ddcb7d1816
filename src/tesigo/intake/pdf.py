"""The text of a PDF, as running paragraphs."""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tesigo.intake.errors import BrokenFile, EncryptedFile, FileTooLarge, NoText
from tesigo.kit.confined import ConfinedFailure, LimitExceeded, Limits, run_confined

_WORKER = Path(__file__).with_name("pdf_worker.py")
_LIMITS = Limits(time_s=20, cpu_s=15, memory_mib=1_536, file_mib=64)
_HYPHEN = "\ufffe"
"""What pdfium puts for a hyphen at the end of a line."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:p|pp|page|pag|pagina|стор|с)\W*)?\d{1,4}(?:\s*(?:/|of|di|з)\s*\d{1,4})?\W*", re.IGNORECASE
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
_LONGEST_TITLE = 300
_LONGEST_WORD = 60
_LONGEST_PAGE_NUMBER = 30
_NO_TITLE = re.compile(
    r"(?:untitled|microsoft word|document\d*|\S+\.\w{2,4}$|.*\.(?:docx?|tex|dvi|pdf|indd|rtf|odt)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PdfText:
    """What a PDF says: its title by its own metadata ("" when that is unusable) and its text."""

    title: str
    text: str


def extract_pdf(data: bytes) -> PdfText:
    """Return the text with a blank line between paragraphs, hyphenation and running heads taken out.

    Raises EncryptedFile, BrokenFile, FileTooLarge, or NoText when there is no letter or figure, as in a scan.
    """
    found = _ask_worker(data)
    if found.get("refused") == "password":
        raise EncryptedFile("This PDF is locked with a password. Save a copy without a password.")
    if found.get("refused") == "pages":
        raise FileTooLarge("This PDF has more than 3,000 pages. Bring the part that matters.")
    if "refused" in found:
        raise BrokenFile("This PDF is damaged and cannot be opened. Download or export it again.")
    pages = found.get("pages")
    text = join_pages([_UNPRINTABLE.sub("", str(page)) for page in pages] if isinstance(pages, list) else [])
    if not any(map(str.isalnum, text)):
        raise NoText(
            "This PDF has no text (a scan?). Bring one with text, or run text recognition (OCR) on it."
        )
    title = " ".join(str(found.get("title") or "").split())
    usable = 4 < len(title) < _LONGEST_TITLE and not _NO_TITLE.match(title) and "\ufffd" not in title
    return PdfText(title if usable else "", text)


def join_pages(pages: Sequence[str]) -> str:
    """Return the lines of the pages as paragraphs, in the order in which the PDF has them."""
    lined = [[" ".join(line.split()) for line in page.splitlines()] for page in pages]
    repeated = _running_heads(lined)
    lines = [
        line
        for page in lined
        for place, line in enumerate(page)
        if not (_is_margin(place, page) and (_is_page_number(line) or _bare(line) in repeated))
    ]
    words = Counter(word.lower() for line in lines for word in _WORD.findall(line))
    return "\n\n".join(_joined(paragraph, words) for paragraph in _paragraphs(lines)).replace(_HYPHEN, "-")


def _ask_worker(data: bytes) -> dict[str, object]:
    command = [sys.executable, "-I", str(_WORKER)]
    try:
        with TemporaryDirectory(prefix="tesigo-") as folder:
            output, _ = run_confined(command, cwd=Path(folder), limits=_LIMITS, stdin=data)
    except LimitExceeded as error:
        raise FileTooLarge(
            "This PDF takes too much time or memory to read. Bring a simpler or shorter one."
        ) from error
    except ConfinedFailure as error:
        raise BrokenFile("This PDF is damaged and cannot be read. Download or export it again.") from error
    found: dict[str, object] = json.loads(output)
    return found


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


def _paragraphs(lines: Sequence[str]) -> list[list[str]]:
    """Group the lines into paragraphs.

    One ends at an empty line, after a short line that ends a sentence, around a heading, before an item.
    """
    full = median([len(line) for line in lines if len(line) > 40] or [80])
    groups: list[list[str]] = [[]]
    for line in lines:
        last = groups[-1][-1] if groups[-1] else ""
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
            groups[-1].append(line)
    return [group for group in groups if group]


def _is_heading(line: str) -> bool:
    return (
        not line.endswith((*_SENTENCE_END, ",", ";", "-", _HYPHEN)) and _HEADING.fullmatch(line) is not None
    )


def _joined(lines: Sequence[str], words: Counter[str]) -> str:
    """Return the lines as one, words that a line's end broke made whole."""
    parts = [lines[0]]
    for line in lines[1:]:
        broken = _BROKEN_WORD.search(parts[-1][-_LONGEST_WORD:])
        rest = _WORD_START.match(line, 0, _LONGEST_WORD)
        if not broken or not rest:
            parts.append(f" {line}")
            continue
        parts[-1] = parts[-1][:-1]
        parts.append(f"-{line}" if _keeps_hyphen(broken[1], rest[0], words) else line)
    return "".join(parts)


def _keeps_hyphen(start: str, rest: str, words: Counter[str]) -> bool:
    """Return whether the hyphen belongs to the word, by how the rest of the document writes it."""
    whole, hyphened = f"{start}{rest}".lower(), f"{start}-{rest}".lower()
    if words[whole] or words[hyphened]:
        return words[hyphened] > words[whole]
    return rest[0].isupper()
