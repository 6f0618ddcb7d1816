"""The texts of the interface in its languages, from one file for each in `texts`."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from tesigo.accounts.identity import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
"""The languages of the interface; the first serves whoever speaks none of them."""


class Words:
    """One language's texts. A key is the path in the file: `words("sign_in.title")`."""

    def __init__(self, language: Language, texts: Mapping[str, str | tuple[str, ...]]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return the text with its `{places}` filled. Raises KeyError for a text that does not exist."""
        text = self._texts[key]
        if not isinstance(text, str):
            raise KeyError(key)
        return text.format(**values) if values else text

    def find(self, key: str) -> str | None:
        """Return the text, None when there is none; for what grows without us, such as codes of errors."""
        text = self._texts.get(key)
        return text if isinstance(text, str) else None

    def count(self, key: str, number: int) -> str:
        """Return the form that belongs to the number: "1 page", "3 pages"."""
        forms = self._texts[key]
        if isinstance(forms, str):
            raise KeyError(key)
        return forms[_plural_form(self.language, number)].format(n=self.number(number))

    def ordinal(self, number: int) -> str:
        """Return the number of a place in a row: "1st", "12th", "23rd"."""
        forms = self._texts["numbers.ordinals"]
        return forms[_ordinal_form(self.language, number)].format(n=self.number(number))

    def number(self, number: int) -> str:
        """Return the number with its thousands apart."""
        return f"{number:,}".replace(",", self("numbers.thousands"))

    def date(self, moment: datetime) -> str:
        """Return the day as it is written in the language: "23 November 2026"."""
        months = self._texts["dates.months"]
        return self("dates.form", day=moment.day, month=months[moment.month - 1], year=moment.year)


@cache
def words_in(language: Language) -> Words:
    """Return the texts of a language."""
    return Words(language, _flat(tomllib.loads(_file(language)), ""))


def _file(language: Language) -> str:
    return files("tesigo.web").joinpath("texts", f"{language}.toml").read_text("utf-8")


def _flat(table: Mapping[str, Any], prefix: str) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = tuple(value) if isinstance(value, list) else value
    return found


def _plural_form(language: Language, number: int) -> int:
    """Return which form serves; English and Italian have two, Ukrainian three.

    From: Unicode CLDR, "Language Plural Rules", read 2026-11-23.
    """
    if language != "uk":
        return 0 if number == 1 else 1
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else 2


def _ordinal_form(language: Language, number: int) -> int:
    """Return which form serves; English has four, the others write all alike.

    From: Unicode CLDR, "Language Plural Rules", ordinals, read 2026-11-23.
    """
    if language != "en" or number % 100 in (11, 12, 13):
        return -1
    return {1: 0, 2: 1, 3: 2}.get(number % 10, -1)
