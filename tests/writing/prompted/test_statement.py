"""How a document of models came about is told in its language."""

import pytest
from tests.writing.prompted.made import ROSSI

from tesigo.manuscript import Citation, Passage, Section, SectionKind
from tesigo.writing.prompted.statement import state


def section(number: str, writer: str) -> Section:
    citation = Citation("rossi2020", Passage("rossi2020", 0, 8, ROSSI.body[:8]), 0.5)
    return Section(
        number, f"Part {number}", SectionKind.BODY, "Walls hold [@rossi2020].", (citation,), writer
    )


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            (
                "the language model openai:big.",
                "cites one work (citations: 2)",
                "each citation belongs to a source",
            ),
        ),
        (
            "uk",
            ("мовної моделі openai:big.", "процитовано одну працю (посилань: 2)", "кожне посилання належить"),
        ),
        (
            "it",
            ("il modello linguistico openai:big.", "cita un lavoro (rinvii: 2)", "ogni rinvio appartenga"),
        ),
    ],
)
def test_it_names_the_model_and_counts_works_and_citations(language: str, told: tuple[str, ...]) -> None:
    text = state(language, [section("2", "openai:big"), section("3", "openai:big")], name="openai:big")
    assert all(part in text for part in told), text
    assert "{" not in text


@pytest.mark.parametrize(
    ("language", "models", "model", "people"),
    [
        (
            "en",
            "models openai:big and local:small.",
            "numbered 3 is by local:small",
            "numbered 4 was written or changed by hand",
        ),
        (
            "uk",
            "моделей openai:big і local:small.",
            "номерами 3 написала модель local:small",
            "номерами 4 написано або змінено вручну",
        ),
        (
            "it",
            "modelli linguistici openai:big e local:small.",
            "numeri 3 è di local:small",
            "numeri 4 è stato scritto",
        ),
    ],
)
def test_what_a_fallback_or_a_person_wrote_is_said(
    language: str, models: str, model: str, people: str
) -> None:
    sections = [
        section("1", "openai:big"),
        section("2", "openai:big"),
        section("3", "local:small"),
        section("4", "author"),
    ]
    text = state(language, sections, name="openai:big")
    assert all(part in text for part in (models, model, people)), text


@pytest.mark.parametrize(
    ("language", "told"), [("en", "2 was composed by"), ("uk", "2 склав"), ("it", "2 è stato composto")]
)
def test_what_the_offline_writer_wrote_is_no_model_s(language: str, told: str) -> None:
    text = state(
        language, [section("1", "openai:big"), section("2", "offline:extractive")], name="openai:big"
    )
    assert told in text
    assert "offline:extractive" not in text


def test_before_anything_is_written_it_names_the_model_that_will_be_asked() -> None:
    assert "openai:big" in state("en", [], name="openai:big")
