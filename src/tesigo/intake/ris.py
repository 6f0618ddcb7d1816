"""The fields of RIS as CSL-JSON, whatever program wrote them.

From: "RIS Format Specifications" (Research Information Systems, 2011) and what EndNote, Zotero, Mendeley, Scopus,
PubMed and SciFinder export, read 2026-11-30.
"""

import re
from collections.abc import Sequence

from tesigo.intake.csl import Item
from tesigo.intake.tagged import Field

TYPES = {
    "JOUR": "article-journal", "EJOUR": "article-journal", "ABST": "article-journal", "INPR": "article",
    "JFULL": "periodical", "MGZN": "article-magazine", "NEWS": "article-newspaper", "BOOK": "book", "EBOOK": "book",
    "EDBOOK": "book", "CLSWK": "classic", "CHAP": "chapter", "ECHAP": "chapter", "CONF": "paper-conference",
    "CPAPER": "paper-conference", "THES": "thesis", "RPRT": "report", "GOVDOC": "report", "PAT": "patent",
    "STAND": "standard", "DATA": "dataset", "AGGR": "dataset", "DBASE": "dataset", "COMP": "software",
    "WEB": "webpage", "ELEC": "webpage", "BLOG": "post-weblog", "DICT": "entry-dictionary",
    "ENCYC": "entry-encyclopedia", "MAP": "map", "VIDEO": "motion_picture", "MPCT": "motion_picture", "SOUND": "song",
    "MUSIC": "musical_score", "CASE": "legal_case", "BILL": "bill", "UNBILL": "bill", "STAT": "legislation",
    "LEGAL": "regulation", "HEAR": "hearing", "PAMP": "pamphlet", "PCOMM": "personal_communication",
    "MANSCPT": "manuscript", "UNPB": "manuscript", "SLIDE": "speech", "ART": "graphic", "FIGURE": "figure",
    "CTLG": "document", "GEN": "document",
}  # fmt: skip
_INSIDE = frozenset({"chapter", "paper-conference", "entry-dictionary", "entry-encyclopedia", "entry"})
_PERIODICAL = frozenset({"article-journal", "article-magazine", "article-newspaper", "article", "periodical"})
_NUMBERED = frozenset(
    {"report", "patent", "standard", "thesis", "bill", "legislation", "regulation", "dataset"}
)
_DATE = re.compile(r"(\d{4})(?:[/.-]0*(\d{1,2}))?(?:[/.-]0*(\d{1,2}))?(?!\d)")
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+")
_ISBN = re.compile(r"(?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx]")
_ADDRESS = re.compile(r"(?:https?|ftp)://\S+?(?=[;,]?\s|$)")


def ris_item(fields: Sequence[Field]) -> Item:
    """Return the record as raw CSL-JSON, to be cleaned like any other: `csl.clean_item` refuses one without title."""
    record = _Fields(fields)
    kind = TYPES.get(record.first("TY").upper(), "document")
    item: Item = {
        "id": record.first("ID"),
        "type": kind,
        "title": record.first("TI", "T1", "CT") or record.first("BT"),
    }
    item |= _names(record, kind)
    item |= _containers(record, kind)
    item |= _numbers(record, kind)
    item |= {
        "title-short": record.first("ST") if record.first("ST") != item["title"] else "",
        "original-title": record.first("OP"),
        "publisher": record.first("PB"),
        "publisher-place": record.first("CY", "PP"),
        "edition": "" if _DATE.match(record.first("ET")) else record.first("ET"),
        "language": record.first("LA"),
        "keyword": ", ".join(dict.fromkeys(record.all("KW"))),
        "abstract": record.first("AB", "N2"),
        "URL": _url(record),
        "DOI": _doi(record),
        "issued": _date(record, "PY", "Y1", "DA"),
        "accessed": _date(record, "Y2"),
    }
    return {name: value for name, value in item.items() if value}


class _Fields:
    """The values of a record by their tags."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields

    def all(self, *tags: str) -> list[str]:
        """Return the values of any of the tags, in the order of the file."""
        return [value for tag, value in self._fields if tag in tags and value]

    def first(self, *tags: str) -> str:
        """Return the first value of any of the tags, "" when there is none."""
        return next(iter(self.all(*tags)), "")

    def best(self, *tags: str) -> str:
        """Return the first value of the first tag that has one, "" when none has."""
        return next((value for tag in tags if (value := self.first(tag))), "")


def _names(record: _Fields, kind: str) -> Item:
    second = "collection-editor" if kind == "book" and record.first("ED") else "editor"
    people = {
        "author": record.all("AU", "A1"),
        "editor": record.all("ED"),
        "collection-editor": record.all("A3"),
        "translator": record.all("A4", "TA"),
    }
    people[second] = [*people[second], *record.all("A2")]
    return {role: [_name(name) for name in names] for role, names in people.items() if names}


def _name(value: str) -> dict[str, str]:
    """Return "Family, Given, Suffix" in parts; a comma at the end marks the name of a body, as EndNote has it."""
    family, *rest = [part.strip() for part in value.split(",")]
    if rest and not rest[-1]:
        return {"literal": value.strip().rstrip(", ")}
    if rest:
        parts = {"family": family, "given": rest[0], "suffix": ", ".join(filter(None, rest[1:]))}
        return {part: text for part, text in parts.items() if text}
    given, _, last = value.strip().rpartition(" ")
    return {"family": last, "given": given} if given else {"family": value.strip()}


def _containers(record: _Fields, kind: str) -> Item:
    """Return journal, book or proceedings, its short name, the event and the series."""
    short = record.best("JA", "J2", "JO")
    if kind in _PERIODICAL:
        whole = record.best("JF", "T2", "BT") or short
        series = record.first("T3")
    elif kind in _INSIDE:
        whole = record.best("C3", "T2", "BT", "JF") or short
        series = record.first("T3")
    else:
        whole = record.best("JF") if kind != "book" else ""
        series = record.best("T3", "T2")
    if short and len(short) > len(whole):
        whole, short = short, whole
    event = record.first("T2") if record.first("C3") else ""
    return {
        "container-title": whole,
        "container-title-short": short if short != whole else "",
        "collection-title": series,
        "event-title": event,
    }


def _numbers(record: _Fields, kind: str) -> Item:
    start, end = record.first("SP"), record.first("EP")
    is_range = "-" in start or "–" in start or not end or end == start
    issue = record.first("IS")
    item: Item = {
        "volume": record.first("VL"),
        "number" if kind in _NUMBERED else "issue": issue,
        "page": start or end if is_range else f"{start}-{end}",
        "number-of-volumes": record.first("NV"),
        "section": record.first("SE"),
        "genre": "" if _DOI.search(record.first("M3")) else record.first("M3"),
    }
    if record.first("DB") == "PubMed":
        item["PMID"] = record.first("AN")
    if record.first("C2").upper().startswith("PMC"):
        item["PMCID"] = record.first("C2")
    serial = record.first("SN")
    is_book = _ISBN.fullmatch(serial.split(" ")[0]) or (kind in (*_INSIDE, "book") and len(serial) > 9)
    item["ISBN" if is_book else "ISSN"] = serial
    if len(record.all("SN")) > 1 and is_book:
        item["ISSN"] = next((one for one in record.all("SN") if not _ISBN.fullmatch(one)), "")
    return item


def _doi(record: _Fields) -> str:
    """Return the DOI; programs put it into notes and numbers, too, marked as one."""
    if record.first("DO"):
        return record.first("DO")
    for value in record.all("M3", "N1", "L3", "UR"):
        found = _DOI.search(value)
        if found and re.match(r"\s*(?:doi\b|10\.|https?://(?:dx\.)?doi\.org/)", value, re.IGNORECASE):
            return found[0].rstrip(".;,")
    return ""


def _url(record: _Fields) -> str:
    found = (_ADDRESS.search(value) for value in record.all("UR", "L2", "LK"))
    return next((address[0] for address in found if address), "")


def _date(record: _Fields, *tags: str) -> Item:
    """Return the most exact date of the first tag that names a year; another of the same year may add its day."""
    dates = [
        [int(part) for part in match.groups() if part and int(part)]
        for tag in tags
        for value in record.all(tag)
        if (match := _DATE.match(value)) and int(match[1])
    ]
    if not dates:
        return {}
    return {"date-parts": [max((date for date in dates if date[0] == dates[0][0]), key=len)]}
