"""Formatting norms: page, type, spacing and numbering, read from `norms.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tesigo.export.errors import UnknownNorm

LINE_EM = 1.149
"""The height of a single-spaced line of Times New Roman, and of the fonts that share its metrics, in em."""

_PAPERS_MM = {"a4": (210.0, 297.0), "us-letter": (215.9, 279.4)}
_POINTS_PER_MM = 72 / 25.4
_SHORT_DOCUMENT_PAGES = 13
_CHARACTER_EM = {"uk": 0.455}
_LATIN_CHARACTER_EM = 0.402
_CHARACTERS_PER_WORD = {"uk": 7.5, "it": 6.8}
_OTHER_CHARACTERS_PER_WORD = 7.1
_CHARACTERS_PER_PARAGRAPH = 700
_RAGGED_FILL = 0.96


@dataclass(frozen=True, slots=True)
class Norm:
    """What a university or a manual asks of a document's looks; the fields are those of `norms.toml`."""

    name: str
    title: str
    paper: str
    left_mm: float
    right_mm: float
    top_mm: float
    bottom_mm: float
    size_pt: float
    line_spacing: float
    indent_mm: float
    is_justified: bool
    heading_pt: tuple[float, float, float]
    title_pt: float
    is_chapter_centred: bool
    is_chapter_in_capitals: bool
    section_indent_mm: float
    is_numbered: bool
    is_introduction_numbered: bool
    number_suffix: str
    chapters_on_new_page_from: int
    references_on_new_page_from: int
    page_number_at: str
    is_title_page_numbered: bool
    quote_pt: float
    quote_spacing: float
    hanging_mm: float
    references_spacing: float
    references_gap_pt: float

    @property
    def paper_mm(self) -> tuple[float, float]:
        """The paper's width and height."""
        return _PAPERS_MM[self.paper]

    @property
    def text_mm(self) -> tuple[float, float]:
        """The width and height of what is printed on."""
        width, height = self.paper_mm
        return width - self.left_mm - self.right_mm, height - self.top_mm - self.bottom_mm

    def starts_chapters_on_new_page(self, pages: int) -> bool:
        """Whether each chapter of a document of so many pages begins a page."""
        return pages >= self.chapters_on_new_page_from

    def starts_references_on_new_page(self, pages: int) -> bool:
        """Whether the bibliography of a document of so many pages begins a page."""
        return pages >= self.references_on_new_page_from

    def shares_front_page(self, pages: int) -> bool:
        """Whether abstract and contents of a document of so many pages stand on one page."""
        return pages < _SHORT_DOCUMENT_PAGES

    def words_per_page(self, language: str) -> float:
        """Return how many words of academic prose fill a page; texts differ by a tenth in the length of words.

        language: BCP 47; what was not measured counts as English. Measured on the abstracts of 860 papers.
        """
        in_a_word = _CHARACTERS_PER_WORD.get(_spoken(language), _OTHER_CHARACTERS_PER_WORD)
        return self.characters_per_page(language) / in_a_word

    def characters_per_page(self, language: str) -> float:
        """Return how many characters, blanks too, fill a page in paragraphs of some 700 characters."""
        width, height = (length * _POINTS_PER_MM / self.size_pt for length in self.text_mm)
        pitch = LINE_EM * self.line_spacing
        lines = (height + pitch - 1) // pitch  # above the first line there is no leading
        in_a_line = width / _CHARACTER_EM.get(_spoken(language), _LATIN_CHARACTER_EM)
        fill = (1 - in_a_line / 2 / _CHARACTERS_PER_PARAGRAPH) * (1 if self.is_justified else _RAGGED_FILL)
        return lines * in_a_line * fill


def load_norm(name: str) -> Norm:
    """Return the norm of that name. Raises UnknownNorm, which lists those that exist."""
    norms = _norms()
    if name not in norms:
        raise UnknownNorm(name, tuple(norms))
    return norms[name]


def norm_names() -> tuple[str, ...]:
    """Return the names that `load_norm` takes, the plainest first."""
    return tuple(_norms())


@cache
def _norms() -> dict[str, Norm]:
    tables: dict[str, dict[str, Any]] = tomllib.loads(
        files("tesigo.export").joinpath("norms.toml").read_text("utf-8")
    )
    return {
        name: Norm(name=name, **{**table, "heading_pt": tuple(table["heading_pt"])})
        for name, table in tables.items()
    }


def _spoken(language: str) -> str:
    return language.partition("-")[0].lower()
