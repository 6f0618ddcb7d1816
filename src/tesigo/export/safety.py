"""What is refused before a parser sees it: text that takes exponential time or gigabytes.

Measured with pandoc 3.9: 20 opening brackets, 18 nested ones, 3,000 `![` (13 GB), a word of 200 kB (40 s).
"""

import re

from tesigo.export.errors import UnreadableText

_DEEPEST_BRACKETS = 8
_DEEPEST_QUOTE = 8
_LONGEST_WORD = 2_000
_LONGEST_SECTION = 1_000_000
_ESCAPE = re.compile(r"\\[!-/:-@\[-`{-~]")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1}}}")
_DEEP_BLOCK = re.compile(
    rf"^[ \t]*(?:(?:>|[-+*](?=[ \t])|\d{{1,9}}[.)](?=[ \t]))[ \t]*){{{_DEEPEST_QUOTE + 1}}}|^(?:\t| {{2}}){{16}}",
    re.MULTILINE,
)


def check_markdown(markdown: str, *, place: str) -> None:
    """Raise UnreadableText, naming `place`, when the text is shaped to exhaust a parser; else do nothing."""
    if len(markdown) > _LONGEST_SECTION:
        raise UnreadableText(f'"{place}" is longer than {_LONGEST_SECTION:,} characters: divide it.')
    plain = _ESCAPE.sub("x", markdown)  # a sign that is text, and what follows it begins no block
    if _LONG_WORD.search(plain):
        raise UnreadableText(
            f'"{place}" holds a word of more than {_LONGEST_WORD:,} characters: break it up or remove it.'
        )
    if _DEEP_BLOCK.search(plain):
        raise UnreadableText(
            f'"{place}" nests quotations or lists too deep: at most {_DEEPEST_QUOTE} levels.'
        )
    for paragraph in _PARAGRAPH_END.split(plain):
        if _bracket_depth(paragraph) > _DEEPEST_BRACKETS:
            raise UnreadableText(
                f'"{place}" opens more than {_DEEPEST_BRACKETS} brackets without closing them: '
                r"close them, or write \[ for a bracket that is text."
            )


def _bracket_depth(paragraph: str) -> int:
    depth = deepest = 0
    for sign in paragraph:
        if sign == "[":
            depth += 1
            deepest = max(deepest, depth)
        elif sign == "]":
            depth = max(0, depth - 1)
    return deepest
