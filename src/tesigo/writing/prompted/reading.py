"""From a model's answer to a section's text: our citations alone, proven quotations, everything else plain words."""

import re
from collections.abc import Container
from functools import cache

from tesigo.manuscript import Citation
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.prompted.addresses import without_unknown_addresses
from tesigo.writing.prompted.claims import supported_sentences
from tesigo.writing.prompted.markers import OURS, UNKNOWN, canonical_markers, markers_before_stops
from tesigo.writing.prompted.marks import paired_marks, proven_quotations
from tesigo.writing.prompted.references import References
from tesigo.writing.prompted.reply_text import paragraphs_of
from tesigo.writing.prompted.support import Support
from tesigo.writing.sentences import fold, keys_of, likeness

_KEPT = re.compile(
    rf"(?P<marker>{OURS.pattern})|(?<![*\w])\*(?P<emphasis>[^\s*\[\]](?:[^*\[\]]*[^\s*\[\]])?)\*(?![*\w])"
)
_HELD = re.compile("[\ue100-\uf8ff]")
_STUCK = re.compile(rf"(?<=[^\s(\[])(?={OURS.pattern})|(?<=\])(?=[({{])")
_STOPS = ".!?…:;"
_MOST_KEPT = 0xF8FF - 0xE100


def read_prose(reply: str, heading: str, references: References) -> tuple[str, tuple[Citation, ...]]:
    """Return a section's Markdown and its citations in the order of their markers; ("", ()) when nothing is left.

    heading: the section's own.
    """
    support = Support(references)

    @cache
    def body_of(key: str) -> str:
        return fold(references.citable[key].body) if key in references.citable else ""

    paragraphs: list[str] = []
    citations: list[Citation] = []
    for raw in paragraphs_of(reply, heading):
        sentences = [
            as_markdown(proven_quotations(sentence, body_of, references.language), references.citable)
            for sentence in supported_sentences(_referenced(raw, references), references)
        ]
        written = [sentence for sentence in sentences if likeness(sentence)]
        if written:
            paragraphs.append(_ended(" ".join(written)))
            citations += [citation for sentence in written for citation in support.citations(sentence)]
    return "\n\n".join(paragraphs), tuple(citations)


def as_markdown(sentence: str, citable: Container[str]) -> str:
    """Return the sentence as Markdown in which citations of these keys and emphasis are markup, and nothing else."""
    kept: list[str] = []

    def hold(match: re.Match[str]) -> str:
        if len(kept) == _MOST_KEPT or not all(key in citable for key in keys_of(match["marker"] or "")):
            return ""
        kept.append(match["marker"] or f"*{escape_markdown(match['emphasis'])}*")
        return chr(0xE100 + len(kept) - 1)

    spaced = _STUCK.sub(" ", sentence)
    escaped = escape_markdown(_KEPT.sub(hold, spaced)).strip()
    return _HELD.sub(lambda match: kept[ord(match[0]) - 0xE100], escaped)


def _ended(paragraph: str) -> str:
    """Return the paragraph with a stop at its end: what it holds is never read on into the next."""
    return paragraph if paragraph[-1] in _STOPS else f"{paragraph}."


def _referenced(paragraph: str, references: References) -> str:
    """Return the paragraph with each reference in our form or as a sign that it is unknown."""
    addressed = without_unknown_addresses(paragraph, references, sign=UNKNOWN)
    marked = canonical_markers(paired_marks(addressed, references.language), references)
    return markers_before_stops(marked)
