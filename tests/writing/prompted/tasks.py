"""Tasks as the pipeline gives them, cut out of a document that is planned and not written."""

from collections.abc import Sequence

from tests.writing.made import make_sources
from tests.writing.walks import TITLE

from tesigo.manuscript import Outline, PlannedSection, Section, SectionKind, Source
from tesigo.research.evidence import Evidence, rank_evidence
from tesigo.writing.allocation import allot
from tesigo.writing.brief import Brief, make_brief
from tesigo.writing.length import words_for
from tesigo.writing.offline.outlining import propose
from tesigo.writing.ports import SectionTask, SummaryTask


def planned(
    pages: int = 30, language: str = "en", sources: Sequence[Source] | None = None
) -> tuple[Brief, Evidence, Outline]:
    """Return a brief, what is at hand for it, and an outline."""
    brief = make_brief(TITLE, pages=pages, language=language)
    evidence = rank_evidence(brief.title, make_sources() if sources is None else sources)
    return brief, evidence, propose(brief, evidence, words=words_for(brief))


def section_tasks(
    pages: int = 30, language: str = "en", sources: Sequence[Source] | None = None
) -> list[SectionTask]:
    """Return the task of every body section, chapters with sections of their own among them."""
    brief, evidence, outline = planned(pages, language, sources)
    allotments = allot(outline, evidence, pages=pages)
    by_key = {ranked.source.key: ranked.source for ranked in evidence.sources}
    body = [one for one in outline.walk() if one.kind is SectionKind.BODY]
    return [
        SectionTask(
            brief=brief,
            outline=outline,
            planned=one,
            target_words=one.target_words,
            sources=tuple(by_key[key] for key in one.keys),
            chosen=tuple(by_key.values()),
            passages=allotments[one.number].passages,
            terms=allotments[one.number].terms,
            number=place,
        )
        for place, one in enumerate(body)
    ]


def leaf_task(pages: int = 30, language: str = "en", sources: Sequence[Source] | None = None) -> SectionTask:
    """Return the task of the first section that has passages."""
    return next(task for task in section_tasks(pages, language, sources) if task.passages)


def summary_task(kind: SectionKind, written: Sequence[Section], *, language: str = "en") -> SummaryTask:
    """Return the task of the introduction, the conclusion or the abstract of these sections."""
    brief, evidence, outline = planned(language=language)
    sources = tuple(ranked.source for ranked in evidence.sources)
    allotment = allot(outline, evidence, pages=brief.pages)
    one: PlannedSection = next(planned for planned in outline.walk() if planned.kind is kind)
    return SummaryTask(
        brief=brief,
        outline=outline,
        planned=one,
        target_words=one.target_words,
        considered=sources,
        sources=sources,
        written=tuple(written),
        passages=allotment[one.number].passages,
    )
