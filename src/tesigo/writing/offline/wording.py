"""The offline writer's sentences in one language, with the grammar that fills them: `languages/*.toml`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tesigo.manuscript import SectionKind
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.sentences import QUOTATION_MARKS

_CHOICE = re.compile(r"\[([^|\]\[@]*)\|([^|\]\[]*)\]")
_FIELD = re.compile(r"\{(\w+)\}")
_LAST_WORD_NUMBER = 12


@dataclass(frozen=True, slots=True)
class Wording:
    """The frames of a language by role, and how its words agree."""

    language: str
    table: Mapping[str, Any]

    def frames(self, *path: str) -> tuple[str, ...]:
        """Return the frames at that place, () when the language has none."""
        found: Any = self.table
        for part in path:
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        if isinstance(found, str):
            return (found,)
        return tuple(found) if isinstance(found, list) else ()

    def fill(self, frame: str, fields: Mapping[str, str], *, is_plural: bool = False) -> str:
        """Return the frame with its choices made and its fields filled, the first letter a capital.

        Raises KeyError when the frame names a field that is not given: choose by `needs` first.
        """
        chosen = _CHOICE.sub(lambda match: match[2] if is_plural else match[1], frame)
        filled = _FIELD.sub(lambda match: self._field(match[1], fields), chosen)
        return capitalised(re.sub(r"\.\.$", ".", filled))

    def list_of(self, items: Sequence[str]) -> str:
        """Return "a, b and c"."""
        if len(items) < 2:
            return "".join(items)
        comma = "," if self.language == "en" and len(items) > 2 else ""
        return f"{', '.join(items[:-1])}{comma} {self.grammar('and')} {items[-1]}"

    def term(self, phrase: str) -> str:
        """Return a phrase of the sources as it stands in our sentences.

        In italics where it would not read as part of them: in another language, or as a single word.
        """
        plain = escape_markdown(phrase)
        return plain if self.language == "en" and " " in phrase else f"*{plain}*"

    def count(self, number: int, noun: str) -> str:
        """Return "three works", "три праці", with the noun in the form that the number asks for."""
        return f"{self.numeral(number, noun)} {self.noun(number, noun)}"

    def counted_works(self, number: int) -> dict[str, str]:
        """Return the fields that count works: {works}, and {works_accusative} where a language has cases."""
        accusative = "works_accusative" if "works_accusative" in self.table["grammar"] else "work"
        return {"works": self.count(number, "work"), "works_accusative": self.count(number, accusative)}

    def numeral(self, number: int, noun: str) -> str:
        """Return the number, up to twelve as a word, in the gender of the noun."""
        special = self.table["grammar"].get("numbers_for", {}).get(noun, {})
        if str(number) in special:
            return str(special[str(number)])
        words = self.table["grammar"]["numbers"]
        return str(words[number]) if 0 <= number <= _LAST_WORD_NUMBER else str(number)

    def noun(self, number: int, noun: str) -> str:
        """Return the noun in the form that goes with the number."""
        forms = self.table["grammar"][noun]
        return str(forms[_form(number, len(forms))])

    def span(self, years: Sequence[int]) -> str:
        """Return "from 2019 to 2024"; "" when no year is known."""
        if not years:
            return ""
        name = "span" if min(years) < max(years) else "single_year"
        return self.grammar(name).format(first=min(years), last=max(years))

    def grammar(self, name: str) -> str:
        """Return one word or pattern of the grammar."""
        return str(self.table["grammar"][name])

    def heading(self, kind: SectionKind) -> str:
        """Return the heading of the abstract, the introduction or the conclusion."""
        return str(self.table["headings"][kind.value])

    def heading_frames(self) -> tuple[str, ...]:
        """Return what a foreign term stands in when it is a heading."""
        return self.frames("headings", "frames")

    def further_topic(self, number: int) -> str:
        """Return a heading for a topic without a name of its own."""
        return str(self.table["headings"]["further"]).format(number=number)

    def purpose(self, kind: SectionKind) -> str:
        """Return what the abstract, the introduction or the conclusion is to do."""
        return str(self.table["purposes"][kind.value])

    def topic_purpose(self, terms: Sequence[str]) -> str:
        """Return what a chapter on these terms is to do."""
        purposes = self.table["purposes"]
        return str(purposes["topic"]).format(terms=self.list_of(terms)) if terms else str(purposes["plain"])

    def quoted(self, text: str) -> str:
        """Return the text between the language's quotation marks."""
        left, right = QUOTATION_MARKS[self.language]
        return f"{left}{text}{right}"

    def _field(self, name: str, fields: Mapping[str, str]) -> str:
        if name in fields:
            return fields[name]
        return capitalised(fields[name.lower()])


@cache
def load_wording(language: str) -> Wording:
    """Return the wording of "en", "uk" or "it"."""
    text = files("tesigo.writing.offline").joinpath("languages", f"{language}.toml").read_text("utf-8")
    return Wording(language, tomllib.loads(text))


def needs(frame: str) -> frozenset[str]:
    """Return the names of the fields that the frame fills, in lower case."""
    return frozenset(name.lower() for name in _FIELD.findall(frame))


def capitalised(text: str) -> str:
    """Return the text with its first letter a capital, markup and quotation marks before it left alone."""
    match = re.search(r"[^\W\d_]", text)
    if (
        match is None
        or any(mark in text[: match.start()] for mark in "“«[")
        or re.search(r"\d", text[: match.start()])
    ):
        return text
    return text[: match.start()] + text[match.start()].upper() + text[match.start() + 1 :]


def _form(number: int, forms: int) -> int:
    """Return which form of a noun goes with the number: singular and plural, or the three Slavonic ones."""
    if forms == 2:
        return 0 if number == 1 else 1
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else 2
