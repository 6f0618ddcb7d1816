"""RIS and PubMed records, taken apart and made tidy: few programs export them to the letter."""

import re
from collections.abc import Iterator

Field = tuple[str, str]
Record = list[Field]
_Growing = list[tuple[str, list[str]]]
"""A record whose last value may still go on."""

_RIS_LINE = re.compile(r"\s*([A-Z][A-Z0-9])  ?-(?: (.*)|\s*)$")
_MEDLINE_LINE = re.compile(r"([A-Z]{2,4}) {0,2}- (.*)$")
_TYPES = frozenset(
    """
    ABST ADVS AGGR ANCIENT ART BILL BLOG BOOK CASE CHAP CHART CLSWK COMP CONF CPAPER CTLG DATA DBASE
    DICT EBOOK ECHAP
    EDBOOK EJOUR ELEC ENCYC EQUA FIGURE GEN GOVDOC GRNT HEAR ICOMM INPR JFULL JOUR LEGAL MANSCPT MAP
    MGZN MPCT MULTI
    MUSIC NEWS PAMP PAT PCOMM RPRT SER SLIDE SOUND STAND STAT THES UNBILL UNPB VIDEO WEB
    """.split()  # noqa: SIM905 - a list of sixty words reads better so
)
_TIDIED = frozenset({"TY", "ER", "ID", "PY", "Y1", "DA"})
_MEDLINE_TO_RIS = {
    "TI": "TI", "FAU": "AU", "CN": "AU", "DP": "PY", "JT": "JO", "VI": "VL", "IP": "IS", "AB": "AB",
    "LA": "LA",
    "PMID": "AN", "BTI": "BT", "PB": "PB",
}  # fmt: skip
_DOI_MARK = "[doi]"
_YEAR = re.compile(r"\d{4}")
_DATE = re.compile(r"(\d{4})(?:[/-](\d{1,2}))?(?:[/-](\d{1,2}))?(?!\d)")
_DATE_TAGS = ("PY", "Y1", "DA")


def split_ris(text: str) -> list[Record]:
    """Return the records; one without its `ER` ends where the next begins; a loose line continues one."""
    records: list[_Growing] = []
    current: _Growing | None = None
    for line in text.split("\n"):
        match = _RIS_LINE.match(line)
        tag, value = (match[1], (match[2] or "").strip()) if match else ("", line.strip())
        if tag == "TY":
            if current and len(current) == 1:
                current.clear()
            else:
                current = []
                records.append(current)
        if current is None:
            continue
        if tag == "ER":
            current = None
        elif tag:
            current.append((tag, [value]))
        elif value and current:
            current[-1][1].append(value)
    return [_grown(record) for record in records]


def split_medline(text: str) -> list[Record]:
    """Return PubMed's records with the tags of RIS."""
    records: list[_Growing] = []
    for line in text.split("\n"):
        match = _MEDLINE_LINE.match(line)
        if match and match[1] == "PMID":
            records.append([])
        if match and records:
            records[-1].append((match[1], [match[2].strip()]))
        elif line.startswith("      ") and records:
            records[-1][-1][1].append(line.strip())
    return [[("TY", "JOUR"), *_translated(_grown(record))] for record in records]


def _grown(record: _Growing) -> Record:
    return [(tag, " ".join(filter(None, parts))) for tag, parts in record]


def tidy_ris(record: Record, name: str) -> str:
    """Return the record as RIS to the letter, under the id `name`, without empty and odd fields and dates."""
    kind = next((value.upper() for tag, value in record if tag == "TY"), "")
    lines = [f"TY  - {kind if kind in _TYPES else 'GEN'}", f"ID  - {name}"]
    lines += [f"{tag}  - {value}" for tag, value in record if value and tag not in _TIDIED]
    return "\n".join([*lines, "ER  - ", ""])


def date_of(record: Record) -> list[int]:
    """Return [year], [year, month] or [year, month, day], [] when no field names a year."""
    for wanted in _DATE_TAGS:
        for tag, value in record:
            date = _DATE.match(value) if tag == wanted else None
            if date:
                return [int(part) for part in date.groups() if part]
    return []


def abstract_of(record: Record) -> str:
    """Return the record's abstract, "" when it has none: AB, else N2."""
    return next((value for wanted in ("AB", "N2") for tag, value in record if tag == wanted and value), "")


def _translated(fields: Record) -> Iterator[Field]:
    for tag, value in fields:
        if tag in ("LID", "AID") and value.endswith(_DOI_MARK):
            yield "DO", value.removesuffix(_DOI_MARK).strip()
        elif tag == "PG":
            first, _, last = value.partition("-")
            yield "SP", first
            yield "EP", last
        elif tag == "DP":
            year = _YEAR.search(value)
            yield "PY", year[0] if year else ""
        elif tag in _MEDLINE_TO_RIS:
            yield _MEDLINE_TO_RIS[tag], value
