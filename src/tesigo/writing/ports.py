"""What the pipeline needs from outside: who composes, who is told, who counts pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tesigo.gateway.ports import Account
from tesigo.manuscript import Manuscript, Outline, Passage, PlannedSection, Section, Source
from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief
from tesigo.writing.stages import Stage

OUTLINE = "outline"
"""What a call of a model is for that proposes the outline; other calls are for a section, by its number."""

PageCounter = Callable[[Manuscript], float]
"""Returns the pages that an export will have, with a fraction; blocks, and is called in a thread."""


@dataclass(frozen=True, slots=True)
class SectionTask:
    """All that one body section is written from; no other section shares its passages or terms.

    target_words: the plan's target, corrected by the pages of sections before it.
    sources: those meant for the section (for a chapter with children: theirs), most important first.
    chosen: those that the outline names anywhere, among which the section's must stay distinct by name.
    passages: what may be quoted here and nowhere else, in reading order within each source.
    terms: what the section's passages speak of and no other section claims, most telling first.
    number: the section's place among all that are written, from 0.
    """

    brief: Brief
    outline: Outline
    planned: PlannedSection
    target_words: int
    sources: tuple[Source, ...]
    chosen: tuple[Source, ...]
    passages: tuple[Passage, ...]
    terms: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class SummaryTask:
    """All that the introduction, the conclusion or the abstract is written from.

    considered: how many sources were found; sources: those meant for the document.
    written: all body sections, in reading order. The three are written at the same time and do not see each other.
    passages: kept for this section alone.
    """

    brief: Brief
    outline: Outline
    planned: PlannedSection
    target_words: int
    considered: tuple[Source, ...]
    sources: tuple[Source, ...]
    written: tuple[Section, ...]
    passages: tuple[Passage, ...]


class Composer(Protocol):
    """What proposes outlines and writes sections: the offline writer, or a model.

    Several sections are asked for at the same time. TokenLimitReached from any call means that the work pauses.
    """

    @property
    def name(self) -> str:
        """How provenance names it: "offline:extractive", or "provider:model"."""
        ...

    async def propose_outline(self, brief: Brief, evidence: Evidence, *, words: int) -> Outline:
        """Return a whole outline: abstract "0", introduction "1", chapters, conclusion.

        words: what all sections together are to have.
        Raises NoUsableSource when nothing of the evidence serves the title.
        """
        ...

    async def write_section(self, task: SectionTask) -> Section:
        """Return a body section of about `task.target_words`, shorter when its passages carry less."""
        ...

    async def summarise(self, task: SummaryTask) -> Section:
        """Return the introduction, the conclusion or the abstract, as `task.planned.kind` says."""
        ...

    def carries(self, passages: Sequence[Passage]) -> int:
        """Return how many words it can honestly write from these passages."""
        ...

    def state_provenance(self, brief: Brief, sections: tuple[Section, ...]) -> str:
        """Return how the document came about, in its language, without a date."""
        ...


class ComposerChoice(Protocol):
    """Who can write in this installation."""

    @property
    def names(self) -> Sequence[str]:
        """What can be chosen, the default first."""
        ...

    def resolve(self, model: str | None) -> str:
        """Return the full name of who writes when this is asked for. Raises Invalid when that cannot be had."""
        ...

    def choose(self, model: str | None, *, account: Account, job: str) -> Composer:
        """Return who writes; `account` pays for what it asks of models. Raises as `resolve`."""
        ...

    def tokens_for(self, model: str | None, brief: Brief, *, planned: int) -> int:
        """Return how many tokens must be left to begin with a document, or to go on with it. Raises as `resolve`.

        planned: how many sections it has, 0 before there is an outline.
        """
        ...


class Journal(Protocol):
    """Is told what happened, as it happens; what it has recorded is never made twice.

    Sections are written at the same time, so that they end in any order and calls about them may overlap.
    """

    async def stage_started(self, stage: Stage) -> None:
        """Say that the pipeline enters this stage."""
        ...

    async def evidence_found(self, sources: tuple[Source, ...], warnings: tuple[str, ...]) -> None:
        """Record the sources that were gathered; warnings are sentences for the user."""
        ...

    async def outline_ready(self, outline: Outline) -> None:
        """Record the outline that the sections will follow."""
        ...

    async def section_started(self, planned: PlannedSection) -> None:
        """Say that the writing of this section begins."""
        ...

    async def section_written(self, section: Section) -> None:
        """Record a finished section: it will not change any more."""
        ...

    async def warned(self, warning: str) -> None:
        """Record a sentence that the user should read, for example that sources are missing."""
        ...
