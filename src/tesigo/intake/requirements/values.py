"""What can be asked of a document: the brief's requirements as values, each with the sentence that asks it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)
Plain = str | float | bool | list[str] | Mapping[str, "float | str | Mapping[str, float]"]
"""A value as JSON has it."""

SIDES = ("top", "right", "bottom", "left")


@dataclass(frozen=True, slots=True)
class Range:
    """Least and most, both included; None where there is no such bound. An exact number is both."""

    least: float | None = None
    most: float | None = None

    def plain(self) -> "float | dict[str, float]":
        """Return the number when there is one alone, else the bounds that there are by name."""
        if self.least is not None and self.least == self.most:
            return self.least
        bounds = {"least": self.least, "most": self.most}
        return {name: bound for name, bound in bounds.items() if bound is not None}

    def holds(self, number: float) -> bool:
        """Whether the number lies within the bounds."""
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)


@dataclass(frozen=True, slots=True)
class Margins:
    """The margins in millimetres, None where nothing is said of a side."""

    top: Range | None = None
    right: Range | None = None
    bottom: Range | None = None
    left: Range | None = None

    def plain(self) -> "dict[str, float | dict[str, float]]":
        """Return the sides of which something is said."""
        return {side: at.plain() for side in SIDES if isinstance(at := getattr(self, side), Range)}


@dataclass(frozen=True, slots=True)
class Demand(Generic[T_co]):
    """A value, and the sentence of the text that it came from: `text[start:end]`, its blanks folded."""

    value: T_co
    sentence: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a text asks of a document; None wherever it says nothing.

    Lengths in mm, sizes in pt, `line_spacing` as a multiple. fonts, citation_styles, languages, file_formats: each of
    them will do, the first is named first. citation_styles: as our styles are called ("apa"). languages: BCP 47.
    pages, words, characters: of the whole document. source_age_years: how old sources may be. parts: in their order,
    by the English names of `parts.PARTS`. page_number_at: "bottom right". tenses: of what (the text itself under "").
    """

    paper: Demand[str] | None = None
    margins_mm: Demand[Margins] | None = None
    fonts: Demand[tuple[str, ...]] | None = None
    size_pt: Demand[Range] | None = None
    table_pt: Demand[Range] | None = None
    footnote_pt: Demand[Range] | None = None
    line_spacing: Demand[Range] | None = None
    indent_mm: Demand[Range] | None = None
    is_justified: Demand[bool] | None = None
    page_number_at: Demand[str] | None = None
    page_number_from: Demand[str] | None = None
    lines_per_page: Demand[Range] | None = None
    characters_per_line: Demand[Range] | None = None
    pages: Demand[Range] | None = None
    words: Demand[Range] | None = None
    characters: Demand[Range] | None = None
    abstract_words: Demand[Range] | None = None
    parts: Demand[tuple[str, ...]] | None = None
    sources: Demand[Range] | None = None
    source_age_years: Demand[Range] | None = None
    citation_styles: Demand[tuple[str, ...]] | None = None
    citation_place: Demand[str] | None = None
    not_cited: Demand[tuple[str, ...]] | None = None
    languages: Demand[tuple[str, ...]] | None = None
    voice: Demand[str] | None = None
    persons: Demand[tuple[str, ...]] | None = None
    tenses: Demand[dict[str, str]] | None = None
    file_formats: Demand[tuple[str, ...]] | None = None
    file_mb: Demand[Range] | None = None

    def understood(self) -> "Iterator[tuple[str, Demand[object]]]":
        """Yield (the fact's name, its demand) of what the text says, in the order of the fields above."""
        for field in fields(self):
            demand = getattr(self, field.name)
            if isinstance(demand, Demand):
                yield field.name, demand


def plain_value(value: object) -> Plain:
    """Return a demand's value as JSON has it."""
    if isinstance(value, Range | Margins):
        return value.plain()
    if isinstance(value, tuple):
        return [str(one) for one in value]
    if isinstance(value, dict):
        return {str(name): str(one) for name, one in value.items()}
    return value if isinstance(value, bool | float | int) else str(value)
