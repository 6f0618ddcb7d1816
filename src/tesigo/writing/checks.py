"""What must hold of every text before it leaves: each promise checked over the manuscript itself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from tesigo.manuscript import Citation, Manuscript, Section, Source
from tesigo.writing.errors import FaultyText
from tesigo.writing.said import Said
from tesigo.writing.sentences import (
    MARKER,
    fold,
    keys_of,
    likeness,
    markers,
    quotations,
    sentences,
)

_FOREIGN_MARKER = re.compile(
    r"(?<!\\)\[(?!-?@)(?![^\]]*\]\()[^\]]*\]|【[^】]*】|\\cite\w*\{|\(citation needed\)|\{\{", re.IGNORECASE
)
_LONGEST_BARE_QUOTATION = 4


class FaultKind(StrEnum):
    """The promises that a text can break."""

    UNKNOWN_KEY = "unknown_key"
    UNSUPPORTED = "unsupported"
    NOT_VERBATIM = "not_verbatim"
    NOT_CITED = "not_cited"
    REPEATED_SENTENCE = "repeated_sentence"
    REPEATED_HEADING = "repeated_heading"
    EMPTY_SECTION = "empty_section"
    FOREIGN_MARKER = "foreign_marker"


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken promise: which, in which section, and the words that break it."""

    kind: FaultKind
    number: str
    detail: str


def find_faults(manuscript: Manuscript) -> list[Fault]:
    """Return every broken promise in reading order; an empty list means that the text may leave.

    Proves: every `[@key]` is a source's, stands in the section's citations and has its passage in that source;
    every quotation is cited and verbatim in the cited source, blanks folded; no sentence and no heading
    occurs twice; no section is empty; no marker is left that we did not issue.
    """
    sources = {source.key: source for source in manuscript.sources}
    bodies: dict[str, str] = {}
    found: list[Fault] = []
    for section in manuscript.sections:
        found += _faults_within(section, sources, bodies)
    return found + _repetitions(manuscript.sections)


def mend_section(section: Section, *, sources: Mapping[str, Source], said: Said) -> Section:
    """Return the section without unknown markers and without sentences that were said already.

    said: gets to know the sentences that stay. A section without fault comes back as it is.
    Raises FaultyText, naming the section, when nothing would be left or a quotation is not its source's.
    """
    content = _without_unknown_keys(section.content, sources)
    content = said.keep_unsaid(content)
    if content != section.content:
        kept = [key for marker in markers(content) for key in keys_of(marker)]
        section = replace(section, content=content, citations=_kept_citations(section, kept))
    left = _faults_within(section, sources, {})
    if left:
        raise FaultyText(
            f"Section {section.number} “{section.heading}” broke a promise and could not be mended "
            f"({left[0].kind}: {left[0].detail[:120]}); write it again."
        )
    return section


def _faults_within(section: Section, sources: Mapping[str, Source], bodies: dict[str, str]) -> list[Fault]:
    number = section.number
    if not section.content.strip():
        return [Fault(FaultKind.EMPTY_SECTION, number, section.heading)]
    used = [key for marker in markers(section.content) for key in keys_of(marker)]
    found = [Fault(FaultKind.UNKNOWN_KEY, number, key) for key in used if key not in sources]
    if used != [citation.key for citation in section.citations]:
        found.append(
            Fault(FaultKind.UNSUPPORTED, number, "the citations differ from the markers in the text")
        )
    for citation in section.citations:
        passage, source = citation.passage, sources.get(citation.key)
        if source is None:
            continue
        if passage.source_key != source.key or source.body[passage.start : passage.end] != passage.text:
            found.append(Fault(FaultKind.UNSUPPORTED, number, f"{citation.key}: {passage.text}"))
    found += _quotation_faults(section, sources, bodies)
    found += [
        Fault(FaultKind.FOREIGN_MARKER, number, match[0])
        for match in _FOREIGN_MARKER.finditer(section.content)
    ]
    return found


def _quotation_faults(section: Section, sources: Mapping[str, Source], bodies: dict[str, str]) -> list[Fault]:
    found = []
    for quotation in quotations(section.content):
        if not quotation.keys:
            if len(quotation.text.split()) > _LONGEST_BARE_QUOTATION:
                found.append(Fault(FaultKind.NOT_CITED, section.number, quotation.text))
            continue
        for key in quotation.keys:
            if key in sources and key not in bodies:
                bodies[key] = fold(sources[key].body)
        if not any(quotation.text in bodies.get(key, "") for key in quotation.keys):
            found.append(Fault(FaultKind.NOT_VERBATIM, section.number, quotation.text))
    return found


def _repetitions(sections: Iterable[Section]) -> list[Fault]:
    found = []
    headings: set[str] = set()
    said: set[str] = set()
    for section in sections:
        heading = likeness(section.heading)
        if heading in headings:
            found.append(Fault(FaultKind.REPEATED_HEADING, section.number, section.heading))
        headings.add(heading)
        for sentence in sentences(section.content):
            words = likeness(sentence)
            if words in said:
                found.append(Fault(FaultKind.REPEATED_SENTENCE, section.number, sentence))
            said.add(words)
    return found


def _without_unknown_keys(content: str, sources: Mapping[str, Source]) -> str:
    def known(match: re.Match[str]) -> str:
        keys = keys_of(match[0])
        kept = [key for key in keys if key in sources]
        if len(kept) == len(keys) and keys:
            return match[0]
        return f"[{'; '.join(f'@{key}' for key in kept)}]" if kept else ""

    mended = MARKER.sub(known, content)
    return content if mended == content else re.sub(r" +(?=[ .,;:!?])", "", mended)


def _kept_citations(section: Section, kept: list[str]) -> tuple[Citation, ...]:
    """Return the citations whose markers are still there, in their order."""
    left = iter(section.citations)
    found = []
    for key in kept:
        for citation in left:
            if citation.key == key:
                found.append(citation)
                break
    return tuple(found)
