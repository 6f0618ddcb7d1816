"""Which sentences are quoted, and how much of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tesigo.writing.quotable import quotability
from tesigo.writing.quoting import Form, Move, cut_quote
from tesigo.writing.sentences import fold


@pytest.mark.parametrize(
    "sentence",
    [
        "The code is available at https://github.com/someone/something for everybody.",
        "Section 3 describes the experiments that we ran on all of the data sets.",
        "Our data and code are publicly available for all researchers in the field.",
        "As shown in Figure 2, the loss decreases with the number of training steps.",
        "We thank the anonymous reviewers for their helpful comments on this paper.",
        "How can teachers use language models in the classroom without harm?",
        "three differ- ent architectures were compared on two kinds of reading material here.",
    ],
)
def test_talk_about_the_paper_itself_is_never_quoted(sentence: str) -> None:
    assert quotability(sentence) == 0


def test_a_finding_is_worth_more_than_praise_of_the_own_system() -> None:
    finding = "Feedback from peers improves the essays of young writers because it reaches them early."
    praise = "Our novel system outperforms all state-of-the-art baselines and ranked first place overall."
    assert quotability(finding) > quotability(praise) + 0.3


@pytest.mark.parametrize(
    ("sentence", "form", "move", "quoted"),
    [
        (
            "In this paper, we propose a framework that scores essays by their structure.",
            Form.OBJECT, Move.PROPOSAL, "a framework that scores essays by their structure",
        ),
        (
            "Our results show that feedback helps young writers more than grades do.",
            Form.CLAUSE, Move.FINDING, "feedback helps young writers more than grades do",
        ),
        (
            "However, the approach fails for texts that are written in other languages.",
            Form.CLAUSE, Move.DIFFICULTY, "the approach fails for texts that are written in other languages",
        ),
        (
            "Essay scoring is the task of grading a text without a human rater [12, 14].",
            Form.SENTENCE, Move.MEANING, "Essay scoring is the task of grading a text without a human rater",
        ),
    ],
)  # fmt: skip
def test_the_authors_own_we_is_left_to_our_sentence(
    sentence: str, form: Form, move: Move, quoted: str
) -> None:
    quote = cut_quote(sentence)
    assert (quote.form, quote.move, quote.text) == (form, move, quoted)


@given(st.text(min_size=1, max_size=200).filter(str.strip))
def test_what_is_quoted_is_always_verbatim(text: str) -> None:
    assert cut_quote(text).text in fold(text)
