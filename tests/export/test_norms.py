import pytest
from tests.export.manuscripts import PROSE, make_single

from tesigo.export.errors import UnknownNorm
from tesigo.export.norms import load_norm, norm_names
from tesigo.export.rendering import count_pages


def test_the_norms_of_the_requirements_are_there_the_generic_one_first() -> None:
    assert norm_names() == ("generic", "apa7", "dstu3008", "italian")
    assert all(load_norm(name).title for name in norm_names())


def test_an_unknown_norm_is_refused_with_the_known_names() -> None:
    with pytest.raises(UnknownNorm, match='no formatting norm "harvard": choose one of generic, apa7'):
        load_norm("harvard")


_ACADEMIC = (
    "Retrieval-augmented generation systems are traditionally evaluated by means of human annotations for "
    "queries, passages and responses, which is expensive and does not transfer between domains. We introduce "
    "an automated evaluation framework that judges context relevance, answer faithfulness and relevance, and "
    "compare its predictions with those of experienced annotators across several knowledge-intensive tasks. "
    "The framework requires few annotations and remains effective after substantial shifts of the domain."
)


@pytest.mark.parametrize(
    ("name", "language", "paragraph"),
    [
        ("generic", "en", _ACADEMIC),
        ("apa7", "en", _ACADEMIC),
        ("dstu3008", "uk", " ".join([PROSE["uk"]] * 2)),
        ("italian", "it", " ".join([PROSE["it"]] * 2)),
    ],
)
def test_the_characters_of_a_page_are_what_a_page_holds(name: str, language: str, paragraph: str) -> None:
    few, many = (
        count_pages(make_single("\n\n".join([paragraph] * count), norm=name, language=language))
        for count in (6, 36)
    )
    measured = (len(paragraph) + 1) * 30 / (many - few)
    assert load_norm(name).characters_per_page(language) == pytest.approx(measured, rel=0.08)


def test_a_page_holds_fewer_ukrainian_words_than_english_ones() -> None:
    words = {
        language: load_norm("generic").words_per_page(language) for language in ("en", "en-GB", "uk", "it")
    }
    assert 390 < words["en"] < 430
    assert words["en-GB"] == words["en"]
    assert 0.7 < words["uk"] / words["en"] < 0.9


def test_chapters_run_on_in_short_documents_only() -> None:
    norm = load_norm("generic")
    assert [norm.starts_chapters_on_new_page(pages) for pages in (5, 19, 20)] == [False, False, True]
    assert load_norm("dstu3008").starts_chapters_on_new_page(15)
    assert load_norm("apa7").starts_references_on_new_page(5)
