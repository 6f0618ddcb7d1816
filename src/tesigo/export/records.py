"""Bibliographic records as citeproc may see them: only CSL's own fields, well-formed, with a language."""

import re
from collections.abc import Mapping
from typing import Any

from tesigo.manuscript import Source

_LONGEST_FIELD = 2_000
_TEXT_FIELDS = frozenset(
    [
        "type", "language", "title", "title-short", "container-title", "container-title-short",
        "collection-title", "collection-number", "publisher", "publisher-place", "volume", "issue",
        "page", "page-first", "number", "number-of-pages", "number-of-volumes", "edition",
        "chapter-number", "DOI", "ISBN", "ISSN", "PMID", "PMCID", "URL", "archive", "archive_location",
        "archive-place", "authority", "call-number", "dimensions", "event-title", "event-place",
        "genre", "jurisdiction", "medium", "original-title", "original-publisher", "part-number",
        "part-title", "references", "reviewed-title", "reviewed-genre", "scale", "section", "source",
        "status", "version", "volume-title", "year-suffix",
    ]
)  # fmt: skip
_NAME_FIELDS = frozenset(
    [
        "author", "editor", "translator", "collection-editor", "composer", "container-author",
        "director", "editorial-director", "illustrator", "interviewer", "original-author", "recipient",
        "reviewed-author",
    ]
)  # fmt: skip
_DATE_FIELDS = frozenset(
    [
        "issued", "accessed", "available-date", "event-date", "original-date", "submitted",
    ]
)  # fmt: skip
_NAME_PARTS = ("family", "given", "literal", "suffix", "dropping-particle", "non-dropping-particle")
_MARKUP = re.compile(r"</?(?:i|b|sup|sub|sc|span)\b[^>]*>", re.IGNORECASE)
_TEX_LETTERS = re.compile(r"\$([A-Za-z0-9]{1,3})\$")
_KEPT_MARKUP = re.compile(r"</?(?:i|b|sup|sub)>")
_WEB_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_ENGLISH = re.compile(
    r"\b(?:the|of|and|in|for|an?|on|with|to|from|by|at|is|are|how|what|using|towards?|between)\b",
    re.IGNORECASE,
)
_NOT_ENGLISH = re.compile(
    r"\b(?:il|lo|gli|della?|dei|delle|nel(?:la)?|una|per|che|der|die|das|und|für|le|les|des|et|du|dans|el|los|las|del"
    r"|y|para|uma?|dos|das)\b|[^\x00-\x7f‐-‧°µ·×÷]",
    re.IGNORECASE,
)


def clean_record(source: Source) -> dict[str, Any]:
    """Return the CSL-JSON item of a source under its own key.

    Whatever is not CSL, or not of the right type, is left out: the record is foreign. Without a `language` of
    its own a record gets one that keeps citation styles from re-casing a title that is not clearly English.
    """
    record: dict[str, Any] = {"id": source.key, "type": "document"}
    for field, value in source.csl.items():
        if field in _TEXT_FIELDS:
            text = _clean_text(value)
            if text and not (field == "URL" and not _WEB_ADDRESS.fullmatch(text)):
                record[field] = text
        elif field in _NAME_FIELDS:
            if names := _clean_names(value):
                record[field] = names
        elif field in _DATE_FIELDS and (day := _clean_date(value)):
            record[field] = day
    if "language" not in record:
        record["language"] = _guess_language(str(record.get("title", "")))
    return record


def _clean_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = _TEX_LETTERS.sub(r"\1", " ".join(str(value)[:_LONGEST_FIELD].split()))
    kept = _MARKUP.sub(lambda tag: tag[0] if _KEPT_MARKUP.fullmatch(tag[0]) else "", text)
    is_balanced = kept.count("</") == len(_KEPT_MARKUP.findall(kept)) / 2
    return kept if is_balanced else _MARKUP.sub("", kept)


def _clean_names(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list):
        return []
    names = (
        {part: text for part in _NAME_PARTS if (text := _clean_text(name.get(part)))}
        for name in value
        if isinstance(name, Mapping)
    )
    return [name for name in names if name]


def _clean_date(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    parts = value.get("date-parts")
    if isinstance(parts, list):
        dates = [date for date in map(_clean_date_parts, parts[:2]) if date]
        return {"date-parts": dates} if dates else {}
    if text := _clean_text(value.get("raw") or value.get("literal")):
        return {"raw" if "raw" in value else "literal": text}
    return {}


def _clean_date_parts(parts: Any) -> list[int]:
    numbers: list[int] = []
    for part in parts[:3] if isinstance(parts, list) else []:
        if not str(part).lstrip("-").isdigit() or len(str(part)) > 5:
            break
        numbers.append(int(part))
    return numbers


def _guess_language(title: str) -> str:
    if re.search(r"[іїєґ]", title, re.IGNORECASE):
        return "uk"
    if _ENGLISH.search(title) and not _NOT_ENGLISH.search(title):
        return "en"
    return "mul"
