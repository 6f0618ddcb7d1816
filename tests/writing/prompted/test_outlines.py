"""A model's outline becomes the document's: known keys, distinct headings, every source in its place."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.chat_model import FakeChatModel
from tests.fakes.model_author import answer_prompt
from tests.writing.made import make_sources
from tests.writing.walks import TITLE

from tesigo.gateway.errors import NoModelAnswers, UnusableReply
from tesigo.manuscript import Outline, SectionKind, Source
from tesigo.research.evidence import rank_evidence
from tesigo.writing.allocation import allot
from tesigo.writing.brief import Brief, make_brief
from tesigo.writing.errors import NoUsableSource
from tesigo.writing.length import words_for
from tesigo.writing.model_composer import ModelComposer
from tesigo.writing.prompted.outline_reply import DraftChapter, OutlineReply, read_chapters
from tesigo.writing.prompted.outline_request import ask_for_outline
from tesigo.writing.sentences import likeness
from tesigo.writing.source_choice import usable_candidates

KEYS = ("rossi2020", "novak2021", "larsen2019")


def entry(heading: str, *keys: str, sections: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {
        "heading": heading,
        "purpose": f"Says it of {heading}.",
        "sources": list(keys),
        "sections": list(sections),
    }


def chapters(*entries: dict[str, Any], wanted: int = 2, language: str = "en") -> tuple[DraftChapter, ...]:
    reply = OutlineReply.model_validate({"chapters": entries})
    return read_chapters(reply, KEYS, language=language, wanted=wanted)


def test_unknown_keys_are_dropped_and_known_ones_are_taken_however_they_are_written() -> None:
    (walls, ponds) = chapters(
        entry("Walls", "rossi2020", "evil2020"), entry("Ponds", "[@Novak2021]", "novak2021", "@larsen2019")
    )
    assert (walls.keys, ponds.keys) == (("rossi2020",), ("novak2021", "larsen2019"))


def test_headings_are_plain_words_without_numbers() -> None:
    (walls, ponds) = chapters(
        entry("Chapter 2: **Walls** and soil.", "rossi2020"),
        entry("3.1 “Ponds”\u200b\n# and rain", "novak2021"),
    )
    assert (walls.heading, ponds.heading) == ("Walls and soil", "Ponds and rain")


def test_what_the_document_has_already_is_no_chapter() -> None:
    reply = [entry("Introduction"), entry("Вступ"), entry("Walls", "rossi2020"), entry("Conclusions", "novak2021"),
             entry("Висновки"), entry("References"), entry("Conclusion")]  # fmt: skip
    assert [chapter.heading for chapter in chapters(*reply)] == ["Walls", "Conclusions"]


def test_a_section_whose_heading_is_in_use_is_told_apart_by_its_chapter() -> None:
    (_, ponds) = chapters(
        entry("Walls", sections=[entry("Costs", "rossi2020"), entry("Roots")]),
        entry("Ponds", sections=[entry("Costs!", "novak2021"), entry("Abstract")]),
    )
    assert [section.heading for section in ponds.sections] == ["Costs!: Ponds", "Abstract: Ponds"]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([], "0 chapters, and 2 are wanted"),
        ([entry("Introduction", "rossi2020")], "0 chapters"),
        ([entry("?!", "rossi2020")], "0 chapters"),
        ([entry(f"Part {place} of five", "rossi2020") for place in range(5)], "5 chapters, and 2 are wanted"),
        ([entry("Walls", "evil2020"), entry("Ponds")], "keys of the list exactly"),
        ([entry("Walls", "rossi2020"), entry("walls!")], "Two chapters are called “walls!”"),
        (
            [entry("Walls", sections=[entry("Costs", "rossi2020"), entry("Costs"), entry("costs")])],
            "Two sections",
        ),
    ],
)
def test_an_outline_that_does_not_serve_is_refused_with_what_to_mend(
    entries: list[dict[str, Any]], reason: str
) -> None:
    with pytest.raises(UnusableReply) as told:
        chapters(*entries)
    assert reason in told.value.reason


async def propose(
    answer: str | None = None,
    *,
    pages: int = 12,
    language: str = "en",
    sources: Sequence[Source] | None = None,
) -> tuple[Outline, FakeChatModel, Brief]:
    """Return the outline that the composer makes of this answer, or of a sensible one."""
    brief = make_brief(TITLE, pages=pages, language=language)
    model = FakeChatModel(answer_prompt if answer is None else [answer, answer])
    evidence = rank_evidence(TITLE, make_sources() if sources is None else sources)
    outline = await ModelComposer(model).propose_outline(brief, evidence, words=words_for(brief))
    return outline, model, brief


@pytest.mark.parametrize(
    ("pages", "language"), [(5, "it"), (12, "en"), (12, "uk"), (12, "it"), (30, "uk"), (120, "en")]
)
async def test_the_outline_has_the_shape_that_sections_are_written_by(pages: int, language: str) -> None:
    outline, model, brief = await propose(pages=pages, language=language, sources=make_sources(300))
    kinds = [chapter.kind for chapter in outline.sections]
    assert kinds[:2] == [SectionKind.ABSTRACT, SectionKind.INTRODUCTION]
    assert kinds[-1] is SectionKind.CONCLUSION
    assert set(kinds[2:-1]) == {SectionKind.BODY}
    assert [chapter.number for chapter in outline.sections] == [
        str(place) for place in range(len(outline.sections))
    ]
    for chapter in outline.sections:
        assert [child.number for child in chapter.children] == [
            f"{chapter.number}.{place + 1}" for place in range(len(chapter.children))
        ]
    together = sum(planned.target_words for planned in outline.walk())
    assert together == pytest.approx(words_for(brief), abs=60)
    assert len({likeness(planned.heading) for planned in outline.walk()}) == len(list(outline.walk()))
    assert all(planned.target_words > 0 and planned.purpose for planned in outline.walk())
    assert model.reasons == []
    fixed = {
        "en": ("Abstract", "Conclusion"),
        "uk": ("Анотація", "Висновки"),
        "it": ("Sommario", "Conclusioni"),
    }
    assert (outline.sections[0].heading, outline.sections[-1].heading) == fixed[language]


async def test_every_relevant_source_has_a_section_even_when_the_model_leaves_most_of_them_out() -> None:
    brief = make_brief(TITLE, pages=30)
    evidence = rank_evidence(TITLE, make_sources(160))
    candidates = usable_candidates(brief, evidence, words=words_for(brief))
    names = ("Erosion", "Rotation", "Water", "Seeds", "Cooperatives", "Pests")
    lazy = json.dumps({"chapters": [
        entry(name, sections=[entry(f"{name} here", one.source.key), entry(f"{name} there")])
        for name, one in zip(names, candidates, strict=False)
    ]})  # fmt: skip
    outline, _, _ = await propose(lazy, pages=30, sources=make_sources(160))
    leaves = [one for one in outline.walk() if one.kind is SectionKind.BODY and not one.children]
    assert {key for leaf in leaves for key in leaf.keys} == {one.source.key for one in candidates}
    fewest, most = min(len(leaf.keys) for leaf in leaves), max(len(leaf.keys) for leaf in leaves)
    assert fewest >= 1
    assert most <= 0.35 * len(candidates)


async def test_a_source_that_was_left_out_goes_where_others_speak_of_the_same() -> None:
    sources = make_sources(60)
    evidence = rank_evidence(TITLE, sources)
    brief = make_brief(TITLE, pages=12)
    candidates = usable_candidates(brief, evidence, words=words_for(brief))
    soil = [one.source.key for one in candidates if one.source.title.startswith("Soil")]
    shared = [one.source.key for one in candidates if one.source.title.startswith("Farm")]
    answer = json.dumps({"chapters": [entry("Хапгауд", *soil[:-1]), entry("Спільне", *shared)]})
    outline, _, _ = await propose(answer, sources=sources)
    assert soil[-1] in outline.sections[2].keys


async def test_each_section_has_passages_of_its_own_or_is_not_there() -> None:
    sources = make_sources(3)
    keys = [source.key for source in sources]
    answer = json.dumps({"chapters": [
        entry("One", *keys), entry("Two", *keys), entry("Three", *keys), entry("Four", *keys)
    ]})  # fmt: skip
    brief = make_brief(TITLE, pages=12)
    evidence = rank_evidence(TITLE, sources)
    request = ask_for_outline(brief, evidence, words=words_for(brief))
    assert "one chapter" in request.prompt.messages[0].text
    with pytest.raises(NoModelAnswers):
        await propose(answer, sources=sources)
    three = json.dumps(
        {"chapters": [entry("One", sections=[entry("A", *keys), entry("B", *keys), entry("C", *keys)])]}
    )
    outline, _, _ = await propose(three, sources=sources)
    allotments = allot(outline, evidence, pages=12)
    leaves = [one for one in outline.walk() if one.kind is SectionKind.BODY and not one.children]
    assert [one.heading for one in leaves] == ["One"]
    assert all(allotments[one.number].passages for one in leaves)


async def test_a_long_text_may_serve_several_sections() -> None:
    long = make_sources(24)
    full = replace(long[0], full_text="\n\n".join(source.abstract for source in long), abstract="")
    sources = [full, *long[1:6]]
    keys = [source.key for source in sources]
    answer = json.dumps({"chapters": [entry("One", keys[0], *keys[1:3]), entry("Two", keys[0], *keys[3:])]})
    outline, _, _ = await propose(answer, sources=sources)
    assert [keys[0] in chapter.keys for chapter in outline.sections[2:4]] == [True, True]


async def test_a_reason_lets_the_model_mend_its_outline() -> None:
    brief = make_brief(TITLE, pages=12)
    evidence = rank_evidence(TITLE, make_sources())
    answers = iter(["Gladly!", ""])

    def answer(prompt: Any) -> str:
        return next(answers) or answer_prompt(prompt)

    model = FakeChatModel(answer)
    outline = await ModelComposer(model).propose_outline(brief, evidence, words=words_for(brief))
    assert len(outline.sections) > 4
    assert "JSON" in model.reasons[0]
    assert [product for product, _ in model.asked] == ["outline", "outline"]


async def test_without_a_source_no_model_is_asked() -> None:
    model = FakeChatModel([])
    for sources in ([], [Source("bare2020", {"id": "bare2020", "title": TITLE})]):
        with pytest.raises(NoUsableSource):
            await ModelComposer(model).propose_outline(
                make_brief(TITLE), rank_evidence(TITLE, sources), words=2_000
            )
    assert model.asked == []


def test_the_list_of_sources_is_bounded_and_the_requirements_are_in_it() -> None:
    brief = replace(make_brief(TITLE, pages=200), requirements="Open with a history. " * 2_000)
    request = ask_for_outline(brief, rank_evidence(TITLE, make_sources(400)), words=words_for(brief))
    text = request.prompt.messages[0].text
    assert text.count("\n- ") == 60 < len(request.candidates)
    assert "Open with a history." in text
    assert len(text) < 40_000
    assert request.prompt.schema is not None
    assert request.prompt.most_tokens < 16_000
