"""A text of rules as statements: sentences, list items and rows, each with what it stands under."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(r"[^\n]+")
_ITEM = re.compile(r"(?:[-*•▪●◦‣–—+]|\d{1,2}(?:\.\d{1,2}){0,3}[.)]|[a-zа-яіїєґ]\)|\|)\s")
_NUMBERED_HEADING = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,3}\.?\s+(?=[^\W\d_a-zа-яіїєґ])")
_HEADING = re.compile(r"#{1,6}\s")
_TABLE_RULE = re.compile(r"[\s|:+=-]*")
_ENDS = tuple(".:;!?|)")
_SHORT = 40
_WRAPPED = 45
_LONGEST = 600
_ABBREVIATIONS = (
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bes)(?<!\bp)(?<!\bpp)(?<!\bpag)(?<!\bmax)(?<!\bmin)(?<!\bcf)(?<!\bvs)(?<!\bт)"
    r"(?<!\bд)(?<!\bс)(?<!\bстор)(?<!\bст)(?<!\bрис)(?<!\bnr)(?<!\bno)(?<!\bpt)(?<!\bca)"
)
_SENTENCE_END = re.compile(
    rf"(?:{_ABBREVIATIONS}[.!?]+[\"”»’)\]*_`]*\s+(?=[\"“«‘(\[*_`#]*[^\W\d_a-zа-яіїєґ])|;\s+|"
    rf"\s+(?=[•▪●◦‣*]\s+\S))"
)
_MARKUP = re.compile(r"</?[a-z][^<>\n]{0,60}>|\]\([^()\s]{0,300}\)|https?://\S{1,300}", re.IGNORECASE)
_PLAIN = str.maketrans(
    {"’": "'", "ʼ": "'", "‘": "'", "´": "'", "“": '"', "”": '"', "«": '"', "»": '"', "„": '"'}
    | {"–": "-", "—": "-", "−": "-", "‑": "-", "‐": "-"}
    | {"\n": " ", "\t": " ", "\xa0": " ", "\u202f": " ", "\u2009": " ", "*": " ", "_": " ", "`": " "}
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, list item or row. folded: in small letters, with plain dashes, quotes and single blanks.

    label: what it stands under (a heading, the line that leads a list in, the name in a table), folded, "" for none.
    """

    text: str
    start: int
    folded: str
    label: str = ""

    @property
    def whole(self) -> str:
        """The label and what is said, folded."""
        return f"{self.label} {self.folded}" if self.label else self.folded


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    indent: int
    is_item: bool
    is_heading: bool


def split_statements(text: str) -> Iterator[Statement]:
    """Yield the statements in order; what is marked as markup or an address is blank in `folded`."""
    folded = fold(text)
    heading = lead = short = ""
    outer: list[tuple[int, str]] = []
    lead_indent = 0
    for block in _blocks(text):
        number = _NUMBERED_HEADING.match(text, block.start, block.end)
        if number:
            folded = f"{folded[: block.start]}{' ' * len(number[0])}{folded[number.end() :]}"
        said = " ".join(folded[block.start : block.end].split())
        if block.is_heading:
            heading, lead, short, outer = said, "", "", []
            yield Statement(text[block.start : block.end], block.start, said)
            continue
        while outer and outer[-1][0] >= block.indent:
            outer.pop()
        if block.is_item and short:
            lead, lead_indent = short, -1
        elif not block.is_item and block.indent <= max(lead_indent, 0):
            lead = ""
        labels = [heading, *(name for _, name in outer), lead, short]
        label = " > ".join(filter(None, dict.fromkeys(labels)))
        yield from _sentences(text, folded, block, label)
        is_short = len(said) <= _SHORT and not said.endswith(_ENDS) and not re.search(r"\d", said)
        short = said if is_short else ""
        if block.is_item and len(said) <= 2 * _SHORT:
            outer.append((block.indent, said))
        if said.endswith(":"):
            lead, lead_indent = said[-3 * _SHORT :], block.indent


def fold(text: str) -> str:
    """Return the text, just as long, in small letters, with plain dashes, quotes and blanks, without markup."""
    blank = _MARKUP.sub(lambda match: " " * len(match[0]), text)
    lowered = blank.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := sign.lower()) == 1 else sign for sign in blank)
    return lowered.translate(_PLAIN)


def _blocks(text: str) -> Iterator[_Block]:
    """Yield paragraphs, list items, rows and headings; lines that a paragraph was wrapped into are joined."""
    current: _Block | None = None
    last_line = ""
    last_end = 0
    for match in _LINE.finditer(text):
        line = match[0]
        stripped = line.lstrip()
        if not stripped or (_TABLE_RULE.fullmatch(stripped) and not stripped[0].isalnum()):
            continue
        is_item = _ITEM.match(stripped) is not None
        is_heading = _HEADING.match(stripped) is not None
        is_apart = text.count("\n", last_end, match.start()) > 1
        continues = (
            current is not None
            and not (is_item or is_heading or is_apart or current.is_heading)
            and _continues(last_line, stripped)
        )
        if current is not None and continues:
            current = _Block(current.start, match.end(), current.indent, current.is_item, is_heading=False)
        else:
            if current is not None:
                yield current
            indent = len(line) - len(stripped)
            current = _Block(match.start() + indent, match.end(), indent, is_item, is_heading)
        last_line, last_end = line.rstrip(), match.end()
    if current is not None:
        yield current


def _continues(last: str, line: str) -> bool:
    if last.endswith((".", "!", "?", ";", ":", "|")):
        return False
    return not line[0].isupper() or len(last) >= _WRAPPED or last.endswith((",", "-", "–", "("))


def _sentences(text: str, folded: str, block: _Block, label: str) -> Iterator[Statement]:
    place = block.start
    own_lead = ""
    marker = _ITEM.match(text, block.start) if block.is_item else None
    begins = marker.end() if marker else block.start
    ends = [match.end() for match in _SENTENCE_END.finditer(text, begins, block.end)]
    for end in [*ends, block.end]:
        for start in range(place, end, _LONGEST):
            stop = min(start + _LONGEST, end)
            said = " ".join(folded[start:stop].split())
            if said:
                under = f"{label} > {own_lead}" if label and own_lead else label or own_lead
                yield Statement(text[start:stop], start, said, under)
                lead, colon, _ = said.partition(":")
                if colon and text[start:stop].rstrip().endswith(";"):
                    own_lead = lead[-2 * _SHORT :]
        place = end
