"""Texts divided into topics."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.writing.made import make_sources

from tesigo.research.terms import tokens
from tesigo.writing.topics import divide, meaning_vectors


def test_texts_of_one_topic_come_together() -> None:
    sources = make_sources(60)
    vectors = meaning_vectors([tokens(f"{source.title} {source.title}") for source in sources])
    topics = divide(vectors, [1.0] * 60, 6)
    subjects = [{sources[row].title.split(" and ")[0] for row in rows} for rows in topics]
    assert len(topics) == 6
    assert sum(len(subject) == 1 for subject in subjects) >= 5


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcdefghij"), min_size=3, max_size=8), min_size=1, max_size=40),
    st.integers(1, 9),
)
def test_every_text_is_in_exactly_one_topic_and_none_is_empty(texts: list[list[str]], parts: int) -> None:
    topics = divide(meaning_vectors(texts), [1.0] * len(texts), parts)
    assert sorted(row for topic in topics for row in topic) == list(range(len(texts)))
    assert all(topics)
    assert len(topics) <= parts


def test_the_same_texts_are_divided_the_same_way() -> None:
    texts = [tokens(source.abstract) for source in make_sources(40)]
    first = divide(meaning_vectors(texts), [1.0] * 40, 5)
    assert first == divide(meaning_vectors(list(texts)), [1.0] * 40, 5)
