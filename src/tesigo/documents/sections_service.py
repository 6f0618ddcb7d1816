"""The outline and the sections of a document: recorded as they come, and taken over from an edited text."""

import re
from collections import defaultdict, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import sources_store, store
from tesigo.documents.errors import InvalidContent
from tesigo.documents.mapping import from_citations, from_outline, to_outline, to_sections
from tesigo.documents.models import DocumentRow, SectionRow
from tesigo.documents.quotas import Quotas
from tesigo.documents.service import refuse_while_written
from tesigo.manuscript import (
    Citation,
    Outline,
    Passage,
    Section,
    SectionKind,
    Source,
    count_words,
    pages_of,
)
from tesigo.manuscript.markdown import join_sections, split_sections

AUTHOR = "author"
"""Who wrote a section that its user typed or changed."""

_LONGEST_CONTENT = 3_000_000
_MOST_NAMED, _LONGEST_KEY = 10, 64
_WITHIN_KEYS = ":.#$%&+?<>~/-"
_GROUP = re.compile(r"\[[^\[\]]*\]")
_KEY = re.compile(rf"(?<![\w\\])@{{?([^\W][\w{re.escape(_WITHIN_KEYS)}]*)")


@dataclass(frozen=True, slots=True)
class SectionCounts:
    """How many sections a document has, how many are written, and how many of these by its user."""

    planned: int
    written: int
    edited: int


async def load_outline(tx: AsyncSession, document: DocumentRow) -> Outline | None:
    """Return the outline, None while there is none."""
    return to_outline(document.title, await store.get_sections(tx, document.id))


async def load_section_rows(tx: AsyncSession, document: DocumentRow) -> Sequence[SectionRow]:
    """Return all sections in reading order, also those that are only planned."""
    return await store.get_sections(tx, document.id)


async def load_sections(tx: AsyncSession, document_id: int) -> tuple[Section, ...]:
    """Return the sections that are written, in reading order, with their citations."""
    keys = {
        source_id: key for key, source_id in (await sources_store.get_source_ids(tx, document_id)).items()
    }
    rows = await store.get_sections(tx, document_id)
    return to_sections(rows, await store.get_citations(tx, document_id), keys)


async def load_section(
    tx: AsyncSession, document: DocumentRow, number: str
) -> tuple[SectionRow, Section | None]:
    """Return one section's row, and what is written of it. Raises SectionNotFound."""
    row = await store.get_section(tx, document.id, number)
    written = await load_sections(tx, document.id)
    return row, next((section for section in written if section.number == number), None)


async def load_page(tx: AsyncSession, document: DocumentRow) -> Callable[[Citation], int | None]:
    """Return what tells the page on which a citation's passage begins, None where none is known."""
    sources = {
        row.key: Source(row.key, {}, page_starts=tuple(row.page_starts), first_page=row.first_page)
        for row in await sources_store.get_pages(tx, document.id)
    }

    def page_of(citation: Citation) -> int | None:
        pages = pages_of(citation.passage, sources[citation.key])
        return pages[0] if pages else None

    return page_of


async def record_outline(tx: AsyncSession, document_id: int, outline: Outline) -> None:
    """Put this outline in the place of what was planned or written before."""
    await store.replace_sections(tx, document_id, from_outline(outline, document_id))


async def record_section(
    tx: AsyncSession, document_id: int, section: Section, now: datetime, *, tokens_used: int = 0
) -> None:
    """Keep a finished section's text and citations. Raises SectionNotFound when it is not in the outline.

    tokens_used: by the calls of models that it took; the document has counted them already.
    """
    section_id = await store.write_section(tx, document_id, section, now, tokens_used=tokens_used)
    source_ids = await sources_store.find_source_ids(
        tx, document_id, {citation.key for citation in section.citations}
    )
    await store.replace_citations(tx, section_id, from_citations(section.citations, section_id, source_ids))


async def find_written(tx: AsyncSession, document_id: int) -> Sequence[str]:
    """Return the numbers of the sections that are written, in reading order."""
    return await store.get_written_numbers(tx, document_id)


async def count_sections(tx: AsyncSession, document_id: int) -> SectionCounts:
    """Return how much of the document is planned and written."""
    return SectionCounts(*await store.count_sections(tx, document_id, author=AUTHOR))


async def record_completion(tx: AsyncSession, document_id: int, *, statement: str, now: datetime) -> None:
    """Mark the document as completed, with how it came about."""
    document = await store.get_document(tx, document_id, owner_id=None, lock=True)
    document.status = "completed"
    document.statement = statement
    document.completed_at = document.updated_at = now
    document.word_count = sum(row.words for row in await store.get_sections(tx, document_id))
    await tx.flush()


async def record_status(tx: AsyncSession, document_id: int, status: str) -> None:
    """Set the document's status, on behalf of a job."""
    await store.set_status(tx, document_id, status)


async def render_content(tx: AsyncSession, document_id: int) -> str:
    """Return all that is written as one Markdown text, a heading before each section."""
    return join_sections(await load_sections(tx, document_id))


async def replace_content(
    tx: AsyncSession, document: DocumentRow, markdown: str, *, quotas: Quotas, now: datetime
) -> None:
    """Take an edited text over as the document's sections.

    A section is known again by its heading, and keeps its citations as far as their keys are still there.
    Raises InvalidContent for a citation key that is no source of the document, QuotaReached, BeingWritten during a job.
    """
    refuse_while_written(document)
    if len(markdown) > _LONGEST_CONTENT:
        raise InvalidContent(f"A text may have at most {_LONGEST_CONTENT:,} characters.")
    source_ids = await sources_store.get_source_ids(tx, document.id)
    _refuse_unknown_keys(markdown, source_ids.keys())
    old_rows = {row.heading: row for row in await store.get_sections(tx, document.id)}
    old = {section.heading: section for section in await load_sections(tx, document.id)}
    sections = _take_over(markdown, document.title, old, source_ids)
    rows = [
        _edited_row(section, position, document.id, old_rows.get(section.heading), now)
        for position, section in enumerate(sections)
    ]
    await store.replace_sections(tx, document.id, rows)
    for row, section in zip(rows, sections, strict=True):
        await store.replace_citations(tx, row.id, from_citations(section.citations, row.id, source_ids))
    document.word_count = sum(row.words for row in rows)
    document.updated_at = now
    await tx.flush()
    await quotas.check_stored(tx, document.user_id)


def _cited_keys(markdown: str, known: Container[str]) -> Iterator[str]:
    """Yield the key of each citation in reading order, as an export would see them.

    Within brackets (`[see @key, p. 3; -@other]`) every key counts, and by itself (`@key says`) a known one: what
    else stands after an `@` is no citation.
    """
    grouped = [match.span() for match in _GROUP.finditer(markdown)]
    place = 0
    for match in _KEY.finditer(markdown):
        while place < len(grouped) and grouped[place][1] <= match.start():
            place += 1
        key = match[1].rstrip(_WITHIN_KEYS)
        if key in known or (place < len(grouped) and grouped[place][0] < match.start()):
            yield key


def _refuse_unknown_keys(markdown: str, known: Container[str]) -> None:
    unknown = [key for key in _cited_keys(markdown, known) if key not in known]
    if unknown:
        raise InvalidContent(
            f"The text cites {_listed(unknown)}, which are no sources of this document: "
            "add the sources first, or take the citations out."
        )


def _listed(keys: Iterable[str]) -> str:
    distinct = sorted({key[:_LONGEST_KEY] for key in keys})
    return ", ".join(distinct[:_MOST_NAMED]) + (" …" if len(distinct) > _MOST_NAMED else "")


def _take_over(markdown: str, title: str, old: Mapping[str, Section], known: Container[str]) -> list[Section]:
    taken: list[Section] = []
    chapter = part = 0
    for level, heading, content in split_sections(markdown):
        before = old.get(heading)
        kind = before.kind if before else SectionKind.BODY
        if kind is SectionKind.ABSTRACT:
            number = "0"
        elif level == 2 and chapter:
            part += 1
            number = f"{chapter}.{part}"
        else:
            chapter, part = chapter + 1, 0
            number = str(chapter)
        is_unchanged = before is not None and before.content == content
        taken.append(
            Section(
                number=number,
                heading=heading or title,
                kind=kind,
                content=content,
                citations=_kept_citations(_cited_keys(content, known), before),
                written_by=before.written_by if before and is_unchanged else AUTHOR,
            )
        )
    if len({section.number for section in taken}) < len(taken):
        raise InvalidContent("The text has two abstracts: give one of them another heading.")
    return taken


def _kept_citations(keys: Iterable[str], before: Section | None) -> tuple[Citation, ...]:
    """Return a citation for each key: the section's own while they last, else one without a passage."""
    left: defaultdict[str, deque[Citation]] = defaultdict(deque)
    for citation in before.citations if before else ():
        left[citation.key].append(citation)
    return tuple(
        left[key].popleft() if left[key] else Citation(key, Passage(key, 0, 0, ""), 0.0) for key in keys
    )


def _edited_row(
    section: Section, position: int, document_id: int, before: SectionRow | None, now: datetime
) -> SectionRow:
    return SectionRow(
        document_id=document_id,
        number=section.number,
        position=position,
        kind=section.kind,
        heading=section.heading,
        purpose=before.purpose if before else "",
        target_words=before.target_words if before else count_words(section.content),
        keys=list(dict.fromkeys(citation.key for citation in section.citations)),
        content=section.content,
        words=section.words,
        tokens_used=before.tokens_used if before else 0,
        written_by=section.written_by,
        written_at=now,
    )
