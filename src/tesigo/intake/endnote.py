"""EndNote's XML taken apart into records with the tags of RIS, which mean the same."""

import re
from collections.abc import Iterator

from lxml import etree

from tesigo.intake.errors import BrokenFile, DangerousFile
from tesigo.intake.tagged import Field, TaggedRecord

_DECLARED = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_TYPES = {
    "0": "GEN", "1": "BOOK", "2": "THES", "3": "CONF", "4": "PCOMM", "5": "CHAP", "6": "BOOK", "7": "CHAP",
    "8": "COMP", "9": "COMP", "10": "CPAPER", "12": "WEB", "13": "GEN", "14": "CASE", "17": "JOUR", "19": "MGZN",
    "20": "MAP", "21": "VIDEO", "23": "NEWS", "25": "PAT", "26": "PCOMM", "27": "RPRT", "28": "EDBOOK",
    "31": "STAT", "32": "THES", "34": "UNPB", "36": "MANSCPT", "37": "FIGURE", "43": "EJOUR", "44": "EBOOK",
    "45": "DBASE", "46": "GOVDOC", "47": "CPAPER", "52": "DICT", "53": "ENCYC", "56": "BLOG", "58": "STAND",
    "59": "DATA", "60": "ECHAP",
}  # fmt: skip
_PATHS = (
    ("AU", "contributors/authors/author"), ("A2", "contributors/secondary-authors/author"),
    ("A3", "contributors/tertiary-authors/author"), ("A4", "contributors/subsidiary-authors/author"),
    ("TI", "titles/title"), ("T2", "titles/secondary-title"), ("T3", "titles/tertiary-title"),
    ("ST", "titles/short-title"), ("JF", "periodical/full-title"), ("JA", "periodical/abbr-1"),
    ("SP", "pages"), ("VL", "volume"), ("IS", "number"), ("NV", "num-vols"), ("ET", "edition"),
    ("SE", "section"), ("KW", "keywords/keyword"), ("PB", "publisher"), ("CY", "pub-location"), ("SN", "isbn"),
    ("DO", "electronic-resource-num"), ("AB", "abstract"), ("LA", "language"), ("AN", "accession-num"),
    ("DB", "remote-database-name"), ("M3", "work-type"), ("C2", "custom2"), ("UR", "urls/related-urls/url"),
    ("ID", "rec-number"), ("Y2", "access-date"),
)  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_DAY = re.compile(r"([A-Za-z]{3})[a-z]*\.?(?:\s+(\d{1,2}))?\b|(\d{1,2})[/-](\d{1,2})")


def split_endnote(text: str) -> list[TaggedRecord]:
    """Return the records of the library.

    Raises DangerousFile for a file that declares entities, which no export does, and BrokenFile, with the line, for
    what is no well-formed XML.
    """
    if _DECLARED.search(text):
        raise DangerousFile(
            "This XML file declares entities, which can do harm, and is not opened. Export it again."
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(_DECLARATION.sub("", text), parser)
    except etree.XMLSyntaxError as error:
        raise BrokenFile(f"This XML file is damaged at line {error.lineno or 1}. Export it again.") from error
    return [TaggedRecord(_line_of(record), list(_fields(record))) for record in root.iter("record")]


def _line_of(record: etree._Element) -> int:
    return int(str(record.sourceline))


def _fields(record: etree._Element) -> Iterator[Field]:
    kind = record.find("ref-type")
    yield "TY", _TYPES.get((kind.text or "").strip(), "GEN") if kind is not None else "GEN"
    for tag, path in _PATHS:
        for found in record.findall(path):
            value = " ".join("".join(map(str, found.itertext())).split())
            if value:
                yield tag, value
    if date := _date(record):
        yield "DA", date


def _date(record: etree._Element) -> str:
    year = _text(record, "dates/year")
    match = _MONTH_DAY.match(_text(record, "dates/pub-dates/date"))
    if not match:
        return year
    if match[1]:
        month = _MONTHS.index(match[1].lower()) + 1 if match[1].lower() in _MONTHS else 0
        day = int(match[2] or 0)
    else:
        month, day = int(match[3]), int(match[4])
    parts = [year, *(f"{part:02}" for part in (month, day if month else 0) if part)]
    return "/".join(parts)


def _text(record: etree._Element, path: str) -> str:
    found = record.find(path)
    return "" if found is None else " ".join("".join(map(str, found.itertext())).split())
