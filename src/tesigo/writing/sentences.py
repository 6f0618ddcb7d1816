"""Our text taken apart: sentences, quotations and citation markers of a section's Markdown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

QUOTATION_MARKS = {"en": ("“", "”"), "uk": ("«", "»"), "it": ("«", "»")}
"""What opens and closes a quotation in a document of this language."""

MARKER = re.compile(r"(?<!\\)\[-?@[^\[\]]*\]")
_KEY = re.compile(r"@([A-Za-z0-9_:.-]*[A-Za-z0-9_])")
_QUOTATION = re.compile(r"“([^”]*)”|«([^»]*)»")
_FOLLOWING_MARKER = re.compile(r"\s*(\[-?@[^\[\]]*\])")
_OPAQUE = re.compile(
    r"“[^”]*”|«[^»]*»|(?<![\\*])\*(?:\\.|[^*\\])+\*|\[-?@[^\[\]]*\]|\b(?:et al|та ін)\.(?! +[A-ZА-ЯІЇЄҐ*“«])"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=\S)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_BLANKS = re.compile(r"\s+")
_FEWEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words between quotation marks, with the keys cited directly after them (none for a bare one)."""

    text: str
    keys: tuple[str, ...]


def fold(text: str) -> str:
    """Return the text with every run of blanks as one space."""
    return _BLANKS.sub(" ", text).strip()


def unescape(markdown: str) -> str:
    """Return what a reader reads of escaped Markdown, folded."""
    return fold(_ESCAPED.sub(r"\1", markdown))


def keys_of(marker: str) -> tuple[str, ...]:
    """Return the keys that one marker (`[@a; @b]`) names."""
    return tuple(_KEY.findall(marker))


def markers(content: str) -> Iterator[str]:
    """Yield each citation marker, in order."""
    yield from MARKER.findall(content)


def quotations(content: str) -> Iterator[Quotation]:
    """Yield each quotation with the keys that are cited directly after it."""
    flat = fold(re.sub(r"(?m)^> ?", "", content))
    for match in _QUOTATION.finditer(flat):
        text = match[1] if match[1] is not None else match[2]
        following = _FOLLOWING_MARKER.match(flat, match.end())
        yield Quotation(text=unescape(text), keys=keys_of(following[1]) if following else ())


def sentences(content: str) -> list[str]:
    """Return the sentences in reading order; what stands in quotation marks never ends one.

    Fragments of fewer than two words (a list's number) are left out.
    """
    return [sentence for paragraph in content.split("\n\n") for sentence in paragraph_sentences(paragraph)]


def paragraph_sentences(paragraph: str) -> list[str]:
    """Return the sentences of one paragraph, Markdown kept."""
    flat = fold(re.sub(r"(?m)^> ?", "", paragraph))
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        hidden.append(match[0])
        return f"\x00{len(hidden) - 1}\x00"

    masked = _OPAQUE.sub(hide, flat)
    found = []
    for piece in _SENTENCE_END.split(masked):
        whole = re.sub("\x00(\\d+)\x00", lambda match: hidden[int(match[1])], piece)
        if len(whole.split()) >= _FEWEST_WORDS:
            found.append(whole)
    return found


def likeness(sentence: str) -> str:
    """Return what makes two sentences the same for a reader: no markers, no case, no punctuation."""
    bare = unescape(MARKER.sub(" ", sentence)).casefold()
    return " ".join(re.findall(r"\w+", bare))
