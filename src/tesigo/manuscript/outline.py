"""The plan of a document: an ordered tree of chapters and sections."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class SectionKind(StrEnum):
    """What a section is for; it decides who writes it when, and whether it is numbered."""

    ABSTRACT = "abstract"
    INTRODUCTION = "introduction"
    BODY = "body"
    CONCLUSION = "conclusion"


@dataclass(frozen=True, slots=True)
class PlannedSection:
    """A chapter or section that is meant to be written.

    number: the address in the document: "0" for the abstract, "1" the first chapter, "2.1" a section in it.
    purpose: one sentence on what the section is to do, in the document's language.
    target_words: of this section's own text, without its children.
    keys: the sources meant for it, most important first.
    children: the sections inside a chapter.
    """

    number: str
    heading: str
    kind: SectionKind
    purpose: str
    target_words: int
    keys: tuple[str, ...] = ()
    children: tuple["PlannedSection", ...] = ()

    @property
    def level(self) -> int:
        """1 for a chapter, 2 for a section in it."""
        return self.number.count(".") + 1


@dataclass(frozen=True, slots=True)
class Outline:
    """What the document is to contain, in reading order: abstract, introduction, chapters, conclusion."""

    title: str
    sections: tuple[PlannedSection, ...]

    def walk(self) -> Iterator[PlannedSection]:
        """Yield every section in reading order, a chapter before its children."""
        for chapter in self.sections:
            yield chapter
            yield from chapter.children
