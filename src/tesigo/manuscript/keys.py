"""Citation keys: ours, stable, readable, never taken from a foreign file."""

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping
from itertools import count
from typing import Any

from tesigo.manuscript.evidence import Source

_LONGEST_NAME = 24
_CYRILLIC = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z",
        "и": "y", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p",
        "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
        "щ": "shch", "ь": "", "ю": "iu", "я": "ia", "ё": "e", "ъ": "", "ы": "y", "э": "e",
    }
)  # fmt: skip
"""Ukraine's passport romanisation (resolution 55 of 2010), letters within a word; Russian letters added."""


def issue_key(csl: Mapping[str, Any], taken: Container[str]) -> str:
    """Return a key for this record that is not taken: first author, year, and a letter when needed.

    The record's own `id` plays no part: `smith2021`, then `smith2021b`, `smith2021c`. Without an author the
    first word of the title serves, without a year "nd" stands for it.
    """
    known = Source(key="", csl=csl)
    words = [*known.author_names[:1], *known.title.split(), "source"]
    name = next(letters for letters in map(_plain_letters, words) if letters)
    stem = f"{name[:_LONGEST_NAME]}{known.year if known.year and known.year > 0 else 'nd'}"
    return next(key for key in _numbered(stem) if key not in taken)


def _plain_letters(text: str) -> str:
    romanised = text.lower().translate(_CYRILLIC)
    return re.sub(r"[^a-z]", "", unicodedata.normalize("NFKD", romanised))


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    for letter in "bcdefghijklmnopqrstuvwxyz":
        yield f"{stem}{letter}"
    for number in count(2):
        yield f"{stem}z{number}"
