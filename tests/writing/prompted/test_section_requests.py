"""What of an answer makes a section, and what the model is told when it does not."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.fakes.chat_model import FakeChatModel
from tests.fakes.model_author import answer_prompt
from tests.writing.prompted.tasks import leaf_task, section_tasks, summary_task

from tesigo.gateway.errors import NoModelAnswers, UnusableReply
from tesigo.gateway.ports import Prompt
from tesigo.manuscript import Section, SectionKind
from tesigo.writing.checks import mend_section
from tesigo.writing.model_composer import ModelComposer
from tesigo.writing.prompted.section_requests import ask_for_section, ask_for_summary
from tesigo.writing.said import Said


def answered(change: Callable[[str], str], language: str = "en") -> Section:
    """Return the section of a sensible answer that is changed."""
    request = ask_for_section(leaf_task(language=language))
    return request.read(change(answer_prompt(request.prompt)))


@pytest.mark.parametrize("language", ["en", "uk", "it"])
def test_a_sensible_answer_becomes_a_section_with_its_citations(language: str) -> None:
    task = leaf_task(language=language)
    section = answered(lambda text: text, language)
    assert (section.number, section.heading, section.kind) == (
        task.planned.number,
        task.planned.heading,
        SectionKind.BODY,
    )
    assert section.words == pytest.approx(ask_for_section(task).target_words, rel=0.15)
    assert {citation.key for citation in section.citations} <= {one.source_key for one in task.passages}
    assert {citation.passage for citation in section.citations} <= set(task.passages)
    assert any(citation.score == 1.0 for citation in section.citations)
    known = {source.key: source for source in task.chosen}
    assert mend_section(section, sources=known, said=Said()) is section


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: "", "Only 0 words can be used"),
        (lambda _: "# Soil\n\n---", "Only 0 words"),
        (lambda _: "Too little is said here.", "Only 5 words"),
        (lambda text: " ".join(text.split()[: len(text.split()) * 3 // 10]), "words can be used, and about"),
        (lambda text: text.replace("[@", "[@evil"), "Only 0 words"),
        (lambda text: " ".join(word for word in text.split() if "@" not in word), "Nothing is cited"),
    ],
)
def test_an_answer_of_which_too_little_can_be_used_is_refused_with_what_to_mend(
    change: Callable[[str], str], reason: str
) -> None:
    with pytest.raises(UnusableReply) as told:
        answered(change)
    assert reason in told.value.reason


def test_the_reason_names_keys_that_may_be_cited() -> None:
    with pytest.raises(UnusableReply) as told:
        answered(lambda text: " ".join(word for word in text.split() if "@" not in word))
    assert f"[@{leaf_task().passages[0].source_key}]" in told.value.reason


def test_a_sentence_that_a_model_says_twice_stands_once() -> None:
    once = answered(lambda text: text)
    twice = answered(lambda text: f"{text}\n\n{text}")
    assert (twice.content, twice.citations) == (once.content, once.citations)


async def test_who_answered_is_who_wrote() -> None:
    class Fallback(FakeChatModel):
        """Is called one thing and answers as another."""

    model = Fallback(answer_prompt)
    composer = ModelComposer(model)
    section = await composer.write_section(leaf_task())
    assert (composer.name, section.written_by) == ("fake:author", "fake:author")
    task = leaf_task()
    assert model.asked[0][0] == task.planned.number


async def test_a_model_that_mends_its_answer_is_believed_and_one_that_does_not_fails() -> None:
    task = leaf_task()
    answers = iter(["Sorry.", ""])

    def mending(prompt: Prompt) -> str:
        return next(answers) or answer_prompt(prompt)

    assert (await ModelComposer(FakeChatModel(mending)).write_section(task)).words > 100
    with pytest.raises(NoModelAnswers):
        await ModelComposer(FakeChatModel(["Sorry.", "Sorry."])).write_section(task)


async def test_the_opening_of_a_chapter_and_a_section_without_passages_cite_nothing() -> None:
    task = next(one for one in section_tasks() if one.planned.children)
    composer = ModelComposer(FakeChatModel(answer_prompt))
    opening = await composer.write_section(task)
    bare = await composer.write_section(replace(leaf_task(), passages=()))
    assert opening.citations == bare.citations == ()
    assert opening.words > 20
    assert bare.words > 20


def test_keys_of_the_document_go_from_an_abstract_and_their_sentences_stay() -> None:
    task = summary_task(SectionKind.ABSTRACT, [])
    request = ask_for_summary(task)
    key, name = task.sources[0].key, task.sources[0].author_names[0]
    kept = " ".join(f"Walls of kind {place} hold the soil of the slope above them." for place in range(8))
    section = request.read(
        f"{kept} Ponds store the rain [@{key}]. {name} ({task.sources[0].year}) agrees. All is lost [@evil2020]."
    )
    assert section.content.endswith(f"Ponds store the rain. {name} ({task.sources[0].year}) agrees.")
    assert section.citations == ()


def test_an_introduction_cites_the_passages_that_were_kept_for_it() -> None:
    task = summary_task(SectionKind.INTRODUCTION, [])
    request = ask_for_summary(task)
    section = request.read(answer_prompt(request.prompt))
    assert {citation.key for citation in section.citations} <= {one.source_key for one in task.passages}
    assert section.citations
