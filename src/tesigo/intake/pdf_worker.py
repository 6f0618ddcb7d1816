"""Print what a PDF on standard input says, as JSON, by pdfium: run as a file, confined, by `pdf`.

{"title": …, "author": …, "pages": [text, …], "first": [[height of its letters, line], …]}, or
{"refused": "password" | "broken" | "pages"}. "first" are the lines of the first page: how high its letters stand tells
a title from what is around it.
"""

import ctypes
import json
import sys
from statistics import median

import pypdfium2
from pypdfium2 import raw

MOST_PAGES = 3_000
_PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD in pdfium's fpdfview.h."""
_MOST_MEASURED = 8_000
_NEWLINES = ("\r", "\n")


def main() -> None:
    """Read, extract, print."""
    json.dump(_extracted(sys.stdin.buffer.read()), sys.stdout)


def _extracted(data: bytes) -> dict[str, object]:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        return {"refused": "password" if error.err_code == _PASSWORD_ERROR else "broken"}
    if len(document) > MOST_PAGES:
        return {"refused": "pages"}
    pages: list[str] = []
    first: list[tuple[float, str]] = []
    for number in range(len(document)):
        try:
            text_page = document[number].get_textpage()
            pages.append(text_page.get_text_bounded())
            if number == 0:
                first = _measured_lines(text_page)
            text_page.close()
        except pypdfium2.PdfiumError:
            pages.append("")
    told = {name: document.get_metadata_value(name.title()) if pages else "" for name in ("title", "author")}
    return {**told, "pages": pages, "first": first}


def _measured_lines(text_page: pypdfium2.PdfTextPage) -> list[tuple[float, str]]:
    """Return (median height of its letters, text) of each line, in the order of the file."""
    lines: list[tuple[float, str]] = []
    heights: list[float] = []
    signs: list[str] = []
    box = raw.FS_RECTF()
    count = min(text_page.count_chars(), _MOST_MEASURED)
    for place in range(count):
        sign = chr(raw.FPDFText_GetUnicode(text_page, place))
        if sign not in _NEWLINES:
            signs.append(sign)
            if sign.isalpha() and raw.FPDFText_GetLooseCharBox(text_page, place, ctypes.byref(box)):
                heights.append(abs(box.top - box.bottom))
        if signs and (sign in _NEWLINES or place == count - 1):
            lines.append((round(median(heights or [0]), 1), "".join(signs)))
            heights, signs = [], []
    return lines


if __name__ == "__main__":
    main()
