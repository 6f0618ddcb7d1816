"""The model composer: outlines and sections by prompts over a chat model, with our citations alone (5.2)."""

import asyncio
from collections.abc import Sequence

from tesigo.gateway.ports import ChatModel, Reply
from tesigo.manuscript import Outline, Passage, Section
from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief
from tesigo.writing.ports import OUTLINE, SectionTask, SummaryTask
from tesigo.writing.prompted.material import carried_words
from tesigo.writing.prompted.outline_building import build_outline
from tesigo.writing.prompted.outline_request import ask_for_outline
from tesigo.writing.prompted.section_requests import Request, ask_for_section, ask_for_summary
from tesigo.writing.prompted.statement import state


class ModelComposer:
    """Composes with whatever model stands behind `ChatModel`; implements `Composer`.

    A model sees passages with the keys that we issued, and only citations of these survive in what it writes. Each
    is tied to the passage that supports it best, so that every text is faultless by the checks when it leaves here.
    Raises what the model raises: NoModelAnswers, CallRefused, TokenLimitReached.
    """

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model that is asked first ("provider:model")."""
        return self._model.name

    async def propose_outline(self, brief: Brief, evidence: Evidence, *, words: int) -> Outline:
        """Return an outline whose chapters the model chose, and in which every relevant source has its section.

        Raises NoUsableSource when nothing of the evidence serves the title.
        """
        request = await asyncio.to_thread(ask_for_outline, brief, evidence, words=words)
        reply = await self._model.ask(request.prompt, request.read, product=OUTLINE)
        return await asyncio.to_thread(
            build_outline, brief, evidence, request.candidates, reply.value, words=words
        )

    async def write_section(self, task: SectionTask) -> Section:
        """Return a body section in the model's words, each citation tied to a passage of its source."""
        return await self._write(await asyncio.to_thread(ask_for_section, task))

    async def summarise(self, task: SummaryTask) -> Section:
        """Return the introduction, the conclusion or the abstract, written from the beginnings of the sections."""
        return await self._write(await asyncio.to_thread(ask_for_summary, task))

    def carries(self, passages: Sequence[Passage]) -> int:
        """Return what these passages carry, beyond which a model would write of its own."""
        return carried_words(passages)

    def state_provenance(self, brief: Brief, sections: tuple[Section, ...]) -> str:
        """Return the statement that says which model wrote which sections, and what was checked."""
        return state(brief.language, sections, name=self.name)

    async def _write(self, request: Request) -> Section:
        reply: Reply[Section] = await self._model.ask(
            request.prompt, request.read, product=request.planned.number
        )
        return request.signed(reply.value, reply.model)
