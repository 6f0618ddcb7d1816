"""Quotation marks in a model's text: made the language's own, and kept where what they hold can be proven."""

import re
from collections.abc import Callable

from tesigo.writing.prompted.markers import OURS, marker_of, merged_markers
from tesigo.writing.sentences import QUOTATION_MARKS, fold, keys_of, likeness

_MARK = re.compile(r"[\"“”„‟«»＂]|''|``")
_SINGLE = re.compile(r"(?<!\w)['‘](?=\S)((?:[^'‘’]|(?<=\w)['’](?=\w))+)(?<=\S)['’](?!\w)")
_STRAIGHT = ('"', "＂", "''", "``")
_CLOSERS = {
    **dict.fromkeys(_STRAIGHT, ('"', "＂", "''", "”")),
    "“": ("”", '"'), "‟": ("”", '"'), "„": ("“", "”", "‟", '"'), "«": ("»",),
}  # fmt: skip
"""What closes a quotation that began with this mark; "”" and "»" never begin one."""
_MOST_BARE_WORDS = 4
_TAIL = re.compile(r"[\s.,;:!?…]+\Z")
_ALIKE = str.maketrans(
    {"‘": "'", "’": "'", "ʼ": "'", "‛": "'", "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-"}
)


def paired_marks(paragraph: str, language: str) -> str:
    """Return the paragraph with all quotation marks as the language has them, in pairs.

    Single ones count, where they are no apostrophes. Marks inside a quotation and marks without a partner are dropped.
    """
    opens, closes = QUOTATION_MARKS[language]
    paragraph = _SINGLE.sub(r'"\1"', paragraph)
    written: dict[int, str] = {}
    start: re.Match[str] | None = None
    for mark in _MARK.finditer(paragraph):
        if start is None:
            start = mark if mark[0] in _CLOSERS and _may_open(paragraph, mark) else None
        elif mark[0] in _CLOSERS[start[0]]:
            written |= {start.start(): opens, mark.start(): closes}
            start = None
    return _MARK.sub(lambda match: written.get(match.start(), ""), paragraph)


def proven_quotations(sentence: str, body_of: Callable[[str], str], language: str) -> str:
    """Return the sentence with its quotations as their sources have them; what is no quotation loses its marks.

    body_of: gives the folded text of a source that may be cited, by its key. A quotation is found in a source that the
    sentence cites, apostrophes and dashes aside, takes that source's exact signs, and is followed by its citation.
    Up to four words need no proof where no citation follows: they are a term, not a quotation.
    """
    opens, closes = QUOTATION_MARKS[language]
    shape = re.compile(rf"{opens}([^{opens}{closes}]*){closes}(\s*{OURS.pattern})?")
    cited = [key for marker in OURS.findall(sentence) for key in keys_of(marker)]

    def settle(match: re.Match[str]) -> str:
        held, following = match[1], match[2] or ""
        inner = OURS.findall(held)
        words = fold(OURS.sub("", held).replace("*", ""))
        bare = _TAIL.sub("", words)
        tail = words[len(bare) :].strip()
        keys = [key for marker in (*inner, following) for key in keys_of(marker)]
        behind = f" {marker_of(keys)}" if keys else ""
        after = _tail_after(tail, sentence[match.end() :])
        if not likeness(bare):
            return f"{bare}{behind}{after}"
        if not keys and len(bare.split()) <= _MOST_BARE_WORDS:
            return f"{opens}{bare}{closes}{after}"
        for key in (*keys, *cited):
            exact = verbatim(bare, body_of(key))
            if exact and not set(exact) & set("“”«»"):
                return f"{opens}{exact}{closes} {marker_of([*keys, key])}{after}"
        return f"{bare}{behind}{after}"

    # twice: where an empty pair of marks is gone, a citation may have come to stand behind another quotation
    for _ in range(2):
        sentence = shape.sub(settle, sentence)
    return merged_markers(sentence)


def verbatim(words: str, body: str) -> str:
    """Return these words as the folded body has them, "" when it has not; apostrophes and dashes are alike."""
    place = body.translate(_ALIKE).find(words.translate(_ALIKE))
    return body[place : place + len(words)] if place >= 0 else ""


def _may_open(paragraph: str, mark: re.Match[str]) -> bool:
    return mark.end() < len(paragraph) and not paragraph[mark.end()].isspace()


def _tail_after(tail: str, rest: str) -> str:
    """Return the stop that stood before the closing mark, where it is still wanted behind it."""
    if not tail:
        return ""
    if not rest.strip():
        return tail[0] if tail[0] in ".!?…" else ""
    return tail[0] if tail[0] in ",;:!?" and rest[:1].isspace() else ""
