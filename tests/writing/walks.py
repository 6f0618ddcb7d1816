"""Runs of the pipeline over a plain composer, and what its chapters are called."""

import asyncio
from collections.abc import Sequence

from tests.writing.made import RecordingJournal, count_by_words
from tests.writing.plain_composer import outline_of

from tesigo.manuscript import Manuscript, SectionKind, Source
from tesigo.writing.brief import make_brief
from tesigo.writing.page_aim import Correction, due_corrections
from tesigo.writing.pipeline import SoFar, write_document
from tesigo.writing.ports import Composer, PageCounter

TITLE = "Sustainable farming on small farms"
PAGES = 24


async def write(
    composer: Composer,
    sources: Sequence[Source],
    journal: RecordingJournal,
    *,
    concurrency: int,
    so_far: SoFar | None = None,
    count_pages: PageCounter = count_by_words,
    pages: int = PAGES,
    language: str = "en",
) -> Manuscript:
    return await write_document(
        make_brief(TITLE, pages=pages, language=language),
        composer=composer,
        own_sources=sources,
        searches=(),
        journal=journal,
        count_pages=count_pages,
        concurrency=concurrency,
        so_far=so_far,
    )


def chapters(first: int, last: int) -> list[str]:
    """Return the numbers of the chapters from the one to the other, both included."""
    return [str(number) for number in range(first, last + 1)]


def corrections_of(count: int) -> list[Correction]:
    """Return the corrections of a document of so many chapters."""
    return due_corrections([one for one in outline_of(count).walk() if one.kind is SectionKind.BODY])


async def turns() -> None:
    """Let everything that can go on do so for a few turns of the loop."""
    for _ in range(20):
        await asyncio.sleep(0)
