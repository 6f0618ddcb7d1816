"""What stays of sentences whose references are none of ours."""

import pytest
from tests.writing.prompted.made import references

from tesigo.writing.prompted.claims import split_sentences, supported_sentences, without_signs
from tesigo.writing.prompted.markers import UNKNOWN
from tesigo.writing.prompted.references import References


def left(paragraph: str) -> list[str]:
    return list(supported_sentences(paragraph.replace("?", UNKNOWN), references()))


def test_a_claim_whose_only_reference_is_unknown_goes_with_it() -> None:
    assert left("Walls hold [@rossi2020]. Walls cure all ?. Ponds store [@novak2021].") == [
        "Walls hold [@rossi2020].",
        "Ponds store [@novak2021].",
    ]


def test_a_claim_with_one_citation_of_ours_stays_and_loses_the_others() -> None:
    assert left("Walls hold ?, and ponds store [@novak2021] ?.") == [
        "Walls hold, and ponds store [@novak2021]."
    ]


def test_a_sentence_without_any_reference_stays() -> None:
    assert left("Both matter. Walls cure all ?.") == ["Both matter."]


@pytest.mark.parametrize(
    ("paragraph", "kept"),
    [
        ("Smith (2019) says that walls hold.", []),
        (
            "Smith and Lee (2019, p. 4) say that walls hold [@rossi2020].",
            ["Smith and Lee say that walls hold [@rossi2020]."],
        ),
        ("Rossi (2020) says that walls hold [@rossi2020].", ["Rossi (2020) says that walls hold [@rossi2020]."]),
        ("Larsen (2019) is named in passing.", ["Larsen (2019) is named in passing."]),
        ("Rossi (2018) says that walls hold.", []),
        ("Шевченко та ін. (2019) пишуть про стіни.", []),
        ("The war in Tuscany (1948) ended late [@rossi2020].", ["The war in Tuscany ended late [@rossi2020]."]),
    ],
)  # fmt: skip
def test_a_work_named_by_author_and_year_must_be_one_of_ours(paragraph: str, kept: list[str]) -> None:
    assert left(paragraph) == kept


def test_one_of_two_works_of_an_author_and_year_may_be_named() -> None:
    mine = references()
    twins = References(
        "en", mine.citable, {**mine.known, "rossi2020b": mine.known["rossi2020"]}, mine.passages
    )
    assert list(supported_sentences("Rossi (2020) is named.", twins)) == ["Rossi (2020) is named."]


def test_a_stop_inside_a_quotation_or_an_abbreviation_ends_no_sentence() -> None:
    paragraph = "He says: “Walls hold. Ponds store” [@rossi2020]. E.g. walls in St. Anna hold. So do roots."
    assert split_sentences(paragraph) == [
        "He says: “Walls hold. Ponds store” [@rossi2020].",
        "E.g. walls in St. Anna hold.",
        "So do roots.",
    ]


@pytest.mark.parametrize(
    ("signed", "plain"),
    [
        ("Walls hold (see ?), too.", "Walls hold, too."),
        ("Walls hold [?; ?].", "Walls hold."),
        ("Walls hold ? .", "Walls hold."),
        ("Walls, ?, hold.", "Walls, hold."),
        ("Walls hold, ?.", "Walls hold."),
        ("(Walls hold ?) [@rossi2020].", "(Walls hold) [@rossi2020]."),
    ],
)
def test_the_sign_goes_with_the_blanks_and_parentheses_around_it(signed: str, plain: str) -> None:
    assert without_signs(signed.replace("?", UNKNOWN)) == plain
