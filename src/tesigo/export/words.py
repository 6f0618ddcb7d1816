"""The words of a document's frame (contents, references, dates) in its language, read from `words.toml`."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

_FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class FrameWords:
    """One language's words; the fields are those of `words.toml`."""

    contents: str
    abstract: str
    references: str
    statement: str
    page: str
    pages: str
    date_form: str
    months: tuple[str, ...]

    def write_date(self, day: date) -> str:
        """Return the day as it is written in the language: "23 November 2026"."""
        return self.date_form.format(day=day.day, month=self.months[day.month - 1], year=day.year)

    def write_pages(self, first: int, last: int) -> str:
        """Return how the language cites these pages: "p. 3", "pp. 3–4"."""
        return f"{self.page} {first}" if first == last else f"{self.pages} {first}–{last}"


def frame_words(language: str) -> FrameWords:
    """Return the words for a BCP 47 language; English for one that is not in the list."""
    known = _languages()
    return known.get(language.partition("-")[0].lower(), known[_FALLBACK])


@cache
def _languages() -> dict[str, FrameWords]:
    tables: dict[str, dict[str, Any]] = tomllib.loads(
        files("tesigo.export").joinpath("words.toml").read_text("utf-8")
    )
    return {
        language: FrameWords(**{**table, "months": tuple(table["months"])})
        for language, table in tables.items()
    }
