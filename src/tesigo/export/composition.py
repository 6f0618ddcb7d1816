"""The document in its final order, still without a format: front matter, numbered sections, bibliography."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tesigo.export.citing import Reference, cite
from tesigo.export.norms import Norm, load_norm
from tesigo.export.parsing import parse_parts
from tesigo.export.tree import Node, plain_inlines
from tesigo.export.words import FrameWords, frame_words
from tesigo.manuscript import Manuscript, Section, SectionKind, Source

REFERENCES_ANCHOR = "references"
STATEMENT_ANCHOR = "statement"


@dataclass(frozen=True, slots=True)
class ComposedSection:
    """A heading and what stands under it.

    level: 1 a chapter, 2 a section in it.
    number: as it is printed ("2.1"), "" when the heading has none.
    anchor: the identifier that links point to, unique in the document.
    """

    heading: str
    level: int
    number: str
    anchor: str
    blocks: list[Node]

    @property
    def is_chapter(self) -> bool:
        """Whether it is a chapter that the author wrote, not the bibliography or the statement."""
        return self.level == 1 and self.anchor not in {REFERENCES_ANCHOR, STATEMENT_ANCHOR}

    @property
    def heading_node(self) -> Node:
        """The heading as a node of the tree, its number left to the format."""
        classes = [] if self.number else ["unnumbered"]
        return {"t": "Header", "c": [self.level, [self.anchor, classes, []], plain_inlines(self.heading)]}


@dataclass(frozen=True, slots=True)
class Composition:
    """A document that is ready to be set in any format.

    sections: the numbered body, then the bibliography (without blocks: see `references`) and the statement.
    """

    manuscript: Manuscript
    norm: Norm
    words: FrameWords
    abstract: ComposedSection | None
    sections: tuple[ComposedSection, ...]
    cited: tuple[Source, ...]
    references: tuple[Reference, ...]
    api_version: list[int]

    @property
    def date_line(self) -> str:
        """The day as the title page shows it, "" when there is none."""
        return self.words.write_date(self.manuscript.dated) if self.manuscript.dated else ""

    @property
    def reference_number_length(self) -> int:
        """The length of the longest number of the bibliography, 0 in a style without numbers."""
        return max((len(reference.label) for reference in self.references), default=0)

    def document(self, blocks: Sequence[Node]) -> Node:
        """Return pandoc's JSON document of these blocks."""
        return {"pandoc-api-version": self.api_version, "meta": {}, "blocks": list(blocks)}


def compose(manuscript: Manuscript) -> Composition:
    """Return the manuscript parsed, cited and put in order.

    Raises UnknownNorm, UnknownStyle, UnknownCitation and UnreadableText: each says what to change.
    """
    norm = load_norm(manuscript.norm)
    words = frame_words(manuscript.language)
    with TemporaryDirectory(prefix="tesigo-export-") as name:
        folder = Path(name)
        cited = cite(parse_parts(manuscript.sections, folder=folder), manuscript, folder=folder)
    pairs = list(zip(manuscript.sections, cited.parts, strict=True))
    abstract = [
        ComposedSection(_one_line(section.heading) or words.abstract, 1, "", "abstract", blocks)
        for section, blocks in pairs
        if section.kind is SectionKind.ABSTRACT
    ]
    numbered = [pair for pair in pairs if pair[0].kind is not SectionKind.ABSTRACT]
    numbers = number_headings([section for section, _ in numbered], norm)
    sections = [
        ComposedSection(
            _one_line(section.heading), min(section.level, 2), number, f"section-{position}", blocks
        )
        for position, ((section, blocks), number) in enumerate(zip(numbered, numbers, strict=True), start=1)
    ]
    if cited.references:
        sections.append(ComposedSection(words.references, 1, "", REFERENCES_ANCHOR, []))
    if manuscript.statement.strip():
        statement = _plain_paragraphs(manuscript.statement)
        sections.append(ComposedSection(words.statement, 1, "", STATEMENT_ANCHOR, statement))
    return Composition(
        manuscript,
        norm,
        words,
        abstract[0] if abstract else None,
        tuple(sections),
        cited.cited,
        cited.references,
        cited.api_version,
    )


def number_headings(sections: Sequence[Section], norm: Norm) -> list[str]:
    """Return the number that is printed before each heading, "" where the norm wants none.

    Chapters count from 1; an introduction or conclusion that the norm leaves unnumbered does not count, nor
    do the sections in it.
    """
    numbers: list[str] = []
    chapter = section_in_chapter = 0
    is_chapter_numbered = False
    for section in sections:
        if section.level == 1:
            is_framing = section.kind in {SectionKind.INTRODUCTION, SectionKind.CONCLUSION}
            is_chapter_numbered = norm.is_numbered and (norm.is_introduction_numbered or not is_framing)
            chapter += is_chapter_numbered
            section_in_chapter = 0
            numbers.append(f"{chapter}{norm.number_suffix}" if is_chapter_numbered else "")
        else:
            section_in_chapter += is_chapter_numbered
            number = f"{chapter}.{section_in_chapter}{norm.number_suffix}"
            numbers.append(number if is_chapter_numbered else "")
    return numbers


def _one_line(heading: str) -> str:
    return " ".join(heading.split())


def _plain_paragraphs(text: str) -> list[Node]:
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text))
    return [{"t": "Para", "c": plain_inlines(paragraph)} for paragraph in paragraphs if paragraph]
