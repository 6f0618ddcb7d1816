"""Records of one work become one source."""

import pytest

from tesigo.manuscript import Source
from tesigo.research.identifiers import normalise_doi
from tesigo.research.merging import is_retracted, join_found, merge_sources


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


def make_preprint(key: str, number: str = "2301.00001", **csl) -> Source:
    fields = {
        "type": "article", "publisher": "arXiv", "number": f"arXiv:{number}", "genre": "Preprint",
        "DOI": f"10.48550/arXiv.{number}", "URL": f"https://arxiv.org/abs/{number}", **csl,
    }  # fmt: skip
    return make_source(key, **fields)


@pytest.mark.parametrize("is_preprint_first", [True, False])
def test_a_preprint_and_what_was_published_are_one_and_the_published_wins(is_preprint_first):
    preprint = make_preprint(
        "a", title="How bees find the flowers", year=2020, abstract="A long abstract of bees."
    )
    published = make_source(
        "b", title="How Bees Find the Flowers", year=2021, DOI="10.1000/bees", volume="7", abstract="Short."
    )
    (merged,) = merge_sources([preprint, published] if is_preprint_first else [published, preprint])
    assert (merged.csl["DOI"], merged.csl["type"], merged.year) == ("10.1000/bees", "article-journal", 2021)
    assert merged.csl["custom"] == {"arxiv": "2301.00001"}
    assert {"publisher", "number", "genre", "URL"} & merged.csl.keys() == set()
    assert merged.abstract == "A long abstract of bees."


def test_the_doi_of_a_preprint_on_another_server_is_kept_too():
    preprint = make_source(
        "a", type="article", title="How bees find the flowers", DOI="10.1101/2020.01.02.123456v2"
    )
    published = make_source("b", title="How bees find the flowers", DOI="10.1000/bees")
    (merged,) = merge_sources([preprint, published])
    assert (merged.csl["DOI"], merged.csl["custom"]) == (
        "10.1000/bees",
        {"preprint_doi": "10.1101/2020.01.02.123456"},
    )


def test_the_users_own_preprint_stays_theirs_and_learns_where_it_was_published():
    preprint = make_preprint(
        "a", title="How bees find the flowers", found_by="upload", full_text="Bees see colours."
    )
    published = make_source("b", title="How bees find the flowers", DOI="10.1000/bees", volume="7")
    (merged,) = merge_sources([published, preprint])
    assert (merged.csl["type"], merged.csl["publisher"], merged.full_text) == (
        "article",
        "arXiv",
        "Bees see colours.",
    )
    assert merged.csl["custom"] == {"arxiv": "2301.00001", "published_doi": "10.1000/bees"}
    assert "volume" not in merged.csl


@pytest.mark.parametrize(
    "other",
    [
        {"URL": "http://arxiv.org/pdf/2301.00001v3.pdf", "type": "webpage"},
        {"number": "arXiv:2301.00001v2", "publisher": "arXiv"},
        {"DOI": "https://doi.org/10.48550/ARXIV.2301.00001v4"},
        {"custom": {"arxiv": "2301.00001"}, "DOI": "10.1000/bees"},
    ],
)
def test_the_same_number_at_arxiv_is_one_work_whatever_version_and_place(other):
    assert (
        len(merge_sources([make_preprint("a", title="Bees"), make_source("b", title="Other title", **other)]))
        == 1
    )


def test_a_record_that_knows_both_ids_makes_two_records_one_under_the_first_key():
    preprint = make_preprint("a", title="Bees, at first")
    published = make_source("b", title="How flowers are found", DOI="10.1000/bees")
    both = make_source("c", title="Bees", DOI="10.1000/bees", custom={"arxiv": "2301.00001"})
    (merged,) = merge_sources([preprint, published, both])
    assert (merged.key, merged.csl["DOI"], merged.csl["custom"]["arxiv"]) == (
        "a",
        "10.1000/bees",
        "2301.00001",
    )


def test_a_title_without_its_subtitle_fits_one_work_and_makes_no_two_works_one():
    whole = make_source("a", title="How bees find the flowers: A study of meadows")
    part = make_source("b", title="How bees find the flowers: Part II")
    short = make_source("c", title="How bees find the flowers")
    merged = merge_sources([whole, part, short])
    assert [source.title for source in merged] == [whole.title, part.title]
    assert [source.title for source in merge_sources([short, whole])] == [whole.title]
    other = make_source("d", title="How bees find the flowers: A study of forests")
    assert len(merge_sources([whole, other, short])) == 2
    assert len(merge_sources([short, part])) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"DOI": "10.1000/other"},
        {"edition": "2"},
        {"type": "dataset"},
        {"type": "review-book"},
        {"year": 2022},
        {"author": [{"family": "Smith", "given": "Zoe"}]},
    ],
)
def test_what_keeps_two_works_of_one_title_apart(changed):
    title = "How bees find the flowers of a meadow"
    one = make_source("a", title=title, DOI="10.1000/bees", edition="1")
    other = make_source("b", title=title, **{"DOI": "", **changed})
    assert len(merge_sources([one, other])) == 2


def test_editorials_of_one_editor_are_as_many_as_there_are_issues():
    sources = [
        make_source(f"k{number}", title="Editorial", volume="7", issue=str(number)) for number in range(5)
    ]
    assert len(merge_sources(sources)) == 5
    assert (
        len(merge_sources([*sources, make_source("again", title="EDITORIAL", volume="7", issue="3")]))
        == 6 - 1
    )


def test_full_names_win_over_initials_and_a_scholarly_record_over_a_page():
    page = make_source("a", type="webpage", title="How bees find the flowers", URL="https://x.example/bees")
    record = make_source("b", title="How bees find the flowers", volume="7")
    full = make_source("c", title="How bees find the flowers", author=[{"family": "Smith", "given": "Anna"}])
    (merged,) = merge_sources([page, record, full])
    assert (merged.key, merged.csl["type"], merged.csl["volume"]) == ("a", "article-journal", "7")
    assert merged.csl["author"] == [{"family": "Smith", "given": "Anna"}]


@pytest.mark.parametrize(
    ("title", "year", "works"),
    [("bees", 2021, 2), ("how bees find the flowers", 2019, 2), ("how bees find the flowers", 2022, 1)],
)
def test_a_page_of_which_nobody_is_the_author_joins_the_work_of_its_title(title, year, works):
    record = make_source(
        "a", title="How bees find the flowers" if works == 1 or year == 2019 else "Bees", year=2021
    )
    page = make_source("b", type="webpage", title=title, year=year, author=[], URL="https://x.example/bees")
    assert len(merge_sources([record, page])) == works


@pytest.mark.parametrize("is_retracted_first", [True, False])
def test_a_retraction_that_one_of_them_tells_is_kept(is_retracted_first):
    retracted = make_source("a", title="RETRACTED ARTICLE: How bees find the flowers", status="retracted")
    other = make_source("b", title="How bees find the flowers", found_by="upload", status="forthcoming")
    merged = merge_sources([retracted, other] if is_retracted_first else [other, retracted])
    assert [is_retracted(source) for source in merged] == [True]


def test_found_records_never_make_two_of_our_own_one():
    own = (make_preprint("a", title="Bees, at first"), make_source("b", title="Flowers", DOI="10.1000/bees"))
    both = make_source(
        "c", title="Bees", DOI="10.1000/bees", custom={"arxiv": "2301.00001"}, abstract="Found."
    )
    new = make_source("d", title="Trees")
    works, found = join_found(own, [both, new])
    assert ([source.key for source in works], [source.key for source in found]) == (["a", "b"], ["d"])
    assert "Found." in {source.abstract for source in works}


@pytest.mark.parametrize(
    ("doi", "bare"),
    [
        ("10.48550/arXiv.2301.00001v2", "10.48550/arxiv.2301.00001"),
        ("10.1101/2020.01.02.123456v3", "10.1101/2020.01.02.123456"),
        ("10.21203/rs.3.rs-123456/v1", "10.21203/rs.3.rs-123456"),
        ("https://doi.org/10.1000%2Fabc", "10.1000/abc"),
        ("10.1000/journal.v2", "10.1000/journal.v2"),
    ],
)
def test_versions_of_preprints_are_no_part_of_a_doi(doi, bare):
    assert normalise_doi(doi) == bare
