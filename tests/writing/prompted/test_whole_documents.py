"""Whole documents by a model that behaves: complete, faultless, in each language, at several lengths."""

import pytest
from tests.fakes.chat_model import FakeChatModel
from tests.fakes.model_author import answer_prompt
from tests.writing.made import RecordingJournal, count_by_words, make_sources
from tests.writing.walks import TITLE

from tesigo.manuscript import Manuscript, SectionKind
from tesigo.writing.brief import make_brief
from tesigo.writing.checks import find_faults
from tesigo.writing.model_composer import ModelComposer
from tesigo.writing.pipeline import write_document


async def write(
    model: FakeChatModel, journal: RecordingJournal, *, pages: int, language: str = "en", sources: int = 60
) -> Manuscript:
    return await write_document(
        make_brief(TITLE, pages=pages, language=language),
        composer=ModelComposer(model),
        own_sources=make_sources(sources),
        searches=(),
        journal=journal,
        count_pages=count_by_words,
        concurrency=10,
    )


@pytest.mark.parametrize("language", ["en", "uk", "it"])
@pytest.mark.parametrize(("pages", "sources"), [(5, 60), (10, 60), (30, 160)])
async def test_a_document_is_whole_and_without_fault(
    journal: RecordingJournal, pages: int, sources: int, language: str
) -> None:
    model = FakeChatModel(answer_prompt)
    manuscript = await write(model, journal, pages=pages, language=language, sources=sources)
    assert find_faults(manuscript) == []
    assert model.reasons == []
    assert journal.outline is not None
    assert [one.number for one in journal.outline.walk()] == [one.number for one in manuscript.sections]
    body = [one for one in manuscript.sections if one.kind is SectionKind.BODY]
    assert all(one.written_by == "fake:author" and one.words > 20 for one in manuscript.sections)
    assert all(one.citations for one in body if "." in one.number)
    assert len(manuscript.cited_keys) >= min(12, pages)
    assert "fake:author" in manuscript.statement
    assert count_by_words(manuscript) == pytest.approx(pages, abs=1)
    assert journal.warnings == []
