"""What the sections of one document are written from, computed once before the first of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tesigo.manuscript import Manuscript, Outline, PlannedSection, Section, SectionKind, Source
from tesigo.research.evidence import Evidence
from tesigo.writing.allocation import Allotment, allot
from tesigo.writing.brief import Brief
from tesigo.writing.ports import Composer


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the sections are written from; computed anew, and the same, after an interruption."""

    brief: Brief
    outline: Outline
    sources: tuple[Source, ...]
    by_key: Mapping[str, Source]
    chosen: tuple[Source, ...]
    allotments: Mapping[str, Allotment]
    most_words: Mapping[str, int]
    state: Callable[[Brief, tuple[Section, ...]], str]

    def body(self) -> list[PlannedSection]:
        """Return the body sections in the order in which they are written."""
        return [planned for planned in self.outline.walk() if planned.kind is SectionKind.BODY]

    def manuscript(self, sections: Sequence[Section]) -> Manuscript:
        """Return the sections as a manuscript, in the outline's order."""
        order = {planned.number: place for place, planned in enumerate(self.outline.walk())}
        return Manuscript(
            title=self.outline.title,
            language=self.brief.language,
            citation_style=self.brief.citation_style,
            norm=self.brief.norm,
            sections=tuple(sorted(sections, key=lambda section: order[section.number])),
            sources=self.sources,
            author=self.brief.author,
            pages=self.brief.pages,
            statement=self.state(self.brief, tuple(sections)),
        )


def make_plan(brief: Brief, outline: Outline, evidence: Evidence, composer: Composer) -> Plan:
    """Return the plan of this outline; the same input gives the same plan. Blocks: call it in a thread."""
    allotments = allot(outline, evidence, pages=brief.pages)
    sources = tuple(ranked.source for ranked in evidence.sources)
    most = {
        planned.number: composer.carries(allotments[planned.number].passages)
        if not planned.children and planned.kind is SectionKind.BODY
        else planned.target_words
        for planned in outline.walk()
    }
    meant = {key for planned in outline.walk() for key in planned.keys}
    return Plan(
        brief,
        outline,
        sources,
        {source.key: source for source in sources},
        tuple(source for source in sources if source.key in meant),
        allotments,
        most,
        composer.state_provenance,
    )
