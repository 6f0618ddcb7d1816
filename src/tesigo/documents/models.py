"""The tables of documents and of the library."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from tesigo.kit.db import Row

_BIG_ID = Identity(always=True)


class DocumentRow(Row):
    """What a user is writing.

    status: draft, generating, paused, completed, failed. statement: how it came about, "" before.
    last_draft: the version of the newest draft ever saved, 0 before; it only rises, so that no number repeats.
    """

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'generating', 'paused', 'completed', 'failed')", name="status_is_known"
        ),
        Index("ix_documents_owner", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, _BIG_ID, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    pages: Mapped[int]
    language: Mapped[str] = mapped_column(String(16))
    citation_style: Mapped[str] = mapped_column(String(100))
    norm: Mapped[str] = mapped_column(String(100))
    model: Mapped[str | None] = mapped_column(String(200))
    requirements: Mapped[str | None] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text, server_default="")
    tokens_used: Mapped[int] = mapped_column(BigInteger, server_default="0")
    word_count: Mapped[int] = mapped_column(server_default="0")
    last_draft: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class DraftRow(Row):
    """A version of a document's whole content, as it was saved while somebody edited it."""

    __tablename__ = "drafts"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[str] = mapped_column(Text)
    auto_save: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(index=True)


class SourceRow(Row):
    """A source of one document; its key never changes, because the text refers to it.

    page_starts, first_page: as `manuscript.Source` has them.
    """

    __tablename__ = "sources"
    __table_args__ = (Index("uq_sources_key", "document_id", "key", unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, _BIG_ID, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(64))
    csl: Mapped[dict[str, Any]]
    abstract: Mapped[str] = mapped_column(Text)
    full_text: Mapped[str] = mapped_column(Text)
    page_starts: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    first_page: Mapped[int] = mapped_column(server_default="1")
    found_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class SectionRow(Row):
    """A section of one document: first planned, then written.

    position: the place in reading order, from 0; it orders, `number` addresses.
    content: None while it is only planned.
    """

    __tablename__ = "sections"
    __table_args__ = (
        Index("uq_sections_number", "document_id", "number", unique=True),
        CheckConstraint("kind IN ('abstract', 'introduction', 'body', 'conclusion')", name="kind_is_known"),
    )

    id: Mapped[int] = mapped_column(BigInteger, _BIG_ID, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"))
    number: Mapped[str] = mapped_column(String(16))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    heading: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    target_words: Mapped[int]
    keys: Mapped[list[str]]
    content: Mapped[str | None] = mapped_column(Text)
    words: Mapped[int] = mapped_column(server_default="0")
    tokens_used: Mapped[int] = mapped_column(BigInteger, server_default="0")
    written_by: Mapped[str] = mapped_column(String(200), server_default="")
    written_at: Mapped[datetime | None]


class CitationRow(Row):
    """The use of a source in a section, with the passage that supports it.

    passage_start, passage_end: where in the source's body; both 0 when no passage is known.
    """

    __tablename__ = "citations"

    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), index=True)
    passage: Mapped[str] = mapped_column(Text)
    passage_start: Mapped[int]
    passage_end: Mapped[int]
    score: Mapped[float]


class LibrarySourceRow(Row):
    """A source that every document of this installation may find.

    page_starts, first_page: as `manuscript.Source` has them.
    identity: the DOI, else the normalised title and year: the same work is not added twice.
    terms: what the coarse search looks through.
    """

    __tablename__ = "library_sources"
    __table_args__ = (Index("ix_library_sources_terms", "terms", postgresql_using="gin"),)

    id: Mapped[int] = mapped_column(BigInteger, _BIG_ID, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    identity: Mapped[str] = mapped_column(String(64), unique=True)
    csl: Mapped[dict[str, Any]]
    abstract: Mapped[str] = mapped_column(Text)
    full_text: Mapped[str] = mapped_column(Text)
    page_starts: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    first_page: Mapped[int] = mapped_column(server_default="1")
    added_at: Mapped[datetime]
    terms: Mapped[Any] = mapped_column(
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('english', left(coalesce(csl ->> 'title', ''), 2000)), 'A') || "
            "to_tsvector('english', left(abstract, 20000)) || "
            "to_tsvector('english', left(full_text, 60000))",
            persisted=True,
        ),
    )
