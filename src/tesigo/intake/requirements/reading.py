"""From the text of a university's rules to what it asks of a document."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tesigo.intake.requirements import contents, extent, page, typography
from tesigo.intake.requirements.parts import find_parts
from tesigo.intake.requirements.phrases import is_told
from tesigo.intake.requirements.statements import Statement, split_statements
from tesigo.intake.requirements.values import SIDES, Demand, Margins, Requirements

LONGEST_SENTENCE = 300
_LONGEST_READ = 200_000

_RULES: dict[str, Callable[[Statement], Any]] = {
    "paper": page.find_paper,
    "fonts": typography.find_fonts,
    "size_pt": typography.find_size,
    "table_pt": typography.find_table_size,
    "footnote_pt": typography.find_footnote_size,
    "line_spacing": typography.find_line_spacing,
    "indent_mm": typography.find_indent,
    "is_justified": typography.find_justification,
    "page_number_at": page.find_page_number_place,
    "page_number_from": page.find_page_number_start,
    "lines_per_page": page.find_lines_per_page,
    "characters_per_line": page.find_characters_per_line,
    "pages": extent.find_pages,
    "words": extent.find_words,
    "characters": extent.find_characters,
    "abstract_words": extent.find_abstract_words,
    "sources": extent.find_sources,
    "source_age_years": extent.find_source_age,
    "citation_styles": contents.find_citation_styles,
    "citation_place": contents.find_citation_place,
    "not_cited": contents.find_not_cited,
    "languages": contents.find_languages,
    "voice": contents.find_voice,
    "persons": contents.find_persons,
    "tenses": contents.find_tenses,
    "file_formats": contents.find_file_formats,
    "file_mb": contents.find_file_size,
}


def understand_requirements(text: str) -> Requirements:
    """Return what the text asks, by rules alone: in English, Italian or Ukrainian, or as a template's settings.

    Where it speaks of something more than once, the first sentence counts; margins and tenses are gathered from all.
    What it forbids, tells of others or only mentions is not asked for. The first 200,000 characters are read.
    """
    statements = list(split_statements(text[:_LONGEST_READ]))
    found: dict[str, Demand[Any]] = {}
    for place, said in enumerate(statements):
        if is_told(said.folded):
            continue
        for name, rule in _RULES.items():
            if name not in found and (value := rule(said)) is not None:
                found[name] = _demand(value, said)
            elif name == "tenses" and name in found and (more := rule(said)):
                found[name] = replace(found[name], value={**more, **found[name].value})
        _add_margins(found, said)
        if "parts" not in found and (parts := find_parts(statements[place:])):
            found["parts"] = _demand(parts[0], *statements[place : place + parts[1]])
    return Requirements(**found)


def _demand(value: Any, *said: Statement) -> Demand[Any]:
    """Return the value with the words that it came from."""
    words = " ".join(" ".join(one.text.split()) for one in said)
    sentence = words if len(words) <= LONGEST_SENTENCE else f"{words[: LONGEST_SENTENCE - 1].rstrip()}…"
    return Demand(value, sentence, said[0].start, said[-1].start + len(said[-1].text))


def _add_margins(found: dict[str, Demand[Any]], said: Statement) -> None:
    """Add sides of which nothing is known yet: lists and tables have a line for each."""
    known = found.get("margins_mm")
    if known is not None and all(getattr(known.value, side) for side in SIDES):
        return
    margins = page.find_margins(said)
    if margins is None:
        return
    if known is None:
        found["margins_mm"] = _demand(margins, said)
        return
    new = {side: at for side in SIDES if (at := getattr(margins, side)) and not getattr(known.value, side)}
    if new:
        before: Sequence[str] = (known.sentence, " ".join(said.text.split()))
        merged: Margins = replace(known.value, **new)
        found["margins_mm"] = Demand(merged, " … ".join(before)[:LONGEST_SENTENCE], known.start, known.end)
