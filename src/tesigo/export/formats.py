"""The kinds of file that a manuscript can become."""

from enum import StrEnum


class Format(StrEnum):
    """A kind of file; its value is what users type (`--out thesis.pdf`, `?format=pdf`)."""

    PDF = "pdf"
    DOCX = "docx"
    ODT = "odt"
    LATEX = "latex"
    EPUB = "epub"
    HTML = "html"
    MARKDOWN = "md"
    BIBTEX = "bib"
    RIS = "ris"

    @property
    def extension(self) -> str:
        """How such a file's name ends, without the dot."""
        return "tex" if self is Format.LATEX else self.value

    @property
    def media_type(self) -> str:
        """The media type by which such a file is served."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.PDF: "application/pdf",
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.ODT: "application/vnd.oasis.opendocument.text",
    Format.LATEX: "application/x-tex",
    Format.EPUB: "application/epub+zip",
    Format.HTML: "text/html; charset=utf-8",
    Format.MARKDOWN: "text/markdown; charset=utf-8",
    Format.BIBTEX: "application/x-bibtex",
    Format.RIS: "application/x-research-info-systems",
}
