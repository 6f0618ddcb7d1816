"""A file that somebody brings is opened: what it is, by its content, and its text where it is one."""

from dataclasses import dataclass, field

from tesigo.intake.archives import check_docx, is_archive_too
from tesigo.intake.errors import DangerousFile, FileTooLarge
from tesigo.intake.kinds import Kind, check_name, find_packed_kind, find_text_kind
from tesigo.intake.texts import decode_text


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file is. text: "" for a kind that has to be taken apart first (PDF, DOCX)."""

    kind: Kind
    text: str = field(default="", repr=False)


def open_file(name: str, data: bytes, *, most_bytes: int) -> Opened:
    """Return what the file is by its content; its name is only compared with that.

    Raises the kinds of `intake.errors`, FileTooLarge among them.
    """
    if len(data) > most_bytes:
        raise FileTooLarge(f"This file is larger than {most_bytes / (1 << 20):g} MiB. Bring a smaller one.")
    kind = find_packed_kind(data)
    text = ""
    if kind is None:
        text = decode_text(data)
        kind = find_text_kind(name, text)
    if kind is Kind.DOCX:
        check_docx(data)
    elif kind is Kind.PDF and is_archive_too(data):
        raise DangerousFile(
            "This file is not opened, because it is a PDF and an archive at once. Print it as a PDF again."
        )
    check_name(name, kind)
    return Opened(kind, text)
