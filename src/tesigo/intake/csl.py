"""CSL-JSON records, cleaned: known fields of the right types, plain text, nothing to stumble on."""

import html
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from tesigo.intake.errors import BrokenFile

Item = dict[str, Any]

TYPES = frozenset(
    """
    article article-journal article-magazine article-newspaper bill book broadcast chapter classic
    collection dataset
    document entry entry-dictionary entry-encyclopedia event figure graphic hearing interview
    legal_case legislation
    manuscript map motion_picture musical_score pamphlet paper-conference patent performance periodical
    personal_communication post post-weblog regulation report review review-book software song speech
    standard thesis
    treaty webpage
    """.split()  # noqa: SIM905 - a list of fifty words reads better so
)
_TEXTS = (
    "DOI", "ISBN", "ISSN", "PMCID", "PMID", "URL", "archive", "archive_location", "archive-place",
    "authority",
    "chapter-number", "collection-number", "collection-title", "container-title",
    "container-title-short", "dimensions",
    "division", "edition", "event-title", "event-place", "genre", "issue", "journalAbbreviation",
    "jurisdiction", "keyword",
    "language", "medium", "number", "number-of-pages", "number-of-volumes", "original-publisher",
    "original-publisher-place", "original-title", "page", "page-first", "part-number", "part-title",
    "publisher",
    "publisher-place", "references", "reviewed-genre", "reviewed-title", "scale", "section", "source",
    "status", "title",
    "title-short", "version", "volume", "volume-title",
)  # fmt: skip
_NAMES = (
    "author", "editor", "translator", "container-author", "collection-editor", "director", "composer",
    "contributor",
    "editorial-director", "illustrator", "interviewer", "original-author", "recipient",
    "reviewed-author", "chair",
    "compiler", "curator", "guest", "host", "narrator", "organizer", "performer", "producer",
)  # fmt: skip
_DATES = ("issued", "accessed", "event-date", "original-date", "submitted", "available-date")
_NAME_PARTS = ("family", "given", "literal", "suffix", "dropping-particle", "non-dropping-particle")
_MOST_NAMES = 500
_LONGEST_FIELD = 4_000
_LONGEST_ABSTRACT = 100_000
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_DOTLESS = re.compile("ı([\u0300-\u036f])")
"""What comes of TeX's accents over a dotless i."""
_TAG = re.compile(
    r"</?(?:jats:)?(?:a|abstract|b|bold|br|div|em|h\d|i|italic|li|ol|p|sc|sec|span|strong|sub|sup|title|tt|u|ul)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_LANGUAGES = {
    "english": "en", "american": "en-US", "british": "en-GB", "italian": "it", "italiano": "it", "ukrainian": "uk",
    "german": "de", "ngerman": "de", "deutsch": "de", "french": "fr", "spanish": "es", "portuguese": "pt",
    "polish": "pl", "russian": "ru", "dutch": "nl", "eng": "en", "ita": "it", "ukr": "uk", "ger": "de", "fre": "fr",
}  # fmt: skip
_OTHERS = ({"literal": "others"}, {"family": "others"})
"""How "and others" comes out of BibTeX: it says that there are more authors, and is none."""
_YEAR = re.compile(r"\b(1[0-9]{3}|20[0-9]{2})\b")


def clean_item(raw: object) -> tuple[Item, str]:
    """Return (the record without its abstract, the abstract as plain text, "" when there is none).

    Notes are left out: reference managers keep private remarks there, and some styles print them.

    The record's own id is kept as `custom.file_id`; no citation style prints `custom`.
    Raises BrokenFile, with what is wrong in a few words, for what is no record.
    """
    if not isinstance(raw, Mapping):
        raise BrokenFile("it is not an object")
    title = clean_text(raw.get("title"))
    if not title:
        raise BrokenFile("it has no title")
    kind = raw.get("type")
    item: Item = {"type": kind if isinstance(kind, str) and kind in TYPES else "document", "title": title}
    item |= {field: text for field in _TEXTS if (text := clean_text(raw.get(field)))}
    item |= {field: names for field in _NAMES if (names := _clean_names(raw.get(field)))}
    item |= {field: date for field in _DATES if (date := _clean_date(raw.get(field)))}
    if custom := _clean_custom(raw):
        item["custom"] = custom
    if "language" in item:
        item["language"] = _LANGUAGES.get(item["language"].lower(), item["language"])
    if "DOI" in item:
        item["DOI"] = _clean_doi(item["DOI"])
    abstract = clean_text(raw.get("abstract"), longest=_LONGEST_ABSTRACT, one_line=False)
    return item, abstract


def clean_text(value: object, *, longest: int = _LONGEST_FIELD, one_line: bool = True) -> str:
    """Return the value as plain text, "" when it is neither text nor a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)[: 2 * longest]
    if "<" in text:
        text = _TAG.sub("", text)
    if "&" in text:
        text = html.unescape(text)
    text = _UNPRINTABLE.sub("", text)
    if "ı" in text:
        text = _DOTLESS.sub(lambda accented: unicodedata.normalize("NFC", f"i{accented[1]}"), text)
    return (" ".join(text.split()) if one_line else text.strip())[:longest]


def _clean_custom(raw: Mapping[str, Any]) -> dict[str, str]:
    custom = raw.get("custom")
    kept = {
        field: text
        for field, value in (custom.items() if isinstance(custom, Mapping) else ())
        if (text := clean_text(value)) and isinstance(field, str) and field.isidentifier()
    }
    own_id = clean_text(raw.get("id"))
    return kept | ({"file_id": own_id} if own_id else {})


def _clean_doi(text: str) -> str:
    """Return the DOI without the address or the word before it; what holds none stays as it is."""
    found = _DOI.search(text)
    return found[0].rstrip(".,;") if found else text


def _clean_names(value: object) -> list[dict[str, str]]:
    """Return the names; a plain string is taken as "Family, Given", or as one literal name."""
    names = value if isinstance(value, list) else [value]
    cleaned = []
    for name in names[:_MOST_NAMES]:
        if isinstance(name, Mapping):
            parts = {part: text for part in _NAME_PARTS if (text := clean_text(name.get(part)))}
        else:
            family, comma, given = clean_text(name).partition(", ")
            parts = {"family": family, "given": given} if comma else {"literal": family}
        if parts in _OTHERS:
            continue
        if parts.get("family") or parts.get("literal") or parts.get("given"):
            cleaned.append(parts)
    return cleaned


def _clean_date(value: object) -> dict[str, Any]:
    """Return the date as date-parts, {} when it names no year."""
    if not isinstance(value, Mapping):
        return _year_of(clean_text(value))
    parts = value.get("date-parts")
    dates = [date for one in parts if (date := _numbers(one))] if isinstance(parts, list) else []
    if dates:
        return {"date-parts": dates[:2]}
    return _year_of(clean_text(value.get("raw")) or clean_text(value.get("literal")))


def _numbers(parts: object) -> list[int]:
    """Return [year], [year, month] or [year, month, day] as far as they are sensible."""
    numbers: list[int] = []
    limits = ((-9_999, 9_999), (1, 12), (1, 31))
    for part, (least, most) in zip(parts if isinstance(parts, list) else (), limits, strict=False):
        text = clean_text(part)
        if not re.fullmatch(r"-?\d{1,4}", text) or not least <= int(text) <= most:
            break
        if not numbers and int(text) == 0:
            break  # what BibTeX makes of an empty year
        numbers.append(int(text))
    return numbers


def _year_of(text: str) -> dict[str, Any]:
    year = _YEAR.search(text)
    return {"date-parts": [[int(year[1])]]} if year else {}
