"""Each citation stands on the passage of its source that says most of the sentence."""

from tests.writing.prompted.made import NOVAK, ROSSI, references

from tesigo.writing.prompted.support import Support


def test_the_passage_that_shares_most_words_is_the_one() -> None:
    (citation,) = Support(references()).citations(
        "Walls stay broken since rebuilding is work of 40 days a year [@rossi2020]."
    )
    assert citation.passage.text.startswith("Farmers don’t rebuild")
    assert ROSSI.body[citation.passage.start : citation.passage.end] == citation.passage.text
    assert 0.4 < citation.score < 1


def test_a_sentence_that_shares_nothing_scores_nothing_and_the_same_words_score_all() -> None:
    support = Support(references())
    (none,) = support.citations("Violins resonate [@novak2021].")
    (every,) = support.citations(
        "Ponds store the rain of spring for the dry months of the year [@novak2021]."
    )
    assert (none.score, every.score) == (0.0, 1.0)


def test_numbers_that_disagree_halve_the_score() -> None:
    support = Support(references())
    (right,) = support.citations("Villages that share a pond lose 12 percent of their water [@novak2021].")
    (wrong,) = support.citations("Villages that share a pond lose 21 percent of their water [@novak2021].")
    assert wrong.score < 0.6 * right.score
    assert wrong.passage == right.passage


def test_each_key_of_each_marker_has_its_citation_in_their_order() -> None:
    found = Support(references()).citations("Walls hold [@rossi2020], ponds store [@novak2021; @rossi2020].")
    assert [citation.key for citation in found] == ["rossi2020", "novak2021", "rossi2020"]
    assert all(citation.passage.source_key == citation.key for citation in found)


def test_a_quotation_scores_one_on_the_passage_that_holds_it() -> None:
    support = Support(references())
    (cited,) = support.citations("It says: “keep weeds down” [@rossi2020].")
    assert (cited.score, cited.passage.text.startswith("Cover crops")) == (1.0, True)


def test_a_quotation_across_passages_stands_on_its_very_words() -> None:
    words = "of the year. Villages that share one pond"
    (cited,) = Support(references()).citations(f"It says: “{words}” [@novak2021].")
    assert cited.passage.text == words
    assert NOVAK.body[cited.passage.start : cited.passage.end] == words
