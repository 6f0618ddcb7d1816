"""RIS and PubMed files taken apart into records of fields: few programs export them to the letter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Field = tuple[str, str]

_RIS_LINE = re.compile(r"\s*([A-Z][A-Z0-9])  ?-(?: (.*)|\s*)$")
_MEDLINE_LINE = re.compile(r"([A-Z]{2,4}) {0,2}- (.*)$")
_LISTS = frozenset({"KW", "UR", "AD", "L1", "L2"})
"""Tags of which a loose line is another value, not more of the one before."""

_MEDLINE_TO_RIS = {
    "TI": "TI", "BTI": "BT", "FAU": "AU", "FED": "ED", "JT": "JF", "TA": "JA", "VI": "VL", "IP": "IS", "AB": "AB",
    "LA": "LA", "PMID": "AN", "PB": "PB", "PL": "CY", "OT": "KW", "MH": "KW", "PG": "SP", "TT": "OP", "CTI": "T3",
    "ISBN": "SN",
}  # fmt: skip
_ISSN = re.compile(r"\d{4}-\d{3}[\dXx]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MEDLINE_DATE = re.compile(r"(\d{4})(?:\s+([A-Za-z]{3})[a-z]*)?(?:\s+(\d{1,2}))?\b")


@dataclass(slots=True)
class TaggedRecord:
    """One record. line: where it begins, from 1; fields: (tag of RIS, value) in order, empty values left out."""

    line: int
    fields: list[Field] = field(default_factory=list)

    def continue_last(self, value: str) -> None:
        """Take a line without a tag into the last field, as another value where the tag holds a list."""
        tag, before = self.fields[-1]
        if tag in _LISTS:
            self.fields.append((tag, value))
        else:
            self.fields[-1] = (tag, f"{before} {value}".strip())


def split_ris(text: str) -> list[TaggedRecord]:
    """Return the records; one without its `ER` ends where the next begins; a loose line continues a field."""
    records: list[TaggedRecord] = []
    current: TaggedRecord | None = None
    for number, line in enumerate(text.split("\n"), 1):
        match = _RIS_LINE.match(line)
        tag, value = (match[1], (match[2] or "").strip()) if match else ("", line.strip())
        if tag == "TY":
            if current and len(current.fields) == 1:
                current.line, current.fields[:] = number, []
            else:
                current = TaggedRecord(number)
                records.append(current)
        if current is None:
            continue
        if tag == "ER":
            current = None
        elif tag:
            current.fields.append((tag, value))
        elif value and current.fields:
            current.continue_last(value)
    return [TaggedRecord(one.line, [(tag, value) for tag, value in one.fields if value]) for one in records]


def split_medline(text: str) -> list[TaggedRecord]:
    """Return PubMed's records with the tags of RIS."""
    records: list[TaggedRecord] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _MEDLINE_LINE.match(line)
        if match and match[1] == "PMID":
            records.append(TaggedRecord(number))
        if match and records:
            records[-1].fields.append((match[1], match[2].strip()))
        elif line.startswith("      ") and records and records[-1].fields:
            records[-1].continue_last(line.strip())
    return [TaggedRecord(one.line, list(_as_ris(one.fields))) for one in records]


def _as_ris(fields: list[Field]) -> Iterator[Field]:
    is_book = any(tag == "BTI" for tag, _ in fields)
    yield "TY", ("CHAP" if any(tag == "TI" for tag, _ in fields) else "BOOK") if is_book else "JOUR"
    yield "DB", "PubMed"
    for tag, value in fields:
        yield from _translated(tag, value)


def _translated(tag: str, value: str) -> Iterator[Field]:
    if tag in ("LID", "AID") and value.endswith("[doi]"):
        yield "DO", value.removesuffix("[doi]").strip()
    elif tag == "CN":
        yield "AU", f"{value},"
    elif tag == "PMC":
        yield "C2", value
    elif tag == "IS" and (issn := _ISSN.match(value)):
        yield "SN", issn[0]
    elif tag == "DP" and (date := _MEDLINE_DATE.match(value)):
        month = _MONTHS.index(date[2].lower()) + 1 if date[2] and date[2].lower() in _MONTHS else 0
        day = f"/{int(date[3]):02}" if month and date[3] else ""
        yield "DA", f"{date[1]}/{month:02}{day}" if month else date[1]
    elif tag in _MEDLINE_TO_RIS:
        yield _MEDLINE_TO_RIS[tag], value
