"""What each service tells becomes the same kind of record: types, names, dates, ids, languages, abstracts."""

import pytest
from tests.adapters.search_callers import ALL, BY_SETTING, CONTACT, KEY, QUERY, WORKS, Service, searching
from tests.fakes.search_answers import Record, Work, arxiv
from tests.fakes.search_servers import SearchServer

from tesigo.adapters.arxiv import read_feed
from tesigo.adapters.openalex import abstract_of
from tesigo.adapters.search_names import split_name
from tesigo.adapters.search_records import plain_abstract
from tesigo.manuscript import Source


async def found(setting: str, *records: Record, works: tuple[Work, ...] = ()) -> list[Source]:
    server = SearchServer(setting, works, records=records or None)
    async with searching(BY_SETTING[setting], server) as search:
        return await search.find_sources(QUERY, limit=20)


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.setting)
async def test_every_service_gives_title_text_and_who_found_it(service: Service):
    first, second = await found(service.setting, works=WORKS)
    assert (first.title, first.found_by) == (WORKS[0].title, service.name)
    assert first.abstract == WORKS[0].abstract
    assert first.csl["id"] == first.key != second.key
    assert "abstract" not in first.csl


async def test_what_is_asked_is_plain_and_no_more_than_wanted():
    asked = {}
    for service in ALL:
        server = SearchServer(service.setting, [WORKS[0]] * 30)
        async with searching(service, server) as search:
            assert len(await search.find_sources(QUERY, limit=7)) == 7
        asked[service.setting] = server.calls[0]
    assert asked["semantic_scholar"].parameters["query"] == "Peer feedback AND essays what works"
    assert asked["semantic_scholar"].headers["x-api-key"] == KEY
    assert asked["openalex"].parameters["search"] == "peer feedback and essays what works"
    assert asked["crossref"].parameters["rows"] == "7"
    assert asked["crossref"].parameters["mailto"] == asked["openalex"].parameters["mailto"] == CONTACT
    assert (
        asked["arxiv"]
        .parameters["search_query"]
        .startswith("all:peer OR all:feedback OR all:and OR all:essays")
    )
    assert b'"model": "sonar"' in asked["perplexity"].body
    assert (
        asked["perplexity"].headers["authorization"]
        == asked["tavily"].headers["authorization"]
        == f"Bearer {KEY}"
    )
    assert b'"search_depth": "advanced"' in asked["tavily"].body


@pytest.mark.parametrize("setting", ["semantic_scholar", "openalex", "crossref", "arxiv"])
async def test_a_query_without_a_word_asks_nobody(setting: str):
    server = SearchServer(setting, WORKS)
    async with searching(BY_SETTING[setting], server) as search:
        assert await search.find_sources("?! — …", limit=5) == []
    assert server.calls == []


@pytest.mark.parametrize("setting", ["semantic_scholar", "openalex", "crossref"])
async def test_an_article_has_its_journal_pages_date_and_people(setting: str):
    first, second = await found(setting, works=WORKS)
    csl = first.csl
    assert (csl["type"], csl["container-title"]) == ("article-journal", WORKS[0].journal)
    assert (csl["volume"], csl["page"], csl["DOI"].lower()) == ("7", "11-29", "10.5555/imagined.1")
    assert csl["issued"] == {"date-parts": [[2021, 3, 4]]}
    assert csl["author"] == [
        {"family": "Quill", "given": "Ada"},
        {"family": "van der Berg", "given": "Bruno"},
    ]
    if setting != "crossref":  # publishers take names apart themselves
        assert second.csl["author"] == [{"family": "Шевченко", "given": "Т. Г."}]


async def test_semantic_scholar_tells_a_preprint_from_a_paper_of_a_conference():
    preprint = {
        "title": "A made-up preprint",
        "year": 2023,
        "venue": "arXiv.org",
        "externalIds": {"ArXiv": "2301.00001"},
    }
    paper = {
        "title": "A made-up paper",
        "publicationTypes": ["Conference"],
        "venue": "MadeConf",
        "authors": None,
    }
    one, other = await found("semantic_scholar", preprint, paper)
    assert (one.csl["type"], one.csl["publisher"], one.csl["number"]) == (
        "article",
        "arXiv",
        "arXiv:2301.00001",
    )
    assert one.csl["custom"]["arxiv"] == "2301.00001"
    assert (other.csl["type"], other.csl["container-title"], other.year) == (
        "paper-conference",
        "MadeConf",
        None,
    )


async def test_openalex_marks_what_was_retracted_and_knows_where_preprints_lie():
    retracted, preprint = await found(
        "openalex",
        {"title": "Made-up results", "type": "article", "is_retracted": True},
        {
            "title": "A preprint", "type": "preprint", "doi": "https://doi.org/10.48550/arXiv.2301.00001",
            "locations": [{"landing_page_url": "https://arxiv.org/abs/2301.00001v3"}],
        },
    )  # fmt: skip
    assert retracted.csl["status"] == "retracted"
    assert (preprint.csl["type"], preprint.csl["custom"]["arxiv"]) == ("article", "2301.00001")
    assert "status" not in preprint.csl


async def test_crossref_marks_what_was_retracted_and_leaves_notices_and_journals_out():
    def work(doi: str, kind: str = "journal-article", **more: object) -> Record:
        return {"DOI": doi, "type": kind, "title": [f"Work {doi}"], **more}

    told = await found(
        "crossref",
        work("10.5555/by-watch", **{"updated-by": [{"type": "retraction", "source": "retraction-watch"}]}),
        work("10.5555/by-notice"),
        work("10.5555/corrected", **{"updated-by": [{"type": "correction"}]}),
        work("10.5555/notice", **{"update-to": [{"type": "retraction", "DOI": "10.5555/BY-NOTICE"}]}),
        work("10.5555/journal", "journal"),
        {**work("10.5555/title"), "title": ["RETRACTED ARTICLE: Work"]},
    )
    assert {source.csl["DOI"].removeprefix("10.5555/"): source.csl.get("status") for source in told} == {
        "by-watch": "retracted", "by-notice": "retracted", "corrected": None, "title": "retracted",
    }  # fmt: skip


async def test_crossref_keeps_subtitles_institutions_books_and_missing_dates():
    (book,) = await found(
        "crossref",
        {
            "DOI": "10.5555/book", "type": "monograph", "title": ["Imagined schools"], "subtitle": ["A history"],
            "author": [{"name": "Institute of Imagination", "sequence": "first"}, {"family": "Quill", "suffix": "Jr."}],
            "issued": {"date-parts": [[None]]}, "publisher": "Imagined Press", "publisher-location": "Kyiv",
            "ISBN": ["9780000000002"], "language": "uk",
        },
    )  # fmt: skip
    assert (book.csl["type"], book.title, book.year) == ("book", "Imagined schools: A history", None)
    assert book.csl["author"] == [
        {"literal": "Institute of Imagination"},
        {"family": "Quill", "suffix": "Jr."},
    ]
    assert (book.csl["publisher-place"], book.csl["language"], book.csl["ISBN"]) == (
        "Kyiv",
        "uk",
        "9780000000002",
    )


async def test_arxiv_gives_a_preprint_with_both_its_ids():
    (source,) = await found(
        "arxiv", works=(Work("A preprint", doi="10.5555/x", arxiv="2301.00001", abstract="Said."),)
    )
    assert (source.csl["type"], source.csl["publisher"], source.csl["number"]) == (
        "article", "arXiv", "arXiv:2301.00001",
    )  # fmt: skip
    assert source.csl["custom"] == {"arxiv": "2301.00001", "published_doi": "10.5555/x"}
    assert (source.csl["DOI"], source.csl["issued"]) == (
        "10.48550/arXiv.2301.00001", {"date-parts": [[2021, 3, 4]]},
    )  # fmt: skip


@pytest.mark.parametrize(
    "feed",
    [
        b'<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a "aaaa">]><feed xmlns="http://www.w3.org/2005/Atom"/>',
        b'<!DOCTYPE feed SYSTEM "http://127.0.0.1:1/x.dtd"><feed xmlns="http://www.w3.org/2005/Atom"/>',
        b"<html><body>Rate exceeded.</body></html>",
        b"Rate exceeded.",
        b"",
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/api/errors#x</id></entry></feed>',
        b"<a>" * 5_000,
    ],
)
def test_what_is_no_feed_is_refused(feed: bytes):
    with pytest.raises(ValueError, match=r"no XML|no Atom feed|an error"):
        read_feed(feed)


def test_a_feed_in_another_encoding_is_read():
    entry = arxiv([Work("Étude inventée")])[0]["xml"]
    names = 'xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="x"'
    feed = f'<?xml version="1.0" encoding="UTF-16"?><feed {names}>{entry}</feed>'
    assert [source.title for source in read_feed(feed.encode("utf-16"))] == ["Étude inventée"]


async def test_perplexity_is_believed_in_what_it_searched_and_not_in_what_it_says():
    told = await found("perplexity", works=WORKS)
    assert [source.title for source in told] == [work.title for work in WORKS]
    assert "Nobody" not in repr(told)
    assert (told[0].csl["type"], told[0].csl["accessed"]) == ("webpage", {"date-parts": [[2026, 11, 30]]})


@pytest.mark.parametrize("setting", ["perplexity", "tavily"])
async def test_pages_of_the_web_have_pieces_and_only_addresses_of_the_web(setting: str):
    (field,) = {"perplexity": ("snippet",), "tavily": ("content",)}[setting]
    first, second = await found(
        setting,
        {
            "title": "Page",
            "url": "https://www.example.org/a",
            field: "## One **piece**. [...] Another one … last",
        },
        {"title": "Trick", "url": "javascript:alert(1)", field: "x"},
        {"title": "Broken", "url": "http://[fe80", field: "x"},
        {"title": "", "url": "https://arxiv.org/pdf/2301.00001v2", field: None},
    )
    assert (first.abstract, first.csl["container-title"]) == (
        "One piece.\n\nAnother one\n\nlast",
        "example.org",
    )
    assert (second.csl["custom"]["arxiv"], second.title) == ("2301.00001", "arxiv.org")


@pytest.mark.parametrize("setting", ["semantic_scholar", "openalex", "crossref", "perplexity", "tavily"])
async def test_a_record_of_wrong_types_is_left_out_and_the_others_are_taken(setting: str):
    fields = """
        authors authorships author externalIds issued doi DOI url abstract abstract_inverted_index journal biblio
        locations update-to updated-by snippet content publicationTypes publicationVenue primary_location ids
    """.split()  # noqa: SIM905 - reads better so
    known = {
        "type": "journal-article",
        "title": ["T"] if setting == "crossref" else "T",
        "url": "https://x.example",
    }
    wrong = [
        {**known, **({} if field == "url" and value == "x" else {field: value})}
        for value in (7, None, True, "x", [], [7, None, [["x"]]], {"a": {"b": 1}}, [{"name": ["x"]}])
        for field in fields
    ]
    server = SearchServer(setting, records=[*wrong])
    async with searching(BY_SETTING[setting], server) as search:
        told = await search.find_sources(QUERY, limit=1_000)
    assert len(told) > len(wrong) * 0.9
    assert {source.title for source in told} == {"T"}


@pytest.mark.parametrize(
    ("full", "parts"),
    [
        ("Ludwig van Beethoven", ("van Beethoven", "Ludwig")),
        ("María de la Cruz", ("de la Cruz", "María")),
        ("J. R. R. Tolkien", ("Tolkien", "J. R. R.")),
        ("Tolkien J R", ("Tolkien", "J R")),
        ("Шевченко Т. Г.", ("Шевченко", "Т. Г.")),
        ("Леся Українка", ("Українка", "Леся")),
        ("O'Neill, Cathy", ("O'Neill", "Cathy")),
        ("Jean-Luc Nguyễn", ("Nguyễn", "Jean-Luc")),
        ("Plato", ("Plato", None)),
    ],
)
def test_names_are_taken_apart(full: str, parts: tuple[str, str | None]):
    name = split_name(full)
    assert (name["family"], name.get("given")) == parts


@pytest.mark.parametrize(
    "full", ["World Health Organization", "The ATLAS Collaboration", "Інститут педагогіки", "王小明"]
)
def test_institutions_and_names_without_spaces_stay_whole(full: str):
    assert split_name(full) == {"literal": full}


@pytest.mark.parametrize("full", ["Martin King Jr.", "King, Jr., Martin", "Martin King, Jr."])
def test_a_suffix_is_no_name(full: str):
    assert {field: value.rstrip(".") for field, value in split_name(full).items()} == {
        "family": "King", "given": "Martin", "suffix": "Jr",
    }  # fmt: skip


def test_an_abstract_in_jats_becomes_plain_text():
    marked = (
        "<jats:title>Abstract</jats:title><jats:sec><jats:title>Methods</jats:title><jats:p>We asked "
        "<jats:italic>n</jats:italic> &lt; 20 pupils.</jats:p></jats:sec>"
        "<jats:sec><jats:title>Results:</jats:title>\n<jats:p>Few &amp; small"
        "<jats:inline-formula><jats:tex-math>$x$</jats:tex-math></jats:inline-formula>.</jats:p></jats:sec>"
    )
    assert plain_abstract(marked) == "Methods: We asked n < 20 pupils.\n\nResults: Few & small."
    assert plain_abstract("<p>Abstract Peer comments help.</p>") == "Peer comments help."
    assert plain_abstract("<p>Abstract art is taught.</p>") == "Abstract art is taught."


def test_an_inverted_abstract_is_put_in_order_whatever_its_places():
    assert (
        abstract_of({"help": [1], "Comments": [0], "pupils.": [2, 10**12]}) == "Comments help pupils. pupils."
    )
    assert abstract_of({"x": "y", "z": [None]}) == abstract_of([1]) == abstract_of(None) == ""


async def test_crossref_knows_the_record_of_a_doi_and_none_of_another():
    known = Work("Feedback on essays")
    async with searching(BY_SETTING["crossref"], SearchServer("crossref", [known])) as search:
        [found] = await search.find_sources("feedback", limit=1)
        record = await search.find_record(found.csl["DOI"].upper())
        assert record is not None
        assert record["title"] == "Feedback on essays"
        assert await search.find_record("10.5555/of-nobody") is None
        assert await search.find_record("10.5555/a,b") is None
