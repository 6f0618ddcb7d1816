"""When pages are counted: decided by the outline alone, with room for the count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tesigo.manuscript import PlannedSection, SectionKind
from tesigo.writing.page_aim import Correction, due_corrections


def body_of(words: list[int]) -> list[PlannedSection]:
    return [
        PlannedSection(str(place + 2), f"Chapter {place}", SectionKind.BODY, "", many, ())
        for place, many in enumerate(words)
    ]


def test_a_document_of_middle_length_is_counted_before_during_and_towards_the_end() -> None:
    assert due_corrections(body_of([300] * 20)) == [Correction(0, 0), Correction(7, 10), Correction(14, 17)]


def test_a_long_document_leaves_sections_between_a_count_and_its_effect() -> None:
    due = due_corrections(body_of([300] * 100))
    assert all(one.since - one.counted >= 30 for one in due)


@pytest.mark.parametrize("words", [[], [0], [0, 0, 0], [300], [10, 900], [450, 450, 100]])
def test_short_and_empty_bodies_have_no_count_that_changes_nothing(words: list[int]) -> None:
    due = due_corrections(body_of(words))
    assert all(one.since < len(words) for one in due)
    assert len({one.since for one in due}) == len({one.counted for one in due}) == len(due)


@given(st.lists(st.integers(0, 900), max_size=120))
def test_each_count_takes_more_than_the_one_before_and_only_what_stands_before_its_effect(
    words: list[int],
) -> None:
    due = due_corrections(body_of(words))
    assert all(one.counted <= one.since < len(words) for one in due)
    assert [one.counted for one in due] == sorted({one.counted for one in due})
    assert [one.since for one in due] == sorted({one.since for one in due})
