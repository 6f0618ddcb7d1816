"""A source is named in the text and in the list as readers expect, whatever its record looks like."""

from tesigo.manuscript import Source
from tesigo.web.bibliography import describe, describe_all
from tesigo.web.words import words_in

EN, UK = words_in("en"), words_in("uk")


def record(*families: str, year: int | None = 2021, **more):
    issued = {"issued": {"date-parts": [[year]]}} if year else {}
    authors = [{"family": family, "given": "Anna Maria"} for family in families]
    return {"id": "k", "type": "article-journal", "title": "On essays", "author": authors, **issued, **more}


def test_one_two_and_many_authors():
    assert describe(record("Adams"), EN).short == "Adams, 2021"
    assert describe(record("Adams", "Brown"), EN).short == "Adams & Brown, 2021"
    assert describe(record("Adams", "Brown", "Clark"), EN).short == "Adams et al., 2021"
    assert describe(record("Шевченко", "Франко", "Леся"), UK).short == "Шевченко та ін., 2021"


def test_what_is_missing_is_said():
    assert describe(record("Adams", year=None), EN).short == "Adams, n.d."
    assert describe({"id": "k", "type": "book"}, EN).title == "Untitled"
    assert describe({"id": "k", "title": "A lonely report"}, EN).short == "A lonely report, n.d."


def test_the_same_short_name_gets_a_letter_in_text_and_list():
    sources = [Source(key, record("Adams", title=title)) for key, title in (("b", "Zebras"), ("a", "Ants"))]
    entries = describe_all(sources, EN)
    assert {key: entry.short for key, entry in entries.items()} == {"a": "Adams, 2021a", "b": "Adams, 2021b"}
    assert [entry.year for entry in entries.values()] == ["2021a", "2021b"]


def test_a_doi_becomes_an_address_and_nothing_else_does():
    assert (
        describe(record("Adams", DOI="https://doi.org/10.1000/xyz(1)"), EN).address
        == "https://doi.org/10.1000/xyz(1)"
    )
    assert (
        describe(record("Adams", DOI='10.1000/"onclick'), EN).address == "https://doi.org/10.1000/%22onclick"
    )
    assert describe(record("Adams", URL="javascript:alert(1)"), EN).address == ""


def test_markup_in_a_record_is_not_shown():
    entry = describe(record("Adams", title="On <i>Homo</i> &amp; <script>x</script>"), EN)
    assert entry.title == "On Homo & x"


def test_where_it_appeared():
    told = describe(
        record("Adams", **{"container-title": "Essays", "volume": "12", "issue": 3, "page": "4-10"}), EN
    )
    assert told.container == "Essays, 12(3), pp. 4–10"
    assert told.authors == "Adams A. M."
