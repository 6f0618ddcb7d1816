"""Print what a PDF on standard input says, as JSON, by pypdf: run as a file, confined, by `pdf`.

The same as by `pdf_worker`, without the lines of the first page: asked where pdfium fails or finds no letter.
"""

import io
import json
import logging
import sys

import pypdf

MOST_PAGES = 3_000


def main() -> None:
    """Read, extract, print."""
    logging.disable()
    json.dump(_extracted(sys.stdin.buffer.read()), sys.stdout)


def _extracted(data: bytes) -> dict[str, object]:
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"refused": "password"}
        if len(reader.pages) > MOST_PAGES:
            return {"refused": "pages"}
        return {
            "title": "",
            "author": "",
            "pages": [page.extract_text() for page in reader.pages],
            "first": [],
        }
    except (MemoryError, RecursionError):
        raise  # its limit, which `pdf` tells apart
    except Exception:  # noqa: BLE001 - a damaged file makes it fail in any way, and this is a child for that one file
        return {"refused": "broken"}


if __name__ == "__main__":
    main()
