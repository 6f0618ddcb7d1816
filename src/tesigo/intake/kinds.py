"""What a file is, by its content; its name is only checked against that."""

import re
from enum import StrEnum

from tesigo.intake.errors import EncryptedFile, MismatchedName, UnsupportedFile


class Kind(StrEnum):
    """A kind of file that can be read."""

    PDF = "PDF"
    DOCX = "Word document (DOCX)"
    CSL = "CSL-JSON"
    BIBTEX = "BibTeX"
    RIS = "RIS"
    MEDLINE = "PubMed (NBIB)"
    ENDNOTE = "EndNote XML"
    MARKDOWN = "Markdown"
    TEXT = "plain text"


READABLE = "Bring PDF, DOCX, plain text, Markdown, BibTeX, RIS, PubMed (NBIB), EndNote XML or CSL-JSON."

_CLAIMED = {
    "pdf": Kind.PDF, "docx": Kind.DOCX, "bib": Kind.BIBTEX, "bibtex": Kind.BIBTEX, "ris": Kind.RIS,
    "nbib": Kind.MEDLINE, "json": Kind.CSL, "jsonl": Kind.CSL, "ndjson": Kind.CSL,
}  # fmt: skip
_LISTS = frozenset({Kind.CSL, Kind.BIBTEX, Kind.RIS, Kind.MEDLINE, Kind.ENDNOTE})
_MARKDOWN_ENDINGS = frozenset({"md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd"})
_FOREIGN_ENDINGS = frozenset(
    {
        "doc",
        "docm",
        "dotm",
        "odt",
        "ods",
        "odp",
        "rtf",
        "ppt",
        "pptx",
        "xls",
        "xlsx",
        "xlsm",
        "epub",
        "exe",
        "dll",
    }
    | {
        "png",
        "jpg",
        "jpeg",
        "gif",
        "tif",
        "tiff",
        "bmp",
        "webp",
        "heic",
        "zip",
        "gz",
        "7z",
        "rar",
        "tar",
        "mp3",
        "mp4",
    }
)

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xfe\xed\xfa", "a macOS program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a compiled program"),
    (b"\x00asm", "a compiled program"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript file"),
    (b"AT&TFORM", "a DjVu scan"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"II*\x00", "an image"),
    (b"MM\x00*", "an image"),
    (b"BM", "an image"),
    (b"RIFF", "an image, sound or film"),
    (b"\x1f\x8b", "a packed archive"),
    (b"BZh", "a packed archive"),
    (b"\xfd7zXZ", "a packed archive"),
    (b"7z\xbc\xaf", "a packed archive"),
    (b"Rar!", "a packed archive"),
    (b"SQLite format 3", "a database"),
)
_MAYBE_TEXT = (b"BM", b"BZh", b"RIFF", b"GIF8")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SCRIPT = re.compile(rb"(?:\xef\xbb\xbf)?#!\s*/")
_PHP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?(?:php\b|=)", re.IGNORECASE)
_WEB_PAGE = re.compile(
    r"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_ENDNOTE = re.compile(r"\s*(?:<\?xml\b[^>]*\?>\s*)?(?:<!DOCTYPE[^>]*>\s*)?<xml>\s*<records\b")
_XML = re.compile(r"\s*<\?xml\b")
_PDF = re.compile(rb"%PDF-\d")
_PDF_PREFIX = 1_024
_LEGACY_STREAMS = (
    ("WordDocument", "an old Word document (.doc)"),
    ("PowerPoint Document", "an old PowerPoint file (.ppt)"),
    ("Workbook", "an old Excel file (.xls)"),
)

_BIBTEX_ENTRY = re.compile(r"^[ \t]*@[A-Za-z]+\s*[{(]", re.MULTILINE)
_BIBTEX_FIRST = re.compile(r"(?:\s|%[^\n]*\n)*@[A-Za-z]++\s*+[{(]\s*+[^\s,{}]*+\s*+[,=]")
_RIS_FIRST = re.compile(r"^TY\s{1,3}-", re.MULTILINE)
_MEDLINE_FIRST = re.compile(r"\s*(?:PMID|OWN )-\s")
_FIRST_PART = 4_000


def find_packed_kind(data: bytes) -> Kind | None:
    """Return PDF or DOCX when the content begins as one, None when it may be text.

    A DOCX is only claimed by its ZIP signature here: `archives.check_docx` looks into it.
    Raises UnsupportedFile for what is certainly neither, EncryptedFile for a locked Office file.
    """
    if data.startswith(b"%PDF"):
        return Kind.PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Kind.DOCX
    if data.startswith(_OLE):
        raise _legacy_failure(data)
    for signature, name in _SIGNATURES:
        if data.startswith(signature) and not (signature in _MAYBE_TEXT and b"\x00" not in data[:256]):
            raise UnsupportedFile(f"This is {name}, which cannot be a source. {READABLE}")
    if _SCRIPT.match(data) or _PHP.match(data):
        raise _script()
    if _PDF.search(data, 0, _PDF_PREFIX) and b"obj" in data:
        return Kind.PDF
    return None


def find_text_kind(name: str, text: str) -> Kind:
    """Return what kind of text it is; the name decides only between Markdown and plain text.

    Raises UnsupportedFile for a script (in whatever encoding), a web page or other XML.
    """
    beginning = text[:_FIRST_PART].encode()
    if _SCRIPT.match(beginning) or _PHP.match(beginning):
        raise _script()
    if _WEB_PAGE.match(text[:_FIRST_PART]):
        raise UnsupportedFile(f"This is a web page (HTML). Save it as PDF or as text. {READABLE}")
    if _ENDNOTE.match(text[:_FIRST_PART]):
        return Kind.ENDNOTE
    if _XML.match(text[:_FIRST_PART]):
        raise UnsupportedFile(
            f"This is an XML file. Export its records as RIS, BibTeX or CSL-JSON. {READABLE}"
        )
    ending = _ending(name)
    if ending in ("json", "jsonl", "ndjson") or _looks_like_json(text):
        return Kind.CSL
    first = text[:_FIRST_PART]
    if _BIBTEX_FIRST.match(text) or (ending in ("bib", "bibtex") and _BIBTEX_ENTRY.search(text)):
        return Kind.BIBTEX
    if _MEDLINE_FIRST.match(first):
        return Kind.MEDLINE
    if _RIS_FIRST.search(first):
        return Kind.RIS
    return Kind.MARKDOWN if ending in _MARKDOWN_ENDINGS else Kind.TEXT


def check_name(name: str, kind: Kind) -> None:
    """Raise MismatchedName when the name's ending claims another kind than the content is.

    Text may have any ending that claims nothing else; one list of references may be named as another.
    """
    ending = _ending(name)
    claimed = _CLAIMED.get(ending)
    is_text = kind not in (Kind.PDF, Kind.DOCX)
    if claimed is None:
        wrong = ending in _FOREIGN_ENDINGS or (not is_text and ending in {"txt", *_MARKDOWN_ENDINGS})
    else:
        wrong = claimed != kind and not (claimed in _LISTS and kind in _LISTS)
    if wrong:
        raise MismatchedName(
            f"The name ends in .{ending}, but the content is {_article(kind)}. "
            "Rename the file, or bring the right one."
        )


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _article(kind: Kind) -> str:
    return f"a {kind}" if kind in (Kind.PDF, Kind.DOCX) else str(kind)


def _looks_like_json(text: str) -> bool:
    """Return whether the text begins as JSON does: `[` or `{`, then a quote, a bracket or nothing."""
    return re.match(r"\s*(?:\{\s*[\"}]|\[\s*(?:\{|\]\s*$))", text) is not None


def _script() -> UnsupportedFile:
    return UnsupportedFile(f"This is a script, a program to be run, and not a text. {READABLE}")


def _legacy_failure(data: bytes) -> UnsupportedFile | EncryptedFile:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return EncryptedFile("This Office file is locked with a password. Save a copy without a password.")
    for stream, name in _LEGACY_STREAMS:
        if stream.encode("utf-16-le") in data:
            return UnsupportedFile(f"This is {name}. Open it and save it as DOCX or PDF. {READABLE}")
    return UnsupportedFile(f"This is an old Office file. Open it and save it as DOCX or PDF. {READABLE}")
