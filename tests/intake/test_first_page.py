"""The first page of a paper tells its title, authors, year and DOI, and nothing is made up."""

from pathlib import Path

import pytest

from tesigo.intake.first_page import describe_paper, find_doi
from tesigo.intake.reading import read_sources

BODY = [(10.0, "Bees find the flowers of a meadow by their smell and by their colour, as was shown.")] * 12


def described(*lines: tuple[float, str], title: str = "", author: str = ""):
    return describe_paper([*lines, *BODY], told_title=title, told_author=author)


def test_the_largest_letters_are_the_title_and_the_names_below_are_the_authors():
    found = described(
        (9.0, "Journal of Bees 12 (2019), 115-130"),
        (18.0, "How bees find their way:"),
        (18.0, "a study of twelve meadows"),
        (12.0, "Anna M. Rossi¹, Péter O’Neill2,* and Ludwig van der Berg 1,3"),
        (9.0, "1 University of Meadows"),
        (14.0, "Abstract"),
    )
    assert found.title == "How bees find their way: a study of twelve meadows"
    assert found.authors == ("Anna M. Rossi", "Péter O’Neill", "Ludwig van der Berg")


@pytest.mark.parametrize(
    ("lines", "authors"),
    [
        (["Іван Шевченко, Олена Коваль"], ("Іван Шевченко", "Олена Коваль")),
        (["Anna Rossi", "Luca Bianchi"], ("Anna Rossi", "Luca Bianchi")),
        (["Anna Rossi, Luca", "Bianchi and J. Smith"], ("Anna Rossi", "Luca Bianchi", "J. Smith")),
        (["María PACHE-DURÁN1 0000-0002-6670-5818"], ("María PACHE-DURÁN",)),
        (["An experiment with bees and people"], ()),
        (["Anna Rossi, who lives in Rome"], ()),
        (["DEPARTMENT OF BEES"], ()),
        (["anna@example.com"], ()),
        (["Rossi"], ()),
    ],
)
def test_names_are_taken_only_where_all_of_it_is_names(lines, authors):
    set_alike = [(12.0, line) for line in lines]
    assert described((18.0, "How bees find their way"), *set_alike, (9.0, "Rome, Italy")).authors == authors


def test_a_translated_title_between_is_no_author():
    found = described(
        (18.0, "Come le api trovano la strada"), (17.5, "How Bees Find Ways"), (12.0, "Anna Rossi")
    )
    assert (found.title, found.authors) == ("Come le api trovano la strada", ("Anna Rossi",))


@pytest.mark.parametrize(
    ("line", "year"),
    [
        ("Submitted: 26 April 2018. Published: 04 July 2019", 2019),
        ("Received 3 May 2017; accepted 9 June 2018", 2018),
        ("© The Author(s) 2020", 2020),
        ("arXiv:2103.01234v2 [cs.CL] 5 Mar 2021", 2021),
        ("Journal of Bees, Vol. 12, No. 3, 2016, pp. 115-130", 2016),
        ("Rossi (2015). Bees. https://doi.org/10.1234/bees", 2015),
        ("Опубліковано 12 травня 2022 р.", 2022),
        ("In 1984 there were bees in 2001 meadows", None),
        ("Received 3 May 2017", None),
    ],
)
def test_a_year_is_one_only_beside_a_word_that_says_so(line, year):
    assert described((18.0, "How bees find their way"), (9.0, line)).year == year


@pytest.mark.parametrize(
    ("lines", "doi"),
    [
        (["https://doi.org/10.1234/Bees.5(2)."], "10.1234/Bees.5(2)"),
        (["(doi:10.1234/bees)"], "10.1234/bees"),
        (["see 10.1234/other", "DOI 10.1234/own"], "10.1234/own"),
        (["References", "https://doi.org/10.1234/cited"], ""),
        (["10.5 metres / 12"], ""),
    ],
)
def test_the_doi_is_the_works_own(lines, doi):
    assert find_doi(lines) == doi


def test_metadata_are_believed_where_the_page_says_the_same():
    page = (12.0, "How bees find their way"), (12.0, "by Anna Rossi of Rome")
    assert described(*page, title="How bees find their way", author="Anna Rossi").authors == ("Anna Rossi",)
    assert described(*page, author="Secretary Two").authors == ()
    assert described((20.0, "How bees find their way"), title="template_final.docx").title == (
        "How bees find their way"
    )


@pytest.mark.parametrize("heading", ["if (isSent) {", "Contents", "Page 1/1 12:30 01.02.2003", "Bees"])
def test_large_letters_alone_make_no_title(heading):
    assert described((18.0, heading)).title == ""


PAPERS = {
    "openjournals__10.21105.jose.00016.pdf": (2018, "Rokem", 1),
    "openjournals__10.21105.jose.00053.pdf": (2019, "Lee", 1),
    "openjournals__10.21105.jose.00090.pdf": (2024, "Rising", 4),
    "openjournals__10.21105.jose.00143.pdf": (2025, "Versypt", 2),
    "openjournals__10.21105.jose.00197.pdf": (2024, "Szeto", 4),
    "openjournals__10.21105.jose.00200.pdf": (2024, "Wagemann", 4),
    "openjournals__10.21105.jose.00241.pdf": (2024, "Balwada", 35),
    "openjournals__10.21105.jose.00260.pdf": (2025, "Campitelli", 2),
    "scieloorg__2318-0889-tinf-33-e200057.pdf": (2021, "PACHE-DURÁN", 2),
}
"""The published articles among the uploads: year, first author, number of authors, as they stand on their pages."""


@pytest.mark.parametrize("name", PAPERS)
def test_published_articles_are_recognised(shared_data: Path, name):
    data = (shared_data / "uploads" / "files" / name).read_bytes()
    (source,) = read_sources("upload.pdf", data).sources
    year, first, count = PAPERS[name]
    assert (source.year, source.author_names[0], len(source.author_names)) == (year, first, count)
    own_name = name.partition("__10.")[2].removesuffix(".pdf")
    doi = f"10.{own_name.replace('.', '/', 1)}" if own_name else "10.1590/2318-0889202133e200057"
    assert source.csl["DOI"] == doi
    assert source.title.split()[0] in source.full_text
    assert source.title != "Upload"
