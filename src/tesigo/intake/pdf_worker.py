"""Print what a PDF on standard input says, as JSON: run as a file, confined, by `pdf`.

{"title": …, "pages": [text, …]} or {"refused": "password" | "broken" | "pages"}.
"""

import json
import sys

import pypdfium2

MOST_PAGES = 3_000
_PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD in pdfium's fpdfview.h."""


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
    pages = []
    for number in range(len(document)):
        try:
            pages.append(document[number].get_textpage().get_text_bounded())
        except pypdfium2.PdfiumError:
            pages.append("")
    title = document.get_metadata_value("Title") if pages else ""
    return {"title": title, "pages": pages}


if __name__ == "__main__":
    main()
