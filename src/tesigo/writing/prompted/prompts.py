"""Prompts are files with a version in their name; here they are loaded, filled, and foreign text in them fenced."""

import re
import string
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tesigo.gateway.ports import Message, Prompt
from tesigo.writing.sentences import fold

LANGUAGE_NAMES = {"en": "English", "uk": "Ukrainian", "it": "Italian"}
"""How prompts name the languages of documents."""

_DIVIDER = re.compile(r"(?m)^=====\n")
_TOKENS_PER_WORD = {"uk": 3.0}
_TOKENS_PER_LATIN_WORD = 1.5
_HEAD_ROOM = 1.4
_TOKENS_FOR_MARKERS = 120


def make_prompt(
    name: str, fields: Mapping[str, str], *, most_tokens: int, schema: Mapping[str, Any] | None = None
) -> Prompt:
    """Return the prompt of that name and version ("section/1"), its `$fields` filled.

    What is filled in is never looked at for fields again. Foreign text among it is to be fenced before.
    """
    system, request = _load(name)
    return Prompt(
        name=name,
        system=system.substitute(fields).strip(),
        messages=(Message("user", request.substitute(fields).strip()),),
        most_tokens=most_tokens,
        schema=schema,
    )


def fenced(tag: str, lines: Iterable[str]) -> str:
    """Return the lines between `<tag>` and `</tag>`; lines of foreign text went through `one_line` before."""
    return "\n".join((f"<{tag}>", *lines, f"</{tag}>"))


def one_line(text: str) -> str:
    """Return foreign text as one line that can neither close the fence around it nor imitate a line of ours."""
    return fold("".join(filter(_is_printed, text))).replace("<", "&lt;")


def tokens_for(words: int, language: str) -> int:
    """Return how many tokens an answer of about so many words may take, markers and some excess included."""
    per_word = _TOKENS_PER_WORD.get(language, _TOKENS_PER_LATIN_WORD)
    return round(words * per_word * _HEAD_ROOM) + _TOKENS_FOR_MARKERS


@cache
def _load(name: str) -> tuple[string.Template, string.Template]:
    """Return the system's part of a prompt file and the user's."""
    stem, _, version = name.partition("/")
    text = files("tesigo.writing.prompted").joinpath("prompts", f"{stem}.{version}.txt").read_text("utf-8")
    system, request = _DIVIDER.split(text)
    return string.Template(system), string.Template(request)


def _is_printed(character: str) -> bool:
    return character.isprintable() or character.isspace()
