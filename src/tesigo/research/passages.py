"""The sentences of a source that can be quoted, each with its exact place."""

import re
from collections.abc import Iterator

from tesigo.manuscript import Passage, Source
from tesigo.research.prose import prose_spans
from tesigo.research.sentences import sentence_spans
from tesigo.research.wording import DANGLING_START, DEMONSTRATIVE, STUCK_LABEL

FEWEST_WORDS = 8
MOST_WORDS = 60
_MOST_CHARACTERS = 700
_POINTING_WORDS = 5

_UNQUOTABLE = re.compile(
    r"[\"“”„‟«»‹›❝❞〝〞＂`$^_*\\~\[\]{}<>|#@]"
    # what Markdown readers turn into typographic signs
    r"|''|``|--"
    # what cannot be seen or printed: controls, soft hyphens, direction marks, private characters
    r"|[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f]"
    r"|[\ue000-\uf8ff\ufe00-\ufe0f\ufeff\ufff0-\uffff]"
    r"|[\U000e0000-\U0010ffff]"
)
_REFERRING = re.compile(
    # addresses and identifiers
    r"https?:|www\.|\bdoi\b|\b10\.\d{4,9}/"
    # other people's works: (Smith, 2020), et al., ibid., "as in (12)."
    r"|\([^()]*\b(?:1[6-9]|20)\d\d[a-z]?\b[^()]*\)|\bet al\b|\bта ін\.|\bibid\b|\bop\. cit"
    r"|\(\d{1,3}(?:\s*[,;\u2013-]\s*\d{1,3})*\)(?=\s*[.,;:]|\s*$)"
    # parts of the source that the reader does not have before them
    r"|\b(?i:fig(?:ure)?s?|tables?|tabs?|sections?|sect|chapters?|eqs?|equations?|appendix|appendices|box|algorithms?"
    r"|theorems?|lemmas?|figur[ae]|tabell[ae]|sezion[ei]|capitol[oi]|equazion[ei]|appendice|рис|рисун\w+|табл\w*|розділ\w*"
    r"|формул\w*|додат\w+)\b\.?\s*\(?[A-ZА-ЯІЇЄ]?\d"
    r"|\((?i:see|cf|cfr|vedi|si veda|див)\b"
    # an entry of a list of references; the small print of publishers
    r"|[^\W\d_]{2,}, [A-ZА-ЯІЇЄҐ]\.(?:[ -]?[A-ZА-ЯІЇЄҐ]\.)*[;,&]"
    r"|Creative Commons|[Aa]ll rights reserved|©|\bretain copyright"
    # a lost superscript, or a missing space between two sentences
    r"|^\d{1,2}\s[A-ZА-ЯІЇЄҐ]|[^\W\d_]{4}[.,;]\d|[^\W\d_A-Z]{3}[.?!][A-ZА-ЯІЇЄҐ][^\W\d_]{2}"
    r"|\s[,;.](?=\s)|\.\.\.|…|[,;:]\s*\.$|\(\s*[,;)]|\.\.$"
)
_FRAGMENT = re.compile(r"(?:How|Why|Whether|Whose|Як|Чому|Come mai)\b[^?]*\.\Z")
_END = re.compile(r"[\w)%°²³’'][.!?]\Z")


def cut_passages(source: Source) -> tuple[Passage, ...]:
    """Return what can be quoted from the source's body, in reading order; empty when nothing can.

    A passage is a sentence of 8 to 60 words that makes sense alone, or two when the second leans on the first
    ("This …", "However, …"). It holds no double quotation mark, markup, citation of somebody else, reference
    to a figure, or address, so that it can stand in quotation marks as it is. Passages do not overlap. A text
    that is wrapped may have line breaks inside a passage: fold white space when printing, keep the offsets.
    """
    body = source.body
    spans = (span for start, end in prose_spans(body) for span in _paragraph_passages(body, start, end))
    return tuple(Passage(source.key, start, end, body[start:end]) for start, end in spans)


def _paragraph_passages(body: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    held: tuple[int, int] | None = None
    for sentence_start, sentence_end in sentence_spans(body, start, end):
        first = _after_label(body, sentence_start, sentence_end)
        text = body[first:sentence_end]
        if not _is_clean(text):
            joined = None
        elif not _leans_back(text):
            joined = (first, sentence_end)
            if held and _is_long_enough(body, held):
                yield held
            held = joined
            continue
        else:
            joined = (held[0], sentence_end) if held and first == sentence_start else None
        if joined and len(body[joined[0] : joined[1]].split()) <= MOST_WORDS:
            yield joined
        elif held and _is_long_enough(body, held):
            yield held
        held = None
    if held and _is_long_enough(body, held):
        yield held


def _after_label(body: str, start: int, end: int) -> int:
    """Return where the sentence begins after the label of a structured abstract."""
    label = STUCK_LABEL.match(body, start, end)
    return label.end() if label and label.end() < end else start


def _is_long_enough(body: str, span: tuple[int, int]) -> bool:
    return len(body[span[0] : span[1]].split()) >= FEWEST_WORDS


def _is_clean(text: str) -> bool:
    """Return whether the sentence can stand in quotation marks as it is; it may still be short."""
    return (
        len(text) <= _MOST_CHARACTERS
        and (text[0].isupper() or text[0].isdecimal())
        and _END.search(text) is not None
        and not _UNQUOTABLE.search(text)
        and not _REFERRING.search(text)
        and not _FRAGMENT.match(text)
        and text.count("(") == text.count(")")
        and len(text.split()) <= MOST_WORDS
        and _is_mostly_small_letters(text)
    )


def _is_mostly_small_letters(text: str) -> bool:
    """Return whether it reads as a sentence: not a row of figures, not a heading in capitals."""
    small = sum(map(str.islower, text))
    dense = len(text) - text.count(" ")
    return small >= 0.6 * dense


def _leans_back(text: str) -> bool:
    """Return whether the sentence needs the one before it: "However, …", "In these cases …"."""
    if DANGLING_START.match(text):
        return True
    beginning = " ".join(text.split(maxsplit=_POINTING_WORDS + 1)[: _POINTING_WORDS + 1])
    return DEMONSTRATIVE.search(beginning) is not None
