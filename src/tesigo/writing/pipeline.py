"""A document's way: brief → research → outline → sections → check → assemble."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tesigo.export.norms import load_norm
from tesigo.export.styles import find_style
from tesigo.manuscript import Manuscript, Outline, Section, Source
from tesigo.research.errors import SourcesUnavailable
from tesigo.research.evidence import Gathered, gather_sources, rank_evidence
from tesigo.research.ports import SourceSearch
from tesigo.writing.brief import Brief
from tesigo.writing.checks import find_faults
from tesigo.writing.errors import FaultyText, NoUsableSource
from tesigo.writing.length import words_for
from tesigo.writing.plan import make_plan
from tesigo.writing.ports import Composer, Journal, PageCounter
from tesigo.writing.section_walk import SectionWalk
from tesigo.writing.stages import Stage

_MOST_FOUND = 400
_SEARCH_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class SoFar:
    """What an earlier run has finished; it is taken over as it is.

    sources: () when research is still to be done. sections: by number.
    """

    sources: tuple[Source, ...] = ()
    outline: Outline | None = None
    sections: Mapping[str, Section] = field(default_factory=dict)


async def write_document(
    brief: Brief,
    *,
    composer: Composer,
    own_sources: Sequence[Source],
    searches: Sequence[SourceSearch],
    journal: Journal,
    count_pages: PageCounter,
    concurrency: int,
    search_timeout_s: float = _SEARCH_TIMEOUT_S,
    so_far: SoFar | None = None,
) -> Manuscript:
    """Return the whole document; the journal hears of each step as it is done.

    concurrency: how many sections are written at a time, at least 1; the text does not depend on it as long as
    the composer's does not. Introduction, conclusion and abstract are written when all others are there.
    search_timeout_s: how long each search may take; one that takes longer is a warning.
    so_far: what an earlier run had finished: it is not done again, and the text ends up the same as if the run
    had never been interrupted. Cancelling stops all sections at once and loses nothing that the journal has heard of.
    A failure of composer, journal or page counter while sections are written is raised when those that are under way
    have ended and are recorded; no other is begun.
    Raises NoUsableSource when nothing can be quoted for the title, SourcesUnavailable when that is because no search
    answered, HouseUnavailable when a part of this installation is away, UnknownNorm and UnknownStyle before any work,
    FaultyText when a section breaks a promise that cannot be mended.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency is {concurrency}, and nothing would ever be written")
    done = so_far or SoFar()
    await journal.stage_started(Stage.BRIEF)
    load_norm(brief.norm)
    await asyncio.to_thread(find_style, brief.citation_style)

    await journal.stage_started(Stage.RESEARCH)
    sources = done.sources or await _research(brief, own_sources, searches, journal, search_timeout_s)
    evidence = await asyncio.to_thread(rank_evidence, brief.title, sources)

    await journal.stage_started(Stage.OUTLINE)
    outline = done.outline
    if outline is None:
        outline = await composer.propose_outline(brief, evidence, words=words_for(brief))
        await journal.outline_ready(outline)
    plan = await asyncio.to_thread(make_plan, brief, outline, evidence, composer)

    await journal.stage_started(Stage.SECTIONS)
    walk = await asyncio.to_thread(
        SectionWalk, plan, composer, journal, count_pages, done.sections, concurrency=concurrency
    )
    written = await walk.write_all()

    await journal.stage_started(Stage.CHECK)
    manuscript = plan.manuscript(written)
    await asyncio.to_thread(_require_faultless, manuscript)
    await walk.warn_when_short(manuscript)

    await journal.stage_started(Stage.ASSEMBLE)
    return manuscript


async def plan_outline(
    brief: Brief,
    *,
    composer: Composer,
    own_sources: Sequence[Source],
    searches: Sequence[SourceSearch],
    search_timeout_s: float = _SEARCH_TIMEOUT_S,
) -> Outline:
    """Return the outline that a document of this brief would begin with; nothing is recorded.

    Raises NoUsableSource when nothing can be quoted for the title, SourcesUnavailable when that is because no search
    answered, HouseUnavailable when a part of this installation is away.
    """
    gathered = await _gather(brief, own_sources, searches, search_timeout_s)
    evidence = await asyncio.to_thread(rank_evidence, brief.title, gathered.sources)
    return await composer.propose_outline(brief, evidence, words=words_for(brief))


async def _research(
    brief: Brief,
    own_sources: Sequence[Source],
    searches: Sequence[SourceSearch],
    journal: Journal,
    timeout_s: float,
) -> tuple[Source, ...]:
    gathered = await _gather(brief, own_sources, searches, timeout_s)
    await journal.evidence_found(gathered.sources, gathered.warnings)
    return gathered.sources


async def _gather(
    brief: Brief, own_sources: Sequence[Source], searches: Sequence[SourceSearch], timeout_s: float
) -> Gathered:
    gathered = await gather_sources(
        brief.title, own=own_sources, searches=searches, limit=_MOST_FOUND, timeout_s=timeout_s
    )
    if gathered.sources:
        return gathered
    reasons = " ".join(f"{warning.rstrip('.')}." for warning in gathered.warnings)
    if reasons and len(gathered.warnings) == len(searches):
        raise SourcesUnavailable(f"No search for sources answered: please try again in a moment. {reasons}")
    advice = (
        "There is no source to write from: add papers (PDF, DOCX, text) or records with abstracts "
        "(BibTeX, RIS, CSL-JSON) to the document or to the library."
    )
    raise NoUsableSource(f"{advice} Or try again in a moment: {reasons}" if reasons else advice)


def _require_faultless(manuscript: Manuscript) -> None:
    faults = find_faults(manuscript)
    if faults:
        first = faults[0]
        raise FaultyText(
            f"Section {first.number} breaks a promise ({first.kind}: {first.detail[:120]}); write it again."
        )
