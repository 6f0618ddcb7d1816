"""What search services answer as sources: foreign JSON is looked into without trust, and cleaned as uploads are."""

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any

from tesigo.intake.csl import clean_item
from tesigo.intake.errors import BrokenFile
from tesigo.manuscript import Source
from tesigo.manuscript.keys import issue_key
from tesigo.research.identifiers import RETRACTED_TITLE
from tesigo.research.merging import RETRACTED

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_HEADING = re.compile(r"\s*<(?:jats:)?title\b[^<>]*>(.*?)</(?:jats:)?title>\s*", re.DOTALL)
_ABSTRACT = re.compile(r"(?:abstract|summary|анотація|riassunto|sommario)\W*", re.IGNORECASE)
_FORMULA_SOURCE = re.compile(
    r"<(?:jats:tex-math|tex-math|mml:annotation|annotation)\b.*?</(?:jats:tex-math|tex-math|mml:annotation|annotation)>",
    re.DOTALL,
)
_BLOCK_END = re.compile(r"</(?:jats:)?(?:p|sec|list-item|disp-quote)>|<(?:jats:)?(?:br|break)\s*/?>")
_TAG = re.compile(r"</?[A-Za-z][\w:.-]*(?:\s[^<>]*)?/?>")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")
_QUERY_WORD = re.compile(r"\w+(?:['’]\w+)*")


def records_at(told: object, *path: str) -> list[Mapping[str, Any]]:
    """Return the objects of the list that stands at this path of an answer.

    Raises ValueError when there is no list of objects there: the service speaks another language now.
    """
    found = part(told, *path)
    if not isinstance(found, list) or not all(isinstance(record, Mapping) for record in found):
        raise ValueError("no list of records")
    return found


def part(value: Any, *path: str | int) -> Any:
    """Return what stands at this path, None where the value has another shape."""
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and len(value) > step:
            value = value[step]
        else:
            return None
    return value


def text(value: Any, *path: str | int) -> str:
    """Return the text or number at this path as a line of text, "" when there is none."""
    found = part(value, *path)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return " ".join(str(found).split())


def items(value: Any, *path: str | int) -> list[Any]:
    """Return the list at this path, [] when there is none."""
    found = part(value, *path)
    return found if isinstance(found, list) else []


def date(said: str) -> dict[str, Any]:
    """Return a date in the form of CSL, {} when the text does not begin with a year: "2021", "2021-05-03T…"."""
    match = _DATE.match(said)
    return {"date-parts": [[int(number) for number in match.groups() if number]]} if match else {}


def make_sources(records: Iterable[Mapping[str, Any] | None], *, found_by: str) -> list[Source]:
    """Return a source for each record in the form of CSL (with `abstract`) that has a title, under keys of ours.

    A work whose own title says that it was retracted is marked so.
    """
    sources: list[Source] = []
    taken: set[str] = set()
    for record in records:
        try:
            item, abstract = clean_item(record)
        except BrokenFile:
            continue
        if RETRACTED_TITLE.match(item["title"]):
            item["status"] = RETRACTED
        key = issue_key(item, taken)
        taken.add(key)
        sources.append(Source(key, {**item, "id": key}, abstract=abstract, found_by=found_by))
    return sources


def plain_abstract(marked: str) -> str:
    """Return an abstract without its JATS or HTML: headings of its parts as labels, paragraphs by a blank line.

    From: JATS 1.3 (jats.nlm.nih.gov), elements title, p, sec, tex-math; Crossref puts `jats:` before each; read
    2026-11-30.
    """
    unmarked = _HEADING.sub(_label, _FORMULA_SOURCE.sub("", marked))
    unmarked = unescape(_TAG.sub("", _BLOCK_END.sub("\n\n", unmarked)))
    paragraphs = [" ".join(paragraph.split()) for paragraph in _BLANK_LINES.split(unmarked)]
    told = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return _without_heading(told)


def query_words(query: str) -> list[str]:
    """Return the words of a query without any sign that a service could take for an operator."""
    return _QUERY_WORD.findall(query)


def _label(heading: re.Match[str]) -> str:
    words = " ".join(_TAG.sub("", heading[1]).split()).rstrip(":.")
    return "" if not words or _ABSTRACT.fullmatch(words) else f"\n\n{words}: "


def _without_heading(abstract: str) -> str:
    """Return the abstract without the word "Abstract" that got stuck to its first sentence."""
    match = _ABSTRACT.match(abstract)
    rest = abstract[match.end() :] if match else ""
    is_heading = match is not None and (not match[0][-1].isalpha()) and rest[:1].isupper()
    return rest if is_heading else abstract
