"""Pages of lines become running text, and every place of it knows its page."""

from pathlib import Path

import pytest

from tesigo.intake.pdf_pages import join_pages
from tesigo.intake.reading import read_sources
from tesigo.manuscript import Passage, Source, pages_of

LINE = "Bees find the flowers of a meadow by their smell and by their colour, number {}"


def test_lines_become_paragraphs_without_hyphens_heads_and_page_numbers():
    flowers = ("clover", "thyme", "sage")
    pages = [
        f"Journal of Bees, volume {n}\n"
        f"Bees find the {flower} of a meadow by its smell and by the brightness of its col\ufffe\n"
        "our, as the well-known experiments of the last century have shown well-\n"
        "known experts and everybody.\n"
        "Methods\n"
        "We put coloured plates with sugar on the grass of the meadow and we waited\n"
        f"for the first bees of the {flower} to come.\n"
        f"{n}"
        for n, flower in enumerate(flowers, 1)
    ]
    paragraphs = join_pages([page.replace("\n", "\r\n") for page in pages]).text.split("\n\n")
    assert paragraphs[:3] == [
        "Bees find the clover of a meadow by its smell and by the brightness of its colour, as the "
        "well-known experiments of the last century have shown well-known experts and everybody.",
        "Methods",
        "We put coloured plates with sugar on the grass of the meadow and we waited for the first bees of the "
        "clover to come.",
    ]
    assert len(paragraphs) == 9


def test_each_page_begins_at_its_first_word_also_within_a_paragraph_and_a_broken_word():
    joined = join_pages(
        [f"{LINE.format(1)}\nand the bees re-", f"turn home. {LINE.format(2)}", "Third page."]
    )
    places = [joined.text.index(words) for words in ("Bees find", "turn home", "Third page")]
    assert joined.page_starts == tuple(places)
    assert "return home" in joined.text


def test_a_page_without_text_begins_where_the_next_one_does():
    joined = join_pages(["", "One page of words.", "", "Another page of words.", ""])
    second = joined.text.index("Another")
    assert joined.page_starts == (0, 0, second, second, len(joined.text))


def test_pages_that_all_say_the_same_still_say_it():
    assert join_pages(["Draft"] * 4).text == "Draft\n\nDraft\n\nDraft\n\nDraft"


@pytest.mark.parametrize(
    ("printed", "first"),
    [
        (("115", "116", "117"), 115),
        (("- 7 -", "- 8 -", ""), 7),
        (("с. 12", "с. 13", "с. 14"), 12),
        (("115", "", ""), 1),  # once may be anything
        (("3", "9", "40"), 1),
        (("", "", ""), 1),
    ],
)
def test_pages_are_called_by_the_numbers_that_they_bear(printed, first):
    pages = [f"{LINE.format('one')}.\n{LINE.format('two')}.\nSo it is.\n{number}" for number in printed]
    assert join_pages(pages).first_page == first


def test_a_place_of_a_source_is_on_its_page():
    source = Source("a", {}, full_text="x" * 30, page_starts=(0, 10, 10, 20), first_page=115)
    assert [source.page_at(offset) for offset in (0, 9, 10, 19, 20, 29)] == [115, 115, 117, 117, 118, 118]
    assert pages_of(Passage("a", 5, 10, ""), source) == (115, 115)
    assert pages_of(Passage("a", 5, 21, ""), source) == (115, 118)
    assert pages_of(Passage("a", 0, 0, ""), source) is None  # no passage is known
    assert pages_of(Passage("a", 5, 21, ""), Source("a", {}, full_text="x" * 30)) is None


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        (
            "openjournals__10.21105.jose.00200.pdf",
            {"Julia Wagemann": 1, "Hence, monitoring, forecasting": 2, "Practical case study": 4},
        ),
        ("mozilla__rotation.pdf", {"my first page": 1, "my second page": 2}),
    ],
)
def test_words_of_real_files_are_on_the_page_where_people_find_them(shared_data: Path, name, pages):
    data = (shared_data / "uploads" / "files" / name).read_bytes()
    (source,) = read_sources(name, data).sources
    assert {words: source.page_at(source.full_text.index(words)) for words in pages} == pages
