"""Records of one work become one source."""

import pytest

from tesigo.manuscript import Source
from tesigo.research.merging import merge_sources, normalise_doi


def make_source(
    key: str, *, found_by: str = "library", abstract: str = "", full_text: str = "", **csl
) -> Source:
    issued = {"date-parts": [[csl.pop("year", 2021)]]}
    author = [{"family": csl.pop("family", "Smith"), "given": "A."}]
    fields = {"id": key, "type": "article-journal", "author": author, "issued": issued, **csl}
    return Source(key=key, csl=fields, abstract=abstract, full_text=full_text, found_by=found_by)


@pytest.mark.parametrize(
    "doi",
    [
        "10.1000/ABC.1",
        "https://doi.org/10.1000/abc.1",
        "doi:10.1000/abc.1",
        "http://dx.doi.org/10.1000/Abc.1",
    ],
)
def test_the_same_doi_however_written_is_one_work(doi):
    one = make_source("a", title="Bees and flowers", DOI="10.1000/abc.1")
    other = make_source("b", title="Bees & flowers: a study", DOI=doi, year=2020)
    assert [source.key for source in merge_sources([one, other])] == ["a"]


def test_the_same_title_and_year_are_one_work_whatever_case_and_accents():
    one = make_source("a", title="Perché le api — a Study")
    other = make_source("b", title="PERCHE LE API: a study.", DOI="10.1000/x")
    (merged,) = merge_sources([one, other])
    assert (merged.key, merged.csl["id"], merged.csl["DOI"]) == ("a", "a", "10.1000/x")


@pytest.mark.parametrize("changed", [{"year": 2020}, {"title": "Bees and trees"}, {"family": "Jones"}])
def test_another_year_title_or_author_is_another_work(changed):
    one = make_source("a", title="Bees and flowers")
    other = make_source("b", **{"title": "Bees and flowers", **changed})
    assert merge_sources([one, other]) == (one, other)


def test_records_that_meet_through_a_third_are_one():
    by_doi = make_source("a", title="Preprint title", DOI="10.1000/x")
    by_both = make_source("b", title="Bees and flowers", DOI="10.1000/x")
    assert len(merge_sources([by_doi, by_both])) == 1


def test_records_without_title_and_doi_stay_apart():
    sources = (make_source("a"), make_source("b"))
    assert merge_sources(sources) == sources


def test_the_best_of_each_record_is_kept_and_an_upload_wins():
    found = make_source("a", title="Bees", abstract="A long abstract of bees.", volume="3", publisher="Found")
    upload = make_source(
        "b", title="Bees", found_by="upload", abstract="Short.", full_text="All.", publisher="Mine"
    )
    (merged,) = merge_sources([found, upload])
    assert merged.key == merged.csl["id"] == "a"
    assert (merged.abstract, merged.full_text) == ("A long abstract of bees.", "All.")
    assert (merged.csl["volume"], merged.csl["publisher"], merged.found_by) == ("3", "Mine", "upload")


def test_a_full_text_is_never_replaced_by_one_that_was_found():
    upload = make_source("a", title="Bees", found_by="upload", full_text="Mine.")
    found = make_source("b", title="Bees", full_text="Found, and much longer.")
    assert merge_sources([upload, found])[0].full_text == "Mine."


def test_what_is_no_doi_is_none():
    assert normalise_doi("n/a") == normalise_doi(None) == normalise_doi("") == ""


@pytest.mark.parametrize("is_text_first", [True, False])
def test_a_text_of_which_only_the_title_is_known_joins_its_record(is_text_first):
    record = make_source("smith2021", title="How bees find the flowers of a meadow")
    bare = {"id": "hownd", "type": "document", "title": "How Bees find the Flowers of a Meadow"}
    text = Source(key="hownd", csl=bare, full_text="Bees see colours.")
    (merged,) = merge_sources([text, record] if is_text_first else [record, text])
    assert (merged.full_text, merged.csl["type"], merged.year) == (
        "Bees see colours.",
        "article-journal",
        2021,
    )
    short = Source(key="edind", csl={"id": "edind", "title": "An editorial"}, full_text="Welcome.")
    assert len(merge_sources([make_source("a", title="An editorial"), short])) == 2
