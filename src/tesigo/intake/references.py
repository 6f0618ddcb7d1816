"""Lists of references: CSL-JSON, BibTeX, RIS, PubMed and EndNote files become records, each broken one by itself."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tesigo.intake.bibtex import renamed, split_bibtex
from tesigo.intake.csl import Item, clean_item, clean_text
from tesigo.intake.endnote import split_endnote
from tesigo.intake.errors import BrokenFile, FileTooLarge, UnsupportedFile
from tesigo.intake.kinds import READABLE, Kind
from tesigo.intake.pandoc import run_pandoc
from tesigo.intake.ris import ris_item
from tesigo.intake.tagged import TaggedRecord, split_medline, split_ris
from tesigo.kit.confined import ConfinedFailure

MOST_RECORDS = 20_000
_AT_ONCE = 500
_TIME_S = 40
_RUN_TIME_S = 10
_CONTAINERS = ("items", "references")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Records:
    """What a list of references holds: (record, abstract) in order, and a sentence for each broken one."""

    items: list[tuple[Item, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_references(kind: Kind, text: str) -> Records:
    """Return the records of a list of references of that kind.

    Raises BrokenFile when none is usable, UnsupportedFile when it is not such a list, FileTooLarge above
    20,000 records.
    """
    records = _READERS[kind](text)
    if not records.items:
        reason = f" {records.warnings[0]}" if records.warnings else ""
        raise BrokenFile(f"This {kind} file holds no usable record.{reason}")
    return records


def _read_csl(text: str) -> Records:
    found = Records()
    for name, raw in _json_values(text, found.warnings):
        _add(found, name, raw)
    return found


def _json_values(text: str, warnings: list[str]) -> list[tuple[str, Any]]:
    """Return (how to name it, record) from an array, an object, or one object a line."""
    try:
        whole = _parsed(text)
    except ValueError as error:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        _check_count(len(lines))
        values = []
        for number, line in lines:
            try:
                values.append((f"line {number}", _parsed(line)))
            except ValueError:
                warnings.append(f"Line {number} is left out: it is not valid JSON.")
        if not any(isinstance(value, dict) for _, value in values):
            raise BrokenFile(f"This JSON file is damaged: {_place(error)}. Export it again.") from error
        return values
    for container in _CONTAINERS:
        if isinstance(whole, dict) and isinstance(whole.get(container), list):
            whole = whole[container]
    listed = whole if isinstance(whole, list) else [whole]
    _check_count(len(listed))
    if not any(isinstance(raw, dict) and ("title" in raw or "type" in raw) for raw in listed):
        raise UnsupportedFile(f"This JSON file holds no CSL records. {READABLE}")
    return [(f"record {number}", raw) for number, raw in enumerate(listed, 1)]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _place(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno} is not valid JSON"
    return "it is not valid JSON"


def _read_bibtex(text: str) -> Records:
    strings, entries = split_bibtex(text)
    _check_count(len(entries))
    found = Records()
    names = {entry.key: f"r{number}" for number, entry in reversed(list(enumerate(entries)))}
    whole = []
    for number, entry in enumerate(entries):
        if entry.is_whole:
            whole.append((f"r{number}", entry))
        else:
            found.warnings.append(f"{_called(entry.key, entry.line)} is left out: its braces do not close.")
    texts = [(name, f"{renamed(entry, names, name)}\n\n") for name, entry in whole]
    converted = _convert("bibtex", texts, f"{strings}\n\n")
    for name, entry in whole:
        raw = converted.get(name)
        called = _called(entry.key, entry.line)
        if raw is None:
            found.warnings.append(f"{called} is left out: it cannot be read.")
        else:
            _add(found, called, {"language": entry.language, **raw, "id": entry.key})
    return found


def _read_tagged(records: Sequence[TaggedRecord]) -> Records:
    _check_count(len(records))
    found = Records()
    for record in records:
        item = ris_item(record.fields)
        _add(found, _called(str(item.get("id", "")), record.line), item)
    return found


def _convert(source_format: str, entries: Sequence[tuple[str, str]], strings: str = "") -> dict[str, Item]:
    """Return what pandoc makes of each (name, text), by name; entries that it cannot read are missing.

    Many go in one run; when it fails, halves are tried, down to the broken entries, as long as there is time.
    """
    converted: dict[str, Item] = {}
    waiting = [list(entries[start : start + _AT_ONCE]) for start in range(0, len(entries), _AT_ONCE)][::-1]
    ends_at = time.monotonic() + _TIME_S
    while waiting and (left_s := ends_at - time.monotonic()) > 0:
        part = waiting.pop()
        text = "".join([strings, *(text for _, text in part)])
        try:
            output = run_pandoc(source_format, "csljson", text.encode(), time_s=min(left_s, _RUN_TIME_S))
            items = json.loads(output)
        except (ConfinedFailure, ValueError):
            if len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
            continue
        converted |= {item["id"]: item for item in items if isinstance(item, dict) and "id" in item}
    return converted


def _add(found: Records, called: str, raw: object) -> None:
    try:
        found.items.append(clean_item(raw))
    except BrokenFile as error:
        own = clean_text(raw.get("id")) if isinstance(raw, dict) else ""
        name = f"{called} ({own[:_SHOWN]})" if own and own not in called else called
        found.warnings.append(f"{name[:1].upper()}{name[1:]} is left out: {error.message}.")


def _called(key: str, line: int) -> str:
    shown = clean_text(key)[:_SHOWN]
    return f"Entry {shown} (line {line})" if shown else f"The entry at line {line}"


def _check_count(count: int) -> None:
    if count > MOST_RECORDS:
        raise FileTooLarge(f"This file holds {count:,} records; at most {MOST_RECORDS:,} are read. Split it.")


_READERS: dict[Kind, Callable[[str], Records]] = {
    Kind.CSL: _read_csl,
    Kind.BIBTEX: _read_bibtex,
    Kind.RIS: lambda text: _read_tagged(split_ris(text)),
    Kind.MEDLINE: lambda text: _read_tagged(split_medline(text)),
    Kind.ENDNOTE: lambda text: _read_tagged(split_endnote(text)),
}
