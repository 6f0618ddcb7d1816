"""The text of a file that holds a university's rules."""

import math
from dataclasses import dataclass

from tesigo.intake.docx import extract_docx
from tesigo.intake.errors import UnsupportedFile
from tesigo.intake.kinds import Kind
from tesigo.intake.opening import open_file
from tesigo.intake.pdf import extract_pdf

_STANDARD_PAGE = 1_800
"""Characters of a page where the file has no pages of its own: 30 lines of 60, as publishers count."""


@dataclass(frozen=True, slots=True)
class RulesFile:
    """What a file of rules says. pages: those of a PDF; of other files, standard pages of 1,800 characters."""

    text: str
    pages: int


def read_rules_file(name: str, data: bytes, *, most_bytes: int) -> RulesFile:
    """Return the text of a PDF, a Word document or a text.

    name: the file's own, for a check against its content, which alone decides the kind. Blocks, for 20 s at worst:
    call it in a thread from asynchronous code. Raises the kinds of `intake.errors`, and ChildKilled when the machine
    stopped the child that reads: nothing is wrong with the file.
    """
    opened = open_file(name, data, most_bytes=most_bytes)
    kind, text = opened.kind, opened.text
    if kind is Kind.PDF:
        joined = extract_pdf(data).joined
        return RulesFile(joined.text, max(1, len(joined.page_starts)))
    if kind is Kind.DOCX:
        text = extract_docx(data).text
    elif kind not in (Kind.TEXT, Kind.MARKDOWN):
        raise UnsupportedFile(
            f"This is {kind}, a list of references. Bring the rules as PDF, DOCX or plain text."
        )
    return RulesFile(text, max(1, math.ceil(len(text) / _STANDARD_PAGE)))
