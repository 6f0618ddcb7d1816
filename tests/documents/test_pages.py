"""The pages of a source are kept, so that a citation names the page of its passage wherever it is shown."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.documents.test_sources import upload
from tests.pdfs import make_pdf
from tests.writers import Writer

from tesigo.accounts.cookies import cookie_names
from tesigo.documents import library_service, sections_service, service, sources_service
from tesigo.documents.models import DocumentRow
from tesigo.manuscript import Citation, Outline, Passage, PlannedSection, Section, SectionKind, Source

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST = "Bees find the clover of a meadow by its smell."
SECOND = "Rain keeps the bees of a meadow at home for days."
PAPER = make_pdf(
    [(18, "How bees find their way"), (12, "Anna Rossi"), "Published: 3 May 2019", FIRST, "115"],
    [SECOND, "116"],
)


def cited(source: Source, words: str) -> Citation:
    start = source.body.index(words)
    return Citation(source.key, Passage(source.key, start, start + len(words), words), 1.0)


async def written(me: Writer, *quoted: str) -> tuple[int, Sequence[Source]]:
    """Return a document with the paper and a section that quotes these words of it; and its sources."""
    document_id = await me.create()
    answer = await upload(me, document_id, "paper.pdf", PAPER)
    assert answer.status_code == 201, answer.text
    database = me.house.database
    async with database.transaction() as tx:
        (source,) = sources = await sources_service.load_sources(tx, document_id)
        content = " ".join(f"“{words}” [@{source.key}]." for words in quoted)
        citations = tuple(cited(source, words) for words in quoted)
        outline = Outline(
            "Bees", (PlannedSection("1", "Bees", SectionKind.BODY, "", 100, (source.key,), ()),)
        )
        await sections_service.record_outline(tx, document_id, outline)
        section = Section("1", "Bees", SectionKind.BODY, content, citations)
        await sections_service.record_section(tx, document_id, section, me.house.clock())
    return document_id, sources


async def test_an_uploaded_pdf_is_recognised_and_keeps_its_pages(me):
    document_id = await me.create()
    (item,) = (await upload(me, document_id, "scan0001.pdf", PAPER)).json()["items"]
    assert item["key"] == "rossi2019"
    assert item["csl"]["title"] == "How bees find their way"
    async with me.house.database.transaction() as tx:
        (source,) = await sources_service.load_sources(tx, document_id)
    assert source.page_at(source.body.index(FIRST)) == 115
    assert source.page_at(source.body.index(SECOND)) == 116


async def test_a_section_answers_the_page_of_each_citation(me):
    document_id, _ = await written(me, FIRST, SECOND)
    section = (await me.ask("GET", f"/documents/{document_id}/sections/1")).json()
    assert [citation["page"] for citation in section["citations"]] == [115, 116]


async def test_a_citation_without_pages_answers_null(me):
    document_id = await me.create()
    await upload(me, document_id, "notes.md", b"# Bees\n\nBees find the clover of a meadow.\n")
    source = (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"][0]
    edited = {"content": f"# Bees\n\nSo it is [@{source['key']}].\n"}
    assert (await me.ask("PUT", f"/documents/{document_id}", json=edited)).status_code == 200
    section = (await me.ask("GET", f"/documents/{document_id}/sections/1")).json()
    assert [citation["page"] for citation in section["citations"]] == [None]


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("apa", ["(Rossi, 2019, p. 115)", "(Rossi, 2019, p. 116)"]),
        ("ieee", ["[1, p. 115]", "[1, p. 116]"]),
    ],
)
async def test_an_export_names_the_pages_in_its_style(me, style, expected):
    document_id, _ = await written(me, FIRST, SECOND)
    await me.ask("PUT", f"/documents/{document_id}", json={"citation_style": style})
    exported = await me.ask("GET", f"/documents/{document_id}/export?format=md")
    text = exported.text.replace("\\", "").replace("\u00a0", " ")
    for citation in expected:
        assert citation in text


async def test_a_passage_across_two_pages_names_both_and_a_place_that_the_author_typed_stays(me):
    document_id, (source,) = await written(me, FIRST)
    across = source.body[source.body.index("smell") : source.body.index("Rain") + 4]
    async with me.house.database.transaction() as tx:
        section = Section(
            "1",
            "Bees",
            SectionKind.BODY,
            f"So [@{source.key}]; and so [@{source.key}, chapter 7].",
            (cited(source, across), cited(source, FIRST)),
        )
        await sections_service.record_section(tx, document_id, section, me.house.clock())
    text = (await me.ask("GET", f"/documents/{document_id}/export?format=md")).text
    assert "(Rossi, 2019, pp. 115–116)" in text.replace("\u00a0", " ").replace("\\", "")
    assert "(Rossi, 2019, Chapter 7)" in text
    assert text.count("115") == 1


async def test_the_page_to_read_names_them_in_the_documents_language(me):
    document_id, _ = await written(me, SECOND)
    await me.ask("PUT", f"/documents/{document_id}", json={"language": "uk"})
    async with me.house.database.transaction() as tx:
        document = await tx.get(DocumentRow, document_id)
        manuscript = await service.load_manuscript(tx, document, author="")
    assert manuscript.sources[0].first_page == 115
    cookie = f"{cookie_names(me.house.settings).access}={me.client.headers['Authorization'][7:]}"
    page = await me.client.get(
        f"/documents/{document_id}/read", headers={"Accept": "text/html", "Cookie": cookie}
    )
    assert ", с. 116</button>" in page.text


async def test_pages_go_into_the_library_and_come_out_of_it(me):
    _, (source,) = await written(me, FIRST)
    own = replace(source, csl={**source.csl, "title": "How bees of the library find their way"})
    async with me.house.database.transaction() as tx:
        await library_service.add_to_library(tx, [own], me.house.clock())
        (found,) = await library_service.search_library(tx, "bees of the library", limit=1)
    assert (found.page_starts, found.first_page) == (source.page_starts, 115)


async def test_a_record_without_text_takes_text_and_pages_of_the_same_work(me):
    document_id = await me.create()
    record = {"type": "article-journal", "title": "How bees find their way", "author": [{"family": "Rossi"}]}
    dated = {**record, "issued": {"date-parts": [[2019]]}, "publisher": "Meadow Press"}
    await me.add(document_id, dated)
    await upload(me, document_id, "paper.pdf", PAPER)
    async with me.house.database.transaction() as tx:
        (source,) = await sources_service.load_sources(tx, document_id)
    assert source.csl["publisher"] == "Meadow Press"
    assert source.page_at(source.body.index(SECOND)) == 116


async def test_the_export_of_personal_data_holds_the_pages(me):
    document_id, (source,) = await written(me, FIRST)
    told = (await me.ask("GET", "/user/export-data")).json()
    (document,) = [one for one in told["documents"] if one["id"] == document_id]
    assert document["sources"][0]["page_starts"] == list(source.page_starts)
    assert document["sources"][0]["first_page"] == 115
