"""Phrases that name topics."""

import pytest

from tesigo.writing.phrases import Usage, distinct_terms, find_phrases, in_title_case, phrase_key

BODIES = [
    "We study automated essay scoring for LLM agents. To score essays, schools need automated essay scoring.",
    "Automated essay scoring is old. The agents called LLM agents can score texts in Python, and they score well.",
    "Schools use Python for automated essay scoring, and LLM agents write code in Python for the schools.",
]
TEXTS = [("Automated Essay Scoring with LLM Agents", body) for body in BODIES]


def found() -> dict[str, str]:
    return {phrase.key: phrase.surface for phrase in find_phrases(TEXTS, Usage(BODIES))}


def test_a_topic_is_named_as_running_text_names_it() -> None:
    assert found()["automated essay scoring"] == "automated essay scoring"
    assert found()["llm agent"] == "LLM agents"
    assert found()["python"] == "Python"


def test_function_words_verbs_and_fragments_name_no_topic() -> None:
    keys = found().keys()
    assert not any(word in key.split() for key in keys for word in ("the", "score", "use", "for", "with"))
    assert "automated essay" not in keys


@pytest.mark.parametrize(
    ("surface", "heading"),
    [
        ("automated essay scoring", "Automated Essay Scoring"),
        ("feedback for LLM agents", "Feedback for LLM Agents"),
        ("cross-prompt scoring", "Cross-Prompt Scoring"),
        ("Python", "Python"),
    ],
)
def test_a_heading_keeps_acronyms_and_small_words(surface: str, heading: str) -> None:
    assert in_title_case(surface) == heading


def test_spellings_of_one_phrase_share_their_key() -> None:
    assert phrase_key("Cross-Prompt Models") == phrase_key("cross prompt model")


def test_terms_in_a_list_share_no_word() -> None:
    terms = ["essay scoring", "scoring models", "teacher feedback", "feedback", "student notes"]
    assert distinct_terms(terms, 3) == ["essay scoring", "teacher feedback", "student notes"]
