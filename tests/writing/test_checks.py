"""What must hold of every text before it leaves."""

from dataclasses import replace

import pytest

from tesigo.manuscript import Citation, Manuscript, Passage, Section, SectionKind, Source
from tesigo.writing.checks import FaultKind, find_faults, mend_section
from tesigo.writing.errors import FaultyText
from tesigo.writing.said import Said

BODY = "Terraces hold the soil on steep slopes. Cover crops feed it in winter."
SOURCE = Source("rossi2020", {"title": "Soil", "id": "rossi2020"}, BODY)
OTHER = Source("novak2021", {"title": "Crops", "id": "novak2021"}, "Nothing of the kind is said here at all.")


def cite(text: str) -> Citation:
    start = BODY.index(text)
    return Citation("rossi2020", Passage("rossi2020", start, start + len(text), text), 1.0)


GOOD = Section(
    "1",
    "Soil",
    SectionKind.BODY,
    "Rossi writes: “Terraces hold the soil on steep slopes” [@rossi2020].",
    (cite("Terraces hold the soil on steep slopes"),),
)


def manuscript(*sections: Section) -> Manuscript:
    return Manuscript("Soil", "en", "apa", "generic", sections, (SOURCE, OTHER))


def kinds(*sections: Section) -> list[FaultKind]:
    return [fault.kind for fault in find_faults(manuscript(*sections))]


def test_a_good_text_has_no_fault() -> None:
    assert kinds(GOOD) == []


def test_an_unknown_key_is_found() -> None:
    assert FaultKind.UNKNOWN_KEY in kinds(
        replace(GOOD, content=GOOD.content.replace("rossi2020", "ghost1999"))
    )


def test_a_quotation_must_be_in_the_source_that_it_cites() -> None:
    assert FaultKind.NOT_VERBATIM in kinds(replace(GOOD, content=GOOD.content.replace("steep", "gentle")))
    moved = GOOD.content.replace("rossi2020", "novak2021")
    assert FaultKind.NOT_VERBATIM in kinds(replace(GOOD, content=moved))


def test_a_quotation_must_be_cited() -> None:
    bare = replace(GOOD, content=GOOD.content.replace(" [@rossi2020]", ""), citations=())
    assert kinds(bare) == [FaultKind.NOT_CITED]


def test_a_citation_must_have_its_passage() -> None:
    assert kinds(replace(GOOD, citations=())) == [FaultKind.UNSUPPORTED]
    elsewhere = replace(GOOD.citations[0], passage=Passage("rossi2020", 3, 9, "Terrace"))
    assert kinds(replace(GOOD, citations=(elsewhere,))) == [FaultKind.UNSUPPORTED]


def test_no_sentence_and_no_heading_occurs_twice() -> None:
    again = replace(GOOD, number="2")
    assert kinds(GOOD, again) == [FaultKind.REPEATED_HEADING, FaultKind.REPEATED_SENTENCE]


@pytest.mark.parametrize("marker", ["[12]", "【4†source】", r"\cite{smith}", "[citation needed]", "{{ref}}"])
def test_a_marker_that_we_did_not_issue_is_found(marker: str) -> None:
    assert FaultKind.FOREIGN_MARKER in kinds(replace(GOOD, content=f"{GOOD.content} More is known {marker}."))


def test_an_escaped_bracket_of_a_source_and_a_link_are_no_marker() -> None:
    assert (
        kinds(replace(GOOD, content=rf"{GOOD.content} So \[12\] and [a page](https://example.org) are fine."))
        == []
    )


def test_an_empty_section_is_found() -> None:
    assert kinds(replace(GOOD, content="  ", citations=())) == [FaultKind.EMPTY_SECTION]


def test_mending_takes_an_unknown_key_out_and_keeps_the_valid_one_beside_it() -> None:
    both = replace(GOOD, content=GOOD.content.replace("[@rossi2020]", "[@rossi2020; @ghost1999]"))
    mended = mend_section(both, sources={"rossi2020": SOURCE}, said=Said())
    assert mended == GOOD


def test_mending_takes_a_repeated_sentence_out() -> None:
    longer = replace(GOOD, number="2", content=f"This is new. {GOOD.content}")
    mended = mend_section(longer, sources={"rossi2020": SOURCE}, said=Said([GOOD]))
    assert (mended.content, mended.citations) == ("This is new.", ())


def test_a_faultless_section_comes_back_as_it_is() -> None:
    assert mend_section(GOOD, sources={"rossi2020": SOURCE}, said=Said()) is GOOD


def test_what_cannot_be_mended_is_named() -> None:
    wrong = replace(GOOD, content=GOOD.content.replace("steep", "gentle"))
    with pytest.raises(FaultyText, match=r"Section 1 “Soil”"):
        mend_section(wrong, sources={"rossi2020": SOURCE}, said=Said())
