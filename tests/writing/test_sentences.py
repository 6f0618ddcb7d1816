"""Our text taken apart."""

from tesigo.writing.sentences import keys_of, likeness, quotations, sentences, unescape


def test_a_full_stop_inside_quotation_marks_ends_no_sentence() -> None:
    text = "Smith writes: “One thing. And another” [@smith2021]. Lee agrees with *Is it? Yes.* for once."
    assert sentences(text) == [
        "Smith writes: “One thing. And another” [@smith2021].",
        "Lee agrees with *Is it? Yes.* for once.",
    ]


def test_et_al_ends_a_sentence_only_before_a_capital() -> None:
    assert len(sentences("Works by Smith et al. and Lee et al. meet here. So it is.")) == 2


def test_a_quotation_comes_with_the_keys_cited_directly_after_it() -> None:
    text = "«Перша думка» [@a2020; @b2021], — пише хтось, а “bare words” stand alone."
    assert [(one.text, one.keys) for one in quotations(text)] == [
        ("Перша думка", ("a2020", "b2021")),
        ("bare words", ()),
    ]


def test_a_block_quotation_is_read_without_its_marks() -> None:
    (quotation,) = quotations("Lead:\n\n> “A long\n> passage” [@smith2021].")
    assert (quotation.text, quotation.keys) == ("A long passage", ("smith2021",))


def test_escaped_markdown_reads_as_the_author_wrote_it() -> None:
    assert unescape(r"91\.5% of \[all\] \*stars\*") == "91.5% of [all] *stars*"


def test_sentences_are_alike_whatever_their_case_marks_and_citations() -> None:
    assert likeness("Smith *says* so [@a1]!") == likeness("smith says so.")


def test_keys_of_a_marker_may_carry_locators() -> None:
    assert keys_of("[-@a2020, p. 3; see @b2021b]") == ("a2020", "b2021b")
