"""What stands around the chapters of every outline: abstract, introduction and conclusion."""

from collections.abc import Sequence

from tesigo.manuscript import Outline, PlannedSection, SectionKind, Source
from tesigo.writing.brief import Brief
from tesigo.writing.length import summary_words
from tesigo.writing.offline.wording import load_wording

_LEAST_BODY_WORDS = 150


def body_words(brief: Brief, words: int) -> int:
    """Return how many of a document's words its chapters have together."""
    return max(_LEAST_BODY_WORDS, words - sum(summary_words(brief, words).values()))


def frame_outline(
    brief: Brief, chapters: Sequence[PlannedSection], sources: Sequence[Source], *, words: int
) -> Outline:
    """Return the outline of these chapters, which are numbered from "2", in a document of so many words.

    sources: those of the whole document, most important first.
    """
    wording = load_wording(brief.language)
    targets = summary_words(brief, words)

    def fixed(kind: SectionKind, number: str, keys: tuple[str, ...] = ()) -> PlannedSection:
        return PlannedSection(number, wording.heading(kind), kind, wording.purpose(kind), targets[kind], keys)

    return Outline(
        brief.title,
        (
            fixed(SectionKind.ABSTRACT, "0"),
            fixed(SectionKind.INTRODUCTION, "1", tuple(source.key for source in sources)),
            *chapters,
            fixed(SectionKind.CONCLUSION, str(len(chapters) + 2)),
        ),
    )
