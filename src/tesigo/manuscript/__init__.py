"""The values that all of the house speaks of: frozen, without input or output.

One import serves: `from tesigo.manuscript import Manuscript, Section, Source`.
"""

from tesigo.manuscript.evidence import Citation, Passage, Source, pages_of
from tesigo.manuscript.outline import Outline, PlannedSection, SectionKind
from tesigo.manuscript.text import Manuscript, Section, count_words

__all__ = [
    "Citation",
    "Manuscript",
    "Outline",
    "Passage",
    "PlannedSection",
    "Section",
    "SectionKind",
    "Source",
    "count_words",
    "pages_of",
]
