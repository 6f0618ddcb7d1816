"""How long what is to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tesigo.writing.brief import make_brief
from tesigo.writing.length import chapter_count, corrected_targets, section_words, words_for


@pytest.mark.parametrize(("pages", "least", "most"), [(5, 2, 3), (10, 3, 4), (50, 6, 8), (200, 10, 14)])
def test_chapters_fit_the_pages(pages: int, least: int, most: int) -> None:
    assert least <= chapter_count(pages) <= most


def test_longer_documents_have_longer_sections_and_more_words() -> None:
    assert section_words(10) < section_words(50) < section_words(200)
    words = [words_for(make_brief("A title", pages=pages)) for pages in (5, 10, 50, 200)]
    assert words == sorted(words)
    assert words_for(make_brief("A title", pages=50, language="uk")) < words[2]


@given(
    st.dictionaries(st.text("123", min_size=1, max_size=2), st.integers(40, 900), min_size=1, max_size=9),
    st.integers(-3000, 3000),
)
def test_corrections_touch_open_sections_only_and_keep_to_what_the_sources_carry(
    targets: dict[str, int], missing: int
) -> None:
    numbers = sorted(targets)
    closed, still_open = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
    most = {number: 2 * targets[number] for number in numbers}
    corrected = corrected_targets(targets, missing_words=missing, open_numbers=still_open, most=most)
    assert all(corrected[number] == targets[number] for number in closed)
    for number in still_open:
        assert round(0.25 * targets[number]) <= corrected[number] <= most[number]
    moved = sum(corrected.values()) - sum(targets.values())
    assert abs(moved) <= abs(missing) + len(still_open)


def test_what_one_section_cannot_take_goes_to_the_others() -> None:
    corrected = corrected_targets(
        {"2": 200, "3": 200}, missing_words=200, open_numbers=["2", "3"], most={"2": 220, "3": 900}
    )
    assert corrected == {"2": 220, "3": pytest.approx(380, abs=2)}
