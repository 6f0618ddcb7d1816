"""What has been written: sections and the manuscript that they make."""

import re
from dataclasses import dataclass
from datetime import date

from tesigo.manuscript.evidence import Citation, Source
from tesigo.manuscript.outline import SectionKind

_CITATION = re.compile(r"\[-?@[^\[\]]*\]")
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")


def count_words(markdown: str) -> int:
    """Return the number of words that a reader reads: citation keys do not count."""
    return len(_WORD.findall(_CITATION.sub(" ", markdown)))


@dataclass(frozen=True, slots=True)
class Section:
    """The unit of writing, of checkpointing and of regenerating.

    number, heading, kind: as in the outline.
    content: Markdown without headings, citations as `[@key]`, paragraphs apart by a blank line.
    citations: in the order of their use.
    written_by: "offline:extractive", or "provider:model".
    """

    number: str
    heading: str
    kind: SectionKind
    content: str
    citations: tuple[Citation, ...] = ()
    written_by: str = ""

    @property
    def level(self) -> int:
        """1 for a chapter, 2 for a section in it."""
        return self.number.count(".") + 1

    @property
    def words(self) -> int:
        """The number of words of its own text."""
        return count_words(self.content)


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A whole document, ready to be exported.

    language: BCP 47, "en", "uk" or "it" for the connective text.
    citation_style: the name of a CSL style ("apa").
    norm: the name of a formatting norm ("generic").
    sections: in reading order, a chapter before its sections.
    sources: all that may be cited; only those cited enter the bibliography.
    statement: how the document came about (5.8), "" for none; it is printed at the end.
    dated: the day on the title page.
    """

    title: str
    language: str
    citation_style: str
    norm: str
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]
    author: str = ""
    statement: str = ""
    dated: date | None = None
    pages: int = 10

    @property
    def words(self) -> int:
        """The number of words of all sections, headings not counted."""
        return sum(section.words for section in self.sections)

    @property
    def cited_keys(self) -> tuple[str, ...]:
        """The keys of the sources that are cited, each once, in the order of their first use."""
        return tuple(
            dict.fromkeys(citation.key for section in self.sections for citation in section.citations)
        )
