"""What of sources, outline and written sections stands in a prompt: bounded, fenced, the best of it first chosen."""

import re
from collections.abc import Iterable, Sequence

from tesigo.manuscript import Outline, Passage, PlannedSection, Section, SectionKind, Source
from tesigo.writing.evidence_blocks import Candidate
from tesigo.writing.offline.choosing import choose_passages
from tesigo.writing.ports import SectionTask
from tesigo.writing.prompted.prompts import fenced, one_line
from tesigo.writing.sentences import MARKER, paragraph_sentences, unescape

_BEFORE_MARKER = re.compile(rf"\s*{MARKER.pattern}")
_MOST_PASSAGES = 40
_MOST_PASSAGE_WORDS = 2_500
_PASSAGE_WORDS_PER_WORD = 2.0
_CARRIED_PER_PASSAGE_WORD = 1.5
_OWN_WORDS_PER_QUOTE = 19
"""What `choose_passages` adds to each passage for the words around a quotation, which a model does not need."""
_NAMED_AUTHORS = 2
_LONGEST_TITLE, _LONGEST_PURPOSE = 140, 160
LISTED_SOURCES = 60
_LISTED_CHARACTERS = 300
_DIGEST_WORDS = 1_500
_FEWEST_DIGEST_WORDS, _MOST_DIGEST_WORDS = 15, 70
_MOST_TERMS = 10
_MOST_ELSEWHERE = 30


def carried_words(passages: Iterable[Passage]) -> int:
    """Return how many words can be written from these passages: half as many again as they have.

    A passage can be told in about as many words as it has, and be set beside others in half of that. The offline
    writer's quotations carry as much, so that the same sources give the same pages.
    """
    return round(_CARRIED_PER_PASSAGE_WORD * sum(len(passage.text.split()) for passage in passages))


def passages_to_show(task: SectionTask, words: int) -> tuple[Passage, ...]:
    """Return the passages that fit a section of so many words, in reading order within their sources.

    The most relevant are chosen, and every source is heard before one is heard twice. The prompt is kept in
    proportion to the answer: two words of passages for each that is to be written, 2,500 at most.
    """
    room = min(_MOST_PASSAGE_WORDS, round(_PASSAGE_WORDS_PER_WORD * words))
    chosen = choose_passages(
        task.passages,
        task.sources,
        focus=f"{task.planned.heading} {task.planned.purpose} {task.brief.title}",
        words=room + _MOST_PASSAGES * _OWN_WORDS_PER_QUOTE,
        quoted={},
    )
    kept: list[Passage] = []
    filled = 0
    for passage in chosen[:_MOST_PASSAGES]:
        if kept and filled >= room:
            break
        kept.append(passage)
        filled += len(passage.text.split())
    order = {key: place for place, key in enumerate(dict.fromkeys(one.source_key for one in kept))}
    return tuple(sorted(kept, key=lambda one: (order[one.source_key], one.start)))


def show_passages(passages: Sequence[Passage], sources: Iterable[Source]) -> str:
    """Return the passages under the key, authors, year and title of their source; "" when there is none."""
    by_key = {source.key: source for source in sources}
    lines: list[str] = []
    for key in dict.fromkeys(passage.source_key for passage in passages):
        source = by_key[key]
        lines.append(f"[@{key}] {_authors(source)}{_short(source.title, _LONGEST_TITLE)}")
        lines += [f"- {one_line(passage.text)}" for passage in passages if passage.source_key == key]
    return fenced("passages", lines) if lines else ""


def show_elsewhere(outline: Outline, planned: PlannedSection) -> str:
    """Return what other sections cover: those of the same chapter with their purposes, other chapters by name."""
    lines: list[str] = []
    for chapter in outline.sections:
        if chapter.kind is not SectionKind.BODY or chapter.number == planned.number:
            continue
        if planned in chapter.children:
            lines += [_line_of(child) for child in chapter.children if child.number != planned.number]
        elif planned.level == 1 or chapter.number != planned.number.partition(".")[0]:
            lines.append(f"- {one_line(chapter.heading)}")
    return fenced("elsewhere", lines[:_MOST_ELSEWHERE]) if lines else ""


def show_children(planned: PlannedSection) -> str:
    """Return a chapter's sections with their purposes."""
    return fenced("sections", [_line_of(child) for child in planned.children])


def show_sources(candidates: Sequence[Candidate]) -> str:
    """Return the list of sources that an outline is made from: key, year, title and how each begins."""
    lines = []
    for candidate in candidates[:LISTED_SOURCES]:
        source = candidate.source
        said = source.abstract or " ".join(passage.text for passage in candidate.passages[:3])
        year = f", {source.year}" if source.year is not None else ""
        lines.append(
            f"- {source.key}{year}: {_short(source.title, _LONGEST_TITLE)}. {_short(said, _LISTED_CHARACTERS)}"
        )
    return fenced("sources", lines)


def show_written(sections: Sequence[Section]) -> str:
    """Return how each written section begins, under its heading, without citations; shorter the more there are."""
    texts = [section for section in sections if section.content.strip()]
    room = _DIGEST_WORDS // max(1, len(texts))
    most = min(_MOST_DIGEST_WORDS, max(_FEWEST_DIGEST_WORDS, room))
    lines = [f"- {one_line(one.heading)}: {one_line(_beginning(one.content, most))}" for one in texts]
    return fenced("sections", lines)


def show_terms(terms: Sequence[str]) -> str:
    """Return the section's most telling terms in one line, "" for none."""
    return fenced("terms", ["; ".join(map(one_line, terms[:_MOST_TERMS]))]) if terms else ""


def _line_of(planned: PlannedSection) -> str:
    return f"- {one_line(planned.heading)}: {_short(planned.purpose, _LONGEST_PURPOSE)}"


def _authors(source: Source) -> str:
    names = source.author_names
    named = " and ".join(names[:_NAMED_AUTHORS]) if len(names) <= _NAMED_AUTHORS else f"{names[0]} and others"
    parts = [part for part in (one_line(named), str(source.year or "")) if part]
    return f"{', '.join(parts)}: " if parts else ""


def _short(text: str, most: int) -> str:
    """Return the text as one line of about so many characters at most, cut between words."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[:most].rsplit(' ', 1)[0]} …"


def _beginning(content: str, most: int) -> str:
    """Return the first sentence of each paragraph as long as they fit, at least the very first."""
    plain = _BEFORE_MARKER.sub("", content)
    firsts = [
        unescape(found[0]) for paragraph in plain.split("\n\n") if (found := paragraph_sentences(paragraph))
    ]
    kept: list[str] = []
    for sentence in firsts:
        if kept and sum(len(one.split()) for one in (*kept, sentence)) > most:
            break
        kept.append(sentence)
    return " ".join(kept)
