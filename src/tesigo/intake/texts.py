"""Bytes to text, whatever the encoding; nothing but newlines and the byte order mark is changed."""

import codecs
import contextlib

from charset_normalizer import CharsetMatch, from_bytes

from tesigo.intake.errors import BrokenFile, NoText, UnsupportedFile
from tesigo.intake.kinds import READABLE

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GUESSED = [  # the most usual first: it wins where several fit equally well
    "cp1251", "koi8_u", "koi8_r", "cp1252", "cp1250", "iso8859_1", "iso8859_2", "iso8859_5", "cp1253",
    "cp1254",
    "cp1255", "cp1256", "cp1257", "cp866", "mac_roman", "mac_cyrillic", "cp949", "euc_jp", "shift_jis",
    "gb18030", "big5",
]  # fmt: skip
_SAMPLE = 1 << 16
_MOST_CONTROLS = 0.002
_MOSTLY = 0.9
_ALLOWED_CONTROLS = frozenset("\t\n\r\f\v\x1a\x1e\x1f\x85")


def decode_text(data: bytes) -> str:
    """Return the text with a line feed for every newline and without a byte order mark.

    Raises NoText for an empty file, UnsupportedFile for what is not text, BrokenFile for text whose
    encoding is damaged.
    """
    if not data.strip(b"\x00 \t\r\n\f\v"):
        raise NoText("This file is empty. Bring one with text.")
    text = _decoded(data)
    controls = sum(text.count(chr(code)) for code in range(0xA0) if _is_control(chr(code)))
    if controls > _MOST_CONTROLS * len(text) or "\x00" in text:
        raise _not_text()
    if not text.strip():
        raise NoText("This file is empty. Bring one with text.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise BrokenFile(
                    "This text is damaged: its characters cannot be read. Save it again as UTF-8."
                ) from error
    if b"\x00" in data:
        return _unmarked_utf16(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _guessed(data)


def _unmarked_utf16(data: bytes) -> str:
    """Return the text of UTF-16 without its mark: every other byte is one of the two of Latin and Cyrillic letters."""
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        high = data[first : 2 * _SAMPLE : 2]
        if high.count(0) + high.count(4) + high.count(0x20) > _MOSTLY * len(high):
            with contextlib.suppress(UnicodeDecodeError):
                return data.decode(encoding)
    raise _not_text()


def _guessed(data: bytes) -> str:
    matches = from_bytes(data[:_SAMPLE], cp_isolation=_GUESSED)
    best = min(matches, key=lambda match: (match.chaos, -match.coherence, _rank(match)), default=None)
    if best is None:
        raise _not_text()
    return data.decode(_GUESSED[_rank(best)], "replace")


def _rank(match: CharsetMatch) -> int:
    """Return the place of the most usual encoding among those that give the same text."""
    names = {match.encoding, *match.could_be_from_charset}
    return min((place for place, name in enumerate(_GUESSED) if name in names), default=len(_GUESSED) - 1)


def _is_control(character: str) -> bool:
    return character not in _ALLOWED_CONTROLS and (character < " " or "\x7f" <= character < "\xa0")


def _not_text() -> UnsupportedFile:
    return UnsupportedFile(f"This is neither text nor a document that is known here. {READABLE}")
