"""The SQL of documents and their sections."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents.errors import DocumentNotFound, SectionNotFound
from tesigo.documents.models import CitationRow, DocumentRow, SectionRow
from tesigo.manuscript import Section


async def get_document(
    tx: AsyncSession, document_id: int, *, owner_id: int | None, lock: bool = False
) -> DocumentRow:
    """Return the document; with `lock`, nobody else changes it before this transaction ends.

    owner_id: None only where a job does its owner's work. Raises DocumentNotFound, also for another's.
    """
    query = select(DocumentRow).where(DocumentRow.id == document_id)
    if owner_id is not None:
        query = query.where(DocumentRow.user_id == owner_id)
    if lock:
        # not the strongest lock: rows that refer to the document may be added meanwhile
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    document = await tx.scalar(query)
    if document is None:
        raise DocumentNotFound
    return document


async def get_documents(
    tx: AsyncSession, owner_id: int, *, status: str | None, before_id: int | None, limit: int
) -> Sequence[DocumentRow]:
    """Return at most `limit` of the owner's documents, newest first."""
    query = select(DocumentRow).where(DocumentRow.user_id == owner_id)
    if status is not None:
        query = query.where(DocumentRow.status == status)
    if before_id is not None:
        query = query.where(DocumentRow.id < before_id)
    return (await tx.scalars(query.order_by(DocumentRow.id.desc()).limit(limit))).all()


async def count_documents(tx: AsyncSession) -> tuple[int, int, int]:
    """Return how many documents all users have, how many of them have used tokens, and how many tokens these used."""
    used = DocumentRow.tokens_used
    counted = select(func.count(), func.count().filter(used > 0), func.coalesce(func.sum(used), 0))
    there, with_tokens, tokens = (await tx.execute(counted.select_from(DocumentRow))).one()
    return there, with_tokens, int(tokens)


async def add_document(tx: AsyncSession, document: DocumentRow) -> DocumentRow:
    """Add the document and return it with its id."""
    tx.add(document)
    await tx.flush()
    return document


async def delete_document(tx: AsyncSession, document: DocumentRow) -> None:
    """Delete the document with all that hangs on it."""
    sections = select(SectionRow.id).where(SectionRow.document_id == document.id)
    await tx.execute(delete(CitationRow).where(CitationRow.section_id.in_(sections)))
    await tx.delete(document)
    await tx.flush()


async def get_sections(tx: AsyncSession, document_id: int) -> Sequence[SectionRow]:
    """Return the sections in reading order."""
    query = select(SectionRow).where(SectionRow.document_id == document_id).order_by(SectionRow.position)
    return (await tx.scalars(query)).all()


async def get_section(tx: AsyncSession, document_id: int, number: str) -> SectionRow:
    """Return one section. Raises SectionNotFound."""
    query = select(SectionRow).where(SectionRow.document_id == document_id, SectionRow.number == number)
    section = await tx.scalar(query)
    if section is None:
        raise SectionNotFound
    return section


async def write_section(
    tx: AsyncSession, document_id: int, section: Section, now: datetime, *, tokens_used: int
) -> int:
    """Keep the text of a section that is planned, without loading it; return its id. Raises SectionNotFound."""
    written = (
        update(SectionRow)
        .where(SectionRow.document_id == document_id, SectionRow.number == section.number)
        .values(
            content=section.content,
            words=section.words,
            tokens_used=tokens_used,
            written_by=section.written_by,
            written_at=now,
        )
        .returning(SectionRow.id)
        .execution_options(synchronize_session=False)
    )
    section_id = await tx.scalar(written)
    if section_id is None:
        raise SectionNotFound
    return section_id


async def get_written_numbers(tx: AsyncSession, document_id: int) -> Sequence[str]:
    """Return the numbers of the sections that have a text, in reading order; no text is loaded."""
    query = select(SectionRow.number).where(SectionRow.document_id == document_id)
    query = query.where(SectionRow.content.is_not(None)).order_by(SectionRow.position)
    return (await tx.scalars(query)).all()


async def count_sections(tx: AsyncSession, document_id: int, *, author: str) -> tuple[int, int, int]:
    """Return how many sections there are, how many of them have a text, and how many texts `author` wrote."""
    counted = select(
        func.count(),
        func.count(SectionRow.content),
        func.count().filter(SectionRow.content.is_not(None), SectionRow.written_by == author),
    ).where(SectionRow.document_id == document_id)
    there, written, by_author = (await tx.execute(counted)).one()
    return there, written, by_author


async def replace_sections(tx: AsyncSession, document_id: int, sections: Sequence[SectionRow]) -> None:
    """Put these sections in the place of all that are there."""
    await tx.execute(delete(SectionRow).where(SectionRow.document_id == document_id))
    tx.add_all(sections)
    await tx.flush()


async def get_citations(tx: AsyncSession, document_id: int) -> Sequence[CitationRow]:
    """Return the citations of all sections, by section and in the order of their use."""
    query = (
        select(CitationRow)
        .join(SectionRow, SectionRow.id == CitationRow.section_id)
        .where(SectionRow.document_id == document_id)
        .order_by(SectionRow.position, CitationRow.position)
    )
    return (await tx.scalars(query)).all()


async def replace_citations(tx: AsyncSession, section_id: int, citations: Sequence[CitationRow]) -> None:
    """Put these citations in the place of the section's."""
    await tx.execute(delete(CitationRow).where(CitationRow.section_id == section_id))
    tx.add_all(citations)
    await tx.flush()


async def set_status(tx: AsyncSession, document_id: int, status: str) -> None:
    """Set the document's status, whoever owns it."""
    await tx.execute(update(DocumentRow).where(DocumentRow.id == document_id).values(status=status))
