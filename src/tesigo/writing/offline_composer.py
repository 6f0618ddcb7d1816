"""The offline writer: outlines by clustering, sections by quotation. No model, no key, no network (5.7)."""

import asyncio
from collections.abc import Sequence

from tesigo.manuscript import Outline, Passage, Section
from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief
from tesigo.writing.offline.outlining import propose
from tesigo.writing.offline.section_writing import write_body
from tesigo.writing.offline.statement import state
from tesigo.writing.offline.summaries import write_summary
from tesigo.writing.ports import SectionTask, SummaryTask

NAME = "offline:extractive"
_OWN_WORDS_PER_QUOTE = 11


class OfflineComposer:
    """Composes an annotated review in which every sentence of a source is quoted; implements `Composer`.

    The same input gives the same text in every process. Its work is done in threads, so that the event loop
    stays free.
    """

    name = NAME

    async def propose_outline(self, brief: Brief, evidence: Evidence, *, words: int) -> Outline:
        """Return an outline whose chapters are the topics of what was found.

        Raises NoUsableSource when nothing of it serves the title.
        """
        return await asyncio.to_thread(propose, brief, evidence, words=words)

    async def write_section(self, task: SectionTask) -> Section:
        """Return a body section made of quotations and of sentences that introduce and compare them."""
        return await asyncio.to_thread(write_body, task, name=self.name)

    async def summarise(self, task: SummaryTask) -> Section:
        """Return the introduction, the conclusion or the abstract, computed from the sections."""
        return await asyncio.to_thread(write_summary, task, name=self.name)

    def carries(self, passages: Sequence[Passage]) -> int:
        """Return the words of the passages with those that introduce them."""
        return sum(len(passage.text.split()) + _OWN_WORDS_PER_QUOTE for passage in passages)

    def state_provenance(self, brief: Brief, sections: tuple[Section, ...]) -> str:
        """Return the statement that the offline writer wrote this, and how."""
        return state(brief.language, sections, name=self.name)
