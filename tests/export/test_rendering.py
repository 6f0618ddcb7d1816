import io
import math
import re
import signal
import zipfile
from datetime import UTC, date, datetime

import pytest
from tests.confined_children import killed_children
from tests.export.manuscripts import (
    SOURCES,
    docx_paragraphs,
    make_manuscript,
    make_section,
    make_single,
    make_source,
    pdf_pages,
    pdf_text,
    rendered,
)

from tesigo.export.errors import UnknownCitation, UnknownNorm, UnknownStyle
from tesigo.export.formats import Format
from tesigo.export.rendering import count_pages, render
from tesigo.kit.confined import ChildKilled


@pytest.mark.parametrize(
    ("paragraphs", "norm", "language"),
    [(0, "generic", "en"), (4, "apa7", "en"), (7, "dstu3008", "uk"), (30, "italian", "it")],
)
def test_the_pdf_has_as_many_pages_as_were_counted(paragraphs: int, norm: str, language: str) -> None:
    manuscript = make_manuscript(language, paragraphs=paragraphs, norm=norm)
    counted = count_pages(manuscript)
    assert len(pdf_pages(render(manuscript, Format.PDF))) == math.ceil(counted)


def test_a_paragraph_more_counts_as_the_part_of_a_page_that_it_fills() -> None:
    shorter, longer = (count_pages(make_manuscript(paragraphs=n)) for n in (5, 6))
    assert 0.1 < longer - shorter < 0.5


def test_every_cited_source_is_in_the_bibliography_and_no_other() -> None:
    text = pdf_text(rendered(make_manuscript(), Format.PDF))
    bibliography = text.rpartition("References")[2]
    named = [source.author_names[0] for source in SOURCES if source.author_names[0] in bibliography]
    assert named == ["Adams", "Baker", "Clark"]


def test_a_document_without_citations_has_no_bibliography() -> None:
    text = pdf_text(rendered(make_single("No source is cited."), Format.PDF))
    assert "References" not in text


def test_chapters_and_sections_are_numbered() -> None:
    text = pdf_text(rendered(make_manuscript(), Format.PDF))
    for heading in ("1 Introduction", "2 Methods of teaching", "2.1 Methods of teaching I", "3 Conclusion"):
        found = re.findall(rf"(?<!\.){re.escape(heading)}\b", text)
        assert len(found) == 2, heading  # in the contents and in the text


def test_the_order_is_title_abstract_contents_text_bibliography_statement() -> None:
    pages = pdf_pages(rendered(make_manuscript(pages=14), Format.PDF))
    assert pages[0].startswith("Teaching with machines")
    assert "Ann Author" in pages[0]
    assert pages[0].endswith("23 November 2026")
    assert pages[1].startswith("Abstract")
    assert pages[2].startswith("Contents")
    assert pages[3].startswith("1 Introduction")
    assert re.search(
        r" References .* How this document was written Written by a test\. \d$", " ".join(pages[4:])
    )


def test_abstract_and_contents_share_a_page_in_a_short_document_only() -> None:
    short, long = (pdf_pages(rendered(make_manuscript(pages=n), Format.PDF)) for n in (12, 13))
    assert short[1].startswith("Abstract")
    assert "Contents" in short[1]
    assert "Contents" not in long[1]


def test_chapters_of_a_long_document_begin_a_page() -> None:
    run_on, apart = (pdf_pages(rendered(make_manuscript(pages=n), Format.PDF)) for n in (6, 20))
    assert not any(page.startswith("2 Methods") for page in run_on)
    assert any(page.startswith("2 Methods") for page in apart)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("uk", ["Зміст", "Список використаних джерел", "23 листопада 2026 р.", "Як створено", "с. 3"]),
        ("it", ["Indice", "Bibliografia", "23 novembre 2026", "Come è stato scritto", "p. 3"]),
    ],
)
def test_the_frame_speaks_the_language_of_the_document(language: str, words: list[str]) -> None:
    text = pdf_text(rendered(make_manuscript(language), Format.PDF))
    assert [word for word in words if word not in text] == []


def test_an_introduction_is_unnumbered_where_the_norm_wants_it() -> None:
    styled = docx_paragraphs(rendered(make_manuscript("uk", norm="dstu3008"), Format.DOCX))
    contents = [text for style, text in styled if style.startswith("TOC")]
    assert contents[2:5] == ["Вступ\t3", "1  Методи навчання\t3", "1.1  Методи навчання I\t3"]


@pytest.mark.parametrize("kind", list(Format))
def test_the_same_manuscript_gives_the_same_bytes(kind: Format) -> None:
    manuscript = make_manuscript("it", citation_style="ieee")
    assert rendered(manuscript, kind) == render(manuscript, kind)


@pytest.mark.parametrize("kind", [Format.HTML, Format.MARKDOWN, Format.LATEX])
def test_every_format_of_text_holds_text_citations_and_bibliography(kind: Format) -> None:
    text = rendered(make_manuscript(), kind).decode()
    for words in ("Methods of teaching II", "Clark, 2021", "The work of baker2021", "References"):
        assert words in text.replace("\n", " "), words
    assert "dunn2021" not in text


def test_the_bibtex_file_holds_the_cited_sources_under_their_keys() -> None:
    sources = (*SOURCES[:2], make_source("clark2021", DOI="10.1000/xyz"))
    text = rendered(make_manuscript(sources=sources), Format.BIBTEX).decode()
    assert re.findall(r"@article\{(\w+),", text) == ["adams2021", "clark2021", "baker2021"]
    assert "doi = {10.1000/xyz}" in text


def test_numeric_styles_number_the_bibliography() -> None:
    text = pdf_text(rendered(make_manuscript(citation_style="ieee"), Format.PDF))
    assert "[1, p. 3]" in text
    assert "[1] A. Adams, “The work of adams2021,”" in text


def test_the_locator_is_written_as_the_language_does_whatever_the_author_typed() -> None:
    manuscript = make_manuscript("uk", sections=(make_section("1", "Розділ", "Так [@adams2021, pp. 3-4]."),))
    assert "(Adams, 2021, с. 3–4)" in pdf_text(render(manuscript, Format.PDF))


def test_a_title_in_another_language_is_not_capitalised_as_an_english_one() -> None:
    sources = (make_source("adams2021", title="La scuola e il lavoro della memoria"),)
    manuscript = make_single("So [@adams2021].", sources=sources, citation_style="chicago")
    assert "La scuola e il lavoro della memoria" in pdf_text(render(manuscript, Format.PDF))


def test_an_unknown_citation_is_named() -> None:
    with pytest.raises(UnknownCitation, match=r"\[@nobody1999\]") as caught:
        render(make_single("As said [@nobody1999; @adams2021]."), Format.PDF)
    assert caught.value.keys == ("nobody1999",)


def test_an_unknown_norm_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownNorm, match="generic, apa7, dstu3008, italian"):
        count_pages(make_manuscript(norm="iso"))


def test_an_unknown_style_is_answered_with_near_names() -> None:
    with pytest.raises(UnknownStyle, match=r"did you mean .*chicago"):
        render(make_manuscript(citation_style="chicgo"), Format.PDF)


def test_a_fence_left_open_in_one_section_does_not_swallow_the_next() -> None:
    sections = (
        make_section("1", "First", "Text.\n\n```\nleft open [and\n\n[word]: https://example.org/elsewhere"),
        make_section("2", "Second", "A [word] that is no link.\n\n```\n\nThe end."),
    )
    page = rendered(make_manuscript(sections=sections), Format.HTML).decode()
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", page)[1:3] == ["1 First", "2 Second"]
    assert 'example.org/elsewhere"' not in page


@pytest.mark.parametrize("kind", [Format.DOCX, Format.ODT, Format.EPUB])
def test_packed_files_carry_no_time_of_their_making(kind: Format) -> None:
    data = render(make_manuscript(dated=date(2020, 5, 4)), kind)
    today = datetime.now(UTC).strftime("%Y-%m-%d").encode()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert [name for name in archive.namelist() if today in archive.read(name)] == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_machine_that_stops_the_setting_says_nothing_of_the_text(number: signal.Signals) -> None:
    manuscript = make_single("Plain words.")
    with killed_children(number) as killed:
        for make in (lambda: render(manuscript, Format.PDF), lambda: count_pages(manuscript)):
            with pytest.raises(ChildKilled):
                make()
    assert len(killed) == 2
    assert render(manuscript, Format.PDF)
