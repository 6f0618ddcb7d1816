"""Every way in which models cite, brought to ours; what is none of ours is marked as unknown."""

import pytest
from tests.writing.prompted.made import references

from tesigo.writing.prompted.markers import FORGIVEN, UNKNOWN, canonical_markers, markers_before_stops


@pytest.mark.parametrize(
    ("written", "settled"),
    [
        ("[@rossi2020]", "[@rossi2020]"),
        ("[@rossi2020, @novak2021]", "[@rossi2020; @novak2021]"),
        ("[@rossi2020; @rossi2020]", "[@rossi2020]"),
        ("[@rossi2020][@novak2021]", "[@rossi2020; @novak2021]"),
        ("[@rossi2020], [@novak2021]; [@rossi2020]", "[@rossi2020; @novak2021]"),
        ("[@rossi2020 p. 3]", "[@rossi2020]"),
        ("[see @rossi2020, pp. 3-5, and @novak2021]", "[@rossi2020; @novak2021]"),
        ("[-@rossi2020]", "[@rossi2020]"),
        ("[@Rossi2020]", "[@rossi2020]"),
        ("@rossi2020", "[@rossi2020]"),
        ("(@rossi2020)", "[@rossi2020]"),
        ("([@rossi2020])", "[@rossi2020]"),
        ("[rossi2020]", "[@rossi2020]"),
        ("(rossi2020; novak2021)", "[@rossi2020; @novak2021]"),
        ("[rossi2020, p. 4]", "[@rossi2020]"),
        ("\\cite{rossi2020}", "[@rossi2020]"),
        ("\\citep[p. 3]{rossi2020,novak2021}", "[@rossi2020; @novak2021]"),
        ("【rossi2020】", "[@rossi2020]"),
        ("(Rossi, 2020)", "[@rossi2020]"),
        ("(see Rossi & Bianchi, 2020, p. 3; Novak 2021)", "[@rossi2020; @novak2021]"),
        ("[Rossi et al., 2020]", "[@rossi2020]"),
    ],
)
def test_a_citation_of_a_source_of_ours_comes_out_in_our_form(written: str, settled: str) -> None:
    assert canonical_markers(f"It holds {written}.", references()) == f"It holds {settled}."


@pytest.mark.parametrize(
    "written",
    [
        "[@evil2020]", "@evil2020", "[evil2020]", "(evil2020)", "[@rossi2019]", "[@rossi_2020]", "[@rossi]",
        "\\cite{evil2020}",
        "[3]", "[0]", "[1, 2]", "[1-3]", "[^2]", "【3】", "【4†source】", "[citation needed]",
        "(citation needed)", "[source]",
        "[Author, Year]", "(Smith, 2020)", "(Smith & Lee, 2020; Wu et al., 2019)", "[Smith, 2020]", "(Rossi, 2019)",
        "(Сміт, 2020)", "(див. Шевченко та ін., 2019, с. 4)", "(cfr. Verdi e Neri, 2018)", "[@larsen2019]",
        "(Larsen, 2019)",
        "[@]", "(ibid.)", "(там само, с. 4)", "(European Commission, 2019)", "(as cited in Smith et al., 2020)",
        "(J. Smith, 2020)", "(World Health Organization 2021; van der Berg, 2019)",
    ],
)  # fmt: skip
def test_any_other_reference_becomes_the_sign_of_an_unknown_one(written: str) -> None:
    assert canonical_markers(f"It holds {written}.", references()) == f"It holds {UNKNOWN}."


@pytest.mark.parametrize(
    "written",
    [
        "(see below)",
        "(2020)",
        "(12 percent)",
        "[sic]",
        "a@b.org",
        "(in Kyiv, 2014)",
        "(about 40 days)",
        "[their]",
    ],
)
def test_what_is_no_reference_stays(written: str) -> None:
    assert canonical_markers(f"It holds {written}.", references()) == f"It holds {written}."


@pytest.mark.parametrize("written", ["soil¹", "soil.²⁻⁴", "soil,³ too"])
def test_a_raised_number_behind_a_word_is_a_reference_too(written: str) -> None:
    assert UNKNOWN in canonical_markers(f"It holds {written}", references())


@pytest.mark.parametrize("written", ["(p. 3)", "[pp. 3–5]", "(с. 12)"])
def test_a_page_alone_goes_without_a_doubt(written: str) -> None:
    assert canonical_markers(f"It holds {written}.", references()) == f"It holds {FORGIVEN}."


def test_a_bad_key_takes_no_good_one_with_it() -> None:
    text = "[@evil2020; @rossi2020; @ghost1999] and [@novak2021] and [@rossi2020; 7]"
    assert canonical_markers(text, references()) == "[@rossi2020] and [@novak2021] and [@rossi2020]"


def test_two_works_of_one_author_and_year_are_not_guessed_at() -> None:
    mine = references()
    twins = {**mine.known, "rossi2020b": mine.known["rossi2020"]}
    told = type(mine)("en", twins, twins, mine.passages)
    assert canonical_markers("It holds (Rossi, 2020).", told) == f"It holds {UNKNOWN}."


def test_where_nothing_is_to_be_cited_the_document_s_own_keys_go_without_a_doubt() -> None:
    told = references(forgiven=("larsen2019",))
    assert canonical_markers("It holds [@larsen2019].", told) == f"It holds {FORGIVEN}."
    assert canonical_markers("It holds [@larsen2019; @evil2020].", told) == f"It holds {UNKNOWN}."


@pytest.mark.parametrize(
    ("written", "placed"),
    [
        ("It holds. [@rossi2020] It lasts.", "It holds [@rossi2020]. It lasts."),
        ("It holds.[@rossi2020]", "It holds [@rossi2020]."),
        ("It holds. [@rossi2020].", "It holds [@rossi2020]."),
        ("“It holds.” [@rossi2020] It lasts.", "“It holds” [@rossi2020]. It lasts."),
        (f"It holds.{UNKNOWN} It lasts.", f"It holds {UNKNOWN}. It lasts."),
        ("It holds. [@rossi2020] shows why.", "It holds. [@rossi2020] shows why."),
        ("As told by Rossi et al. [@rossi2020]", "As told by Rossi et al. [@rossi2020]"),
    ],
)
def test_a_marker_stands_in_the_sentence_that_it_follows(written: str, placed: str) -> None:
    assert markers_before_stops(written) == placed
