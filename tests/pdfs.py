"""PDFs made here, so small that every byte of them is known."""

from collections.abc import Mapping, Sequence

Line = str | tuple[int, str]
"""A line in letters of 10 points, or of the given height."""


def make_pdf(*pages: Sequence[Line], metadata: Mapping[str, str] | None = None, more: bytes = b"") -> bytes:
    """Return a PDF with these lines on its pages, one below the other. more: put behind the header as it is."""
    told = "".join(f"/{name} ({value}) " for name, value in (metadata or {}).items())
    first = 4
    kids = " ".join(f"{first + 2 * place} 0 R" for place in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for place, lines in enumerate(pages):
        content = _drawn(lines)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 3 0 R >> >> "
            b"/Contents %d 0 R >>" % (first + 2 * place + 1)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    objects.append(f"<< {told}>>".encode())
    made = b"%PDF-1.4\n" + more
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<< /Size %d /Root 1 0 R /Info %d 0 R >>" % (len(objects) + 1, len(objects))
    return b"%sxref\n0 %d\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (
        made,
        len(objects) + 1,
        table,
        trailer,
        len(made),
    )


def _drawn(lines: Sequence[Line]) -> bytes:
    drawn, height = [], 800
    for line in lines:
        size, text = (10, line) if isinstance(line, str) else line
        height -= size + 6
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        drawn.append(f"BT /F {size} Tf 50 {height} Td ({escaped}) Tj ET")
    return "\n".join(drawn).encode("latin-1")
