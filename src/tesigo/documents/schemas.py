"""What the routes of documents take and answer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from tesigo.documents.models import DocumentRow, SectionRow
from tesigo.intake.requirements.files import RulesFile
from tesigo.intake.requirements.values import Requirements as AskedRequirements
from tesigo.intake.requirements.values import plain_value
from tesigo.kit.schemas import IS_NUMBER, IS_STORABLE, AnswerModel, RequestModel
from tesigo.manuscript import Citation, PlannedSection, Section
from tesigo.writing.brief import (
    FEWEST_PAGES,
    LONGEST_REQUIREMENTS,
    LONGEST_TITLE,
    MOST_PAGES,
    SHORTEST_TITLE,
)

DocumentStatus = Literal["draft", "generating", "paused", "completed", "failed"]
Title = Annotated[
    str,
    StringConstraints(min_length=SHORTEST_TITLE, max_length=LONGEST_TITLE),
    IS_STORABLE,
    Field(examples=["Large language models in education"]),
]
Pages = Annotated[int, Field(ge=FEWEST_PAGES, le=MOST_PAGES, description="Of the exported PDF."), IS_NUMBER]
Language = Literal["en", "uk", "it"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), IS_STORABLE]
Requirements = Annotated[str, StringConstraints(max_length=LONGEST_REQUIREMENTS), IS_STORABLE]
Model = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    IS_STORABLE,
    Field(examples=["offline:extractive"]),
]
Content = Annotated[str, StringConstraints(max_length=3_000_000), IS_STORABLE]
LARGEST_VERSION = 2**31 - 1
DraftVersion = Annotated[int, Field(ge=1, le=LARGEST_VERSION)]


class DocumentToCreate(RequestModel):
    """What the user wants written."""

    title: Title
    pages: Pages = 10
    language: Language = Field("en", description="Of the text; sources may be in any.")
    citation_style: Name = Field("apa", description="The name of a CSL style.")
    norm: Name = Field("generic", description="The formatting norm: generic, apa7, dstu3008, italian.")
    requirements: Requirements | None = None
    model: Model | None = Field(
        None, description="Who writes, as provider:model; null for the installation's default."
    )


class DocumentToUpdate(RequestModel):
    """What is to change; a field that is left out stays."""

    title: Title = ""
    pages: Pages = 10
    language: Language = "en"
    citation_style: Name = "apa"
    norm: Name = "generic"
    requirements: Requirements | None = None
    model: Model | None = None
    content: Content = Field(
        "", description="Markdown with `#` and `##` headings and citations as `[@key]`; replaces the text."
    )

    def changes(self) -> dict[str, Any]:
        """Return the fields that were given, with their values, `content` apart."""
        return self.model_dump(exclude_unset=True, exclude={"content"})


class DocumentSummary(AnswerModel):
    """A document as lists show it."""

    id: int
    title: str
    status: DocumentStatus
    pages: int
    language: str
    citation_style: str
    norm: str
    model: str | None
    requirements: str | None
    tokens_used: int
    word_count: int
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


class DocumentAnswer(DocumentSummary):
    """A document with all that is written of it."""

    content: str | None = Field(description="Markdown; null while nothing is written.")

    @classmethod
    def of(cls, document: DocumentRow, content: str) -> Self:
        """Return the answer for this document."""
        summary = DocumentSummary.model_validate(document).model_dump()
        return cls(**summary, content=content or None)


class SourceAnswer(AnswerModel):
    """A source of a document. key: what the text cites it by, `[@key]`."""

    id: int
    key: str
    csl: dict[str, Any]
    found_by: str
    times_cited: int
    has_full_text: bool
    has_abstract: bool


class AddedSources(AnswerModel):
    """What came out of an upload. warnings: a sentence for each record that could not be read."""

    items: list[SourceAnswer]
    warnings: list[str]


class CslRecord(RequestModel, extra="allow"):
    """A bibliographic record as CSL-JSON (citationstyles.org), with `abstract` where there is one."""

    type: Name = Field(examples=["article-journal"])
    title: Title


class OutlineSection(AnswerModel):
    """A planned chapter or section."""

    number: str
    heading: str
    kind: Literal["abstract", "introduction", "body", "conclusion"]
    purpose: str
    target_words: int
    keys: list[str]
    children: list["OutlineSection"]

    @classmethod
    def of(cls, planned: PlannedSection) -> Self:
        """Return the answer for this section and those inside it."""
        return cls(
            number=planned.number,
            heading=planned.heading,
            kind=planned.kind.value,
            purpose=planned.purpose,
            target_words=planned.target_words,
            keys=list(planned.keys),
            children=[OutlineSection.of(child) for child in planned.children],
        )


class OutlineAnswer(AnswerModel):
    """The plan of a document, in reading order."""

    title: str
    sections: list[OutlineSection]

    @classmethod
    def from_planned(cls, title: str, sections: Sequence[PlannedSection]) -> Self:
        """Return the answer for these chapters."""
        return cls(title=title, sections=[OutlineSection.of(section) for section in sections])


class SectionSummary(AnswerModel):
    """A section as lists show it."""

    number: str
    heading: str
    status: Literal["planned", "written"]
    words: int
    target_words: int
    citations: int
    tokens_used: int

    @classmethod
    def of(cls, row: SectionRow, citations: int) -> Self:
        """Return the answer for this section with its number of citations."""
        return cls(
            number=row.number,
            heading=row.heading,
            status="planned" if row.content is None else "written",
            words=row.words,
            target_words=row.target_words,
            citations=citations,
            tokens_used=row.tokens_used,
        )


class SectionList(AnswerModel):
    """All sections in reading order."""

    items: list[SectionSummary]


class CitationAnswer(AnswerModel):
    """The use of a source.

    passage: the words of the source that support it. page: on which these begin, null where the source has no pages.
    score: 0 to 1.
    """

    key: str
    passage: str
    page: int | None
    score: float


class SectionAnswer(AnswerModel):
    """A section with its text."""

    number: str
    heading: str
    status: Literal["planned", "written"]
    words: int
    target_words: int
    tokens_used: int
    written_by: str
    content: str | None
    citations: list[CitationAnswer]

    @classmethod
    def of(cls, row: SectionRow, written: Section | None, page_of: Callable[[Citation], int | None]) -> Self:
        """Return the answer for this section and what is written of it."""
        return cls(
            number=row.number,
            heading=row.heading,
            status="planned" if written is None else "written",
            words=row.words,
            target_words=row.target_words,
            tokens_used=row.tokens_used,
            written_by=row.written_by,
            content=row.content,
            citations=[
                CitationAnswer(
                    key=citation.key,
                    passage=citation.passage.text,
                    page=page_of(citation),
                    score=citation.score,
                )
                for citation in (written.citations if written else ())
            ],
        )


class UnderstoodFact(AnswerModel):
    """Something that the rules ask. sentence: the words that it came from, `text[start:end]` with blanks folded."""

    fact: str = Field(examples=["line_spacing"])
    value: Any = Field(
        examples=[1.5],
        description="A number, a text, a list of what will do, `{least, most}`, or one value for each side or part.",
    )
    sentence: str
    start: int
    end: int


class RequirementsAnswer(AnswerModel):
    """What a file of rules says. pages: of a PDF; else standard pages of 1,800 characters."""

    text: str
    pages: int
    characters: int
    understood: list[UnderstoodFact]

    @classmethod
    def of(cls, rules: RulesFile, asked: AskedRequirements) -> Self:
        """Return the answer for this file and what was understood of it."""
        facts = [
            UnderstoodFact(
                fact=fact,
                value=plain_value(demand.value),
                sentence=demand.sentence,
                start=demand.start,
                end=demand.end,
            )
            for fact, demand in asked.understood()
        ]
        return cls(text=rules.text, pages=rules.pages, characters=len(rules.text), understood=facts)


class DraftToSave(RequestModel):
    """The whole content of an editor, as it stands."""

    content: Content = Field(description="Markdown, also empty; it is kept exactly as it is.")
    based_on: Annotated[int, Field(ge=0, le=LARGEST_VERSION), IS_NUMBER] | None = Field(
        None,
        description=(
            "The version that this text continues, 0 when there was none: 409 unless it is the newest. "
            "null saves without looking."
        ),
    )


class DraftSaved(AnswerModel):
    """A draft that is kept. version: give it as `based_on` with the next one."""

    version: int
    created_at: datetime


class DraftSummary(DraftSaved):
    """A draft as lists show it. characters: the length of its content."""

    auto_save: bool
    characters: int


class DraftAnswer(DraftSaved):
    """A draft with its content."""

    content: str
    auto_save: bool
