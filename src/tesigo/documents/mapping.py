"""Rows of documents as the values that the rest of the house speaks of, and back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from tesigo.documents.models import CitationRow, DocumentRow, SectionRow, SourceRow
from tesigo.manuscript import (
    Citation,
    Manuscript,
    Outline,
    Passage,
    PlannedSection,
    Section,
    SectionKind,
    Source,
)
from tesigo.writing.brief import Brief


def to_brief(document: DocumentRow, *, author: str = "") -> Brief:
    """Return what the user wants written."""
    return Brief(
        title=document.title,
        pages=document.pages,
        language=document.language,
        citation_style=document.citation_style,
        norm=document.norm,
        requirements=document.requirements or "",
        author=author,
    )


def to_source(row: SourceRow) -> Source:
    """Return the source that this row keeps."""
    return Source(
        key=row.key,
        csl=row.csl,
        abstract=row.abstract,
        full_text=row.full_text,
        found_by=row.found_by,
        page_starts=tuple(row.page_starts),
        first_page=row.first_page,
    )


def from_source(source: Source, document_id: int, now: datetime) -> SourceRow:
    """Return a row that keeps this source for the document."""
    return SourceRow(
        document_id=document_id,
        key=source.key,
        csl=dict(source.csl),
        abstract=source.abstract,
        full_text=source.full_text,
        page_starts=list(source.page_starts),
        first_page=source.first_page,
        found_by=source.found_by,
        created_at=now,
    )


def to_outline(title: str, rows: Sequence[SectionRow]) -> Outline | None:
    """Return the outline that these rows (in reading order) make, None when there are none."""
    children: defaultdict[str, list[PlannedSection]] = defaultdict(list)
    for row in rows:
        if "." in row.number:
            children[row.number.partition(".")[0]].append(_to_planned(row, ()))
    chapters = tuple(_to_planned(row, tuple(children[row.number])) for row in rows if "." not in row.number)
    return Outline(title=title, sections=chapters) if chapters else None


def from_outline(outline: Outline, document_id: int) -> list[SectionRow]:
    """Return a row for each section of the outline, planned only."""
    return [
        SectionRow(
            document_id=document_id,
            number=planned.number,
            position=position,
            kind=planned.kind,
            heading=planned.heading,
            purpose=planned.purpose,
            target_words=planned.target_words,
            keys=list(planned.keys),
        )
        for position, planned in enumerate(outline.walk())
    ]


def to_sections(
    rows: Iterable[SectionRow], citations: Iterable[CitationRow], keys: Mapping[int, str]
) -> tuple[Section, ...]:
    """Return the sections that are written, in reading order. keys: the citation key of each source's id."""
    of_section: defaultdict[int, list[Citation]] = defaultdict(list)
    for citation in citations:
        of_section[citation.section_id].append(_to_citation(citation, keys[citation.source_id]))
    return tuple(
        Section(
            number=row.number,
            heading=row.heading,
            kind=SectionKind(row.kind),
            content=row.content,
            citations=tuple(of_section[row.id]),
            written_by=row.written_by,
        )
        for row in rows
        if row.content is not None
    )


def from_citations(
    citations: Sequence[Citation], section_id: int, source_ids: Mapping[str, int]
) -> list[CitationRow]:
    """Return a row for each citation. source_ids: the id of each citation key."""
    return [
        CitationRow(
            section_id=section_id,
            position=position,
            source_id=source_ids[citation.key],
            passage=citation.passage.text,
            passage_start=citation.passage.start,
            passage_end=citation.passage.end,
            score=citation.score,
        )
        for position, citation in enumerate(citations)
    ]


def to_manuscript(
    document: DocumentRow, sections: tuple[Section, ...], sources: tuple[Source, ...], *, author: str
) -> Manuscript:
    """Return the document as it can be exported."""
    return Manuscript(
        title=document.title,
        language=document.language,
        citation_style=document.citation_style,
        norm=document.norm,
        sections=sections,
        sources=sources,
        author=author,
        statement=document.statement,
        dated=(document.completed_at or document.updated_at).date(),
        pages=document.pages,
    )


def _to_planned(row: SectionRow, children: tuple[PlannedSection, ...]) -> PlannedSection:
    return PlannedSection(
        number=row.number,
        heading=row.heading,
        kind=SectionKind(row.kind),
        purpose=row.purpose,
        target_words=row.target_words,
        keys=tuple(row.keys),
        children=children,
    )


def _to_citation(row: CitationRow, key: str) -> Citation:
    passage = Passage(source_key=key, start=row.passage_start, end=row.passage_end, text=row.passage)
    return Citation(key=key, passage=passage, score=row.score)
