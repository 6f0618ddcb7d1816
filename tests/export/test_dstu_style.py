from tests.export.manuscripts import (
    make_manuscript,
    make_section,
    make_source,
    pdf_text,
    rendered,
    without_blanks,
)

from tesigo.export.formats import Format

_SOURCES = (
    make_source(
        "koval2021",
        title="Оцінювання знань у школі",
        author=[{"family": "Коваль", "given": "Олена Петрівна"}, {"family": "Бондар", "given": "Іван"}],
        **{"container-title": "Педагогіка", "volume": "4", "issue": "2", "page": "15-27"},
    ),
    make_source(
        "many2020",
        title="A shared study",
        author=[{"family": name, "given": "Ann"} for name in ("Adams", "Baker", "Clark", "Dunn")],
        DOI="10.1000/xyz",
    ),
    make_source(
        "book2019",
        type="book",
        title="Історія освіти",
        publisher="Освіта",
        **{
            "publisher-place": "Київ",
            "number-of-pages": "320",
            "container-title": None,
            "volume": None,
            "page": None,
        },
    ),
    make_source(
        "site2022",
        type="webpage",
        title="Звіт",
        URL="https://example.org/zvit",
        accessed={"date-parts": [[2026, 11, 3]]},
        **{"container-title": None, "volume": None, "page": None},
    ),
)


def test_entries_are_written_as_dstu_8302_asks() -> None:
    cited = "Так [@koval2021, p. 16; @many2020] і [@book2019], [@site2022]."
    manuscript = make_manuscript(
        "uk", sections=(make_section("1", "Розділ", cited),), sources=_SOURCES, citation_style="dstu"
    )
    text = without_blanks(pdf_text(rendered(manuscript, Format.PDF)))
    for words in (
        "Так [1, с. 16; 2] і [3], [4].",
        "1. Коваль О. П., Бондар І. Оцінювання знань у школі. Педагогіка. 2021. Т. 4, № 2. С. 15–27.",
        "2. Adams A. та ін. A shared study.",
        "DOI: https://doi.org/10.1000/xyz.",
        "3. Book A. Історія освіти. Київ : Освіта, 2021. 320 с.",
        "URL: https://example.org/zvit (дата звернення: 03.11.2026).",
    ):
        assert without_blanks(words) in text, words
