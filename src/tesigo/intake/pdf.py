"""The text of a PDF, by confined children: pdfium reads it, and pypdf where pdfium cannot."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tesigo.intake.errors import BrokenFile, EncryptedFile, FileTooLarge, NoText
from tesigo.intake.pdf_pages import JoinedPages, join_pages
from tesigo.kit.confined import ConfinedFailure, LimitExceeded, Limits, run_confined

_FIRST_READER = Path(__file__).with_name("pdf_worker.py")
_SECOND_READER = Path(__file__).with_name("pdf_second_worker.py")
_LIMITS = Limits(time_s=20, cpu_s=10, memory_mib=512, file_mib=64)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PdfText:
    """What a PDF says.

    told_title, told_author: by its own metadata, which may be anything. first_lines: (height of the letters, line) of
    the first page, () when it was read without heights.
    """

    joined: JoinedPages
    told_title: str
    told_author: str
    first_lines: tuple[tuple[float, str], ...]


def extract_pdf(data: bytes) -> PdfText:
    """Return the text with a blank line between paragraphs, hyphenation and running heads taken out.

    Takes 40 s at worst. Raises EncryptedFile, BrokenFile, FileTooLarge, or NoText when there is no letter or figure,
    as in a scan.
    """
    try:
        found = _ask(_FIRST_READER, data)
    except LimitExceeded as error:
        raise FileTooLarge(
            "This PDF takes too much time or memory to read. Bring a simpler or shorter one."
        ) from error
    except (ConfinedFailure, ValueError):
        found = {"refused": "broken"}
    joined = _joined(found)
    if found.get("refused") == "broken" or (found.get("refused") is None and not _says_something(joined)):
        found = _ask_second(data)
        joined = _joined(found)
    _refuse(found)
    if not _says_something(joined):
        raise NoText(
            "This PDF has no text (a scan?). Bring one with text, or run text recognition (OCR) on it."
        )
    lines = tuple((float(height), _printable(line)) for height, line in found["first"])
    return PdfText(joined, _printable(found["title"]), _printable(found["author"]), lines)


def _ask(reader: Path, data: bytes) -> Found:
    with TemporaryDirectory(prefix="tesigo-") as folder:
        output, _ = run_confined(
            [sys.executable, "-I", str(reader)], cwd=Path(folder), limits=_LIMITS, stdin=data
        )
    found: Found = json.loads(output)
    return found


def _ask_second(data: bytes) -> Found:
    """Return what pypdf finds; what it cannot read within its limits is damaged, as pdfium gave it up already."""
    try:
        return _ask(_SECOND_READER, data)
    except (ConfinedFailure, ValueError):
        return {"refused": "broken"}


def _refuse(found: Found) -> None:
    """Raise what a reader's refusal means."""
    if found.get("refused") == "password":
        raise EncryptedFile("This PDF is locked with a password. Save a copy without a password.")
    if found.get("refused") == "pages":
        raise FileTooLarge("This PDF has more than 3,000 pages. Bring the part that matters.")
    if "refused" in found:
        raise BrokenFile("This PDF is damaged and cannot be read. Download or export it again.")


def _joined(found: Found) -> JoinedPages:
    return join_pages([_UNPRINTABLE.sub("", page) for page in found.get("pages", ())])


def _says_something(joined: JoinedPages) -> bool:
    return any(map(str.isalnum, joined.text))


def _printable(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub("", text).split())
