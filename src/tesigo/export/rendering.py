"""A manuscript becomes a file, or only a number of pages."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from tesigo.export.bibtex import as_bibtex
from tesigo.export.composition import Composition, compose
from tesigo.export.docx import set_docx
from tesigo.export.errors import UnreadableText
from tesigo.export.flowing import set_epub, set_html, set_latex, set_markdown, set_odt
from tesigo.export.formats import Format
from tesigo.export.layout import lay_out, set_pdf
from tesigo.export.ris import as_ris
from tesigo.kit.confined import ConfinedFailure
from tesigo.manuscript import Manuscript, Source

_Made = TypeVar("_Made")


def render(manuscript: Manuscript, format: Format) -> bytes:  # noqa: A002 - the word that users type
    """Return the file's bytes; the same manuscript gives the same bytes.

    Blocks for about a second (10 pages) to ten (200 pages): call it in a thread from asynchronous code.
    Raises UnknownNorm, UnknownStyle, UnknownCitation, UnreadableText (all Invalid): each says what to change;
    ChildKilled when the machine stopped it: the same manuscript may be set in a moment.
    """
    return _within_limits(lambda: _WRITERS[format](compose(manuscript)))


def list_as_bibtex(sources: Iterable[Source]) -> bytes:
    """Return all of these sources, cited or not, as a BibTeX file."""
    return as_bibtex(sources)


def count_pages(manuscript: Manuscript) -> float:
    """Return how many pages the PDF has, the last one counted by the part of its height that is used.

    Counts everything: title page, contents, bibliography. Makes no PDF; blocks and raises as `render` does.
    """
    return _within_limits(lambda: lay_out(compose(manuscript)).pages)


def _within_limits(make: Callable[[], _Made]) -> _Made:
    try:
        return make()
    except ConfinedFailure as cause:
        raise UnreadableText(
            "The text could not be set: simplify very large or unusual tables and formulas."
        ) from cause


_WRITERS: dict[Format, Callable[[Composition], bytes]] = {
    Format.PDF: set_pdf,
    Format.DOCX: set_docx,
    Format.ODT: set_odt,
    Format.LATEX: set_latex,
    Format.EPUB: set_epub,
    Format.HTML: set_html,
    Format.MARKDOWN: set_markdown,
    Format.BIBTEX: lambda composition: as_bibtex(composition.cited),
    Format.RIS: lambda composition: as_ris(composition.cited),
}
