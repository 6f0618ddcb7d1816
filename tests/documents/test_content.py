import pytest
from sqlalchemy import text
from tests.houses import ABSTRACTS

from tesigo.documents import sections_service
from tesigo.manuscript import Citation, Outline, Passage, PlannedSection, Section, SectionKind

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def written_document(me) -> tuple[int, str, str]:
    """Return (id, key, key) of a document as a job leaves it: an abstract, chapters, citations with passages."""
    document_id = await me.create()
    one, two = [source["key"] for source in await me.add(document_id, *ABSTRACTS[:2])]
    texts = (
        ("0", "Abstract", SectionKind.ABSTRACT, "In short.", ()),
        ("1", "Introduction", SectionKind.INTRODUCTION, f"Why [@{one}].", (one,)),
        ("2", "Grading [*now*]", SectionKind.BODY, f"Quoted [@{one}; @{two}] and again [@{one}].", (one, two, one)),
        ("2.1", "Bias #1", SectionKind.BODY, f"Length counts [@{two}].", (two,)),
    )  # fmt: skip
    outline = Outline(
        "t", tuple(PlannedSection(number, heading, kind, "why", 90) for number, heading, kind, *_ in texts)
    )
    async with me.house.database.transaction() as tx:
        await sections_service.record_outline(tx, document_id, outline)
        for number, heading, kind, content, keys in texts:
            citations = tuple(
                Citation(key, Passage(key, place, place + 9, f"{number}-{place}"), 0.5)
                for place, key in enumerate(keys)
            )
            section = Section(number, heading, kind, content, citations, "offline:extractive")
            await sections_service.record_section(tx, document_id, section, me.house.clock())
    return document_id, one, two


async def section(me, document_id: int, number: str) -> dict:
    return (await me.ask("GET", f"/documents/{document_id}/sections/{number}")).json()


async def passages(me, document_id: int) -> dict[str, list[tuple[str, str]]]:
    """Return (key, passage) of each citation, by the number of the section."""
    listed = (await me.ask("GET", f"/documents/{document_id}/sections")).json()["items"]
    read = [await section(me, document_id, item["number"]) for item in listed]
    return {one["number"]: [(each["key"], each["passage"]) for each in one["citations"]] for one in read}


async def test_a_text_that_is_put_back_unchanged_changes_nothing(me):
    document_id, *_ = await written_document(me)
    before = [await section(me, document_id, number) for number in ("0", "1", "2", "2.1")]
    content = (await me.ask("GET", f"/documents/{document_id}")).json()["content"]
    answer = await me.put(document_id, content=content)
    assert answer.json()["content"] == content
    assert [await section(me, document_id, number) for number in ("0", "1", "2", "2.1")] == before
    manuscript_kinds = await kinds(me, document_id)
    assert manuscript_kinds == ["abstract", "introduction", "body", "body"]


async def kinds(me, document_id: int) -> list[str]:
    async with me.house.database.transaction() as tx:
        return [section.kind.value for section in await sections_service.load_sections(tx, document_id)]


async def test_citations_keep_their_passages_while_their_keys_are_in_the_text(me):
    document_id, one, two = await written_document(me)
    before = await passages(me, document_id)
    content = (await me.ask("GET", f"/documents/{document_id}")).json()["content"]
    edited = content.replace(f"[@{one}; @{two}] and again [@{one}]", f"[@{two}], [@{one}], [@{two}]")
    assert edited != content
    await me.put(document_id, content=edited)
    after = await passages(me, document_id)
    (first, first_passage), (second, second_passage), _ = before["2"]
    assert (first, second) == (one, two)
    assert after["2"] == [(two, second_passage), (one, first_passage), (two, "")]
    assert {number: after[number] for number in ("0", "1", "2.1")} == {
        number: before[number] for number in ("0", "1", "2.1")
    }
    assert (await section(me, document_id, "2"))["written_by"] == "author"
    assert (await section(me, document_id, "1"))["written_by"] == "offline:extractive"


async def test_a_key_that_is_no_source_is_named_and_nothing_is_taken_over(me):
    document_id, one, _ = await written_document(me)
    before = (await me.ask("GET", f"/documents/{document_id}")).json()
    answer = await me.put(
        document_id,
        title="Another title",
        content=f"# New\n\nTrue [@{one}], false [see @nobody1999, p. 3].\n",
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_content")
    assert "nobody1999" in answer.json()["detail"]
    assert one not in answer.json()["detail"]
    assert (await me.ask("GET", f"/documents/{document_id}")).json() == before


async def test_two_abstracts_are_refused_with_a_sentence(me):
    document_id, *_ = await written_document(me)
    answer = await me.put(document_id, content="# Abstract\n\nOne.\n\n# Abstract\n\nTwo.\n")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_content")
    assert "two abstracts" in answer.json()["detail"]


TITLED = "# Feedback on student essays\n\n"


@pytest.mark.parametrize(
    ("content", "numbers", "again"),
    [
        ("Before all.\n\n# One\n\nA.\n", ["1", "2"], f"{TITLED}Before all.\n\n# One\n\nA.\n"),
        (
            "## First\n\nA.\n\n# One\n\n## In\n\nB.\n",
            ["1", "2", "2.1"],
            "# First\n\nA.\n\n# One\n\n## In\n\nB.\n",
        ),
        ("# Same\n\nA.\n\n# Same\n\nB.\n", ["1", "2"], None),
        ("#\n\nNo heading.\n", ["1"], f"{TITLED}No heading.\n"),
        ("# One\n\n### Deeper\n\n```\n# no heading\n```\n", ["1"], None),
        ("Only text.\r\n\r\nOf two paragraphs.", ["1"], f"{TITLED}Only text.\n\nOf two paragraphs.\n"),
        ("# Empty\n", ["1"], None),
        (" \n\n", [], ""),
    ],
)
async def test_any_shape_of_text_is_taken_and_settles_at_once(me, content, numbers, again):
    document_id = await me.create()
    stored = (await me.put(document_id, content=content)).json()["content"] or ""
    assert stored == (content if again is None else again)
    listed = (await me.ask("GET", f"/documents/{document_id}/sections")).json()["items"]
    assert [item["number"] for item in listed] == numbers
    assert ((await me.put(document_id, content=stored)).json()["content"] or "") == stored


async def test_words_are_counted_as_a_reader_counts_them(me):
    document_id, one, _ = await written_document(me)
    changed = await me.put(document_id, content=f"# Two words here\n\nFour words are here [@{one}].\n")
    assert changed.json()["word_count"] == 4


async def test_a_document_that_is_being_written_is_not_changed_under_its_writer(me):
    document_id, *_ = await written_document(me)
    async with me.house.database.transaction() as tx:
        await tx.execute(
            text("UPDATE documents SET status = 'generating' WHERE id = :id"), {"id": document_id}
        )
    for changes in ({"content": "# One\n"}, {"title": "Another"}):
        answer = await me.put(document_id, **changes)
        assert (answer.status_code, answer.json()["code"]) == (409, "being_written")
    answer = await me.ask("POST", f"/documents/{document_id}/sources", json=ABSTRACTS[3])
    assert (answer.status_code, answer.json()["code"]) == (409, "being_written")


async def test_the_plan_and_what_is_written_of_it_are_told_apart(me):
    document_id = await me.create()
    bias = PlannedSection("1.1", "Bias", SectionKind.BODY, "how", 80)
    grading = PlannedSection("1", "Grading", SectionKind.BODY, "why", 90, (), (bias,))
    outline = Outline("t", (grading,))
    async with me.house.database.transaction() as tx:
        await sections_service.record_outline(tx, document_id, outline)
    read = (await me.ask("GET", f"/documents/{document_id}/outline")).json()
    assert [chapter["number"] for chapter in read["sections"]] == ["1"]
    assert [child["heading"] for child in read["sections"][0]["children"]] == ["Bias"]
    planned = await section(me, document_id, "1.1")
    assert (planned["status"], planned["content"], planned["target_words"]) == ("planned", None, 80)
    assert (await me.ask("GET", f"/documents/{document_id}/sections/9")).status_code == 404


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("As [see @{key}, p. 3; -@{key}] say.", 2),
        ("@{key} says so; @{key}, too.", 2),
        ("Mail a@{key}.org, a handle @somebody, an escaped \\@{key}, `@decorator`.", 0),
        ("[a link](https://example.com/@somebody) and [a note @{key}.]", 1),
    ],
)
async def test_what_an_export_takes_for_a_citation_counts_as_one(me, text, times):
    document_id = await me.create()
    (source,) = await me.add(document_id, ABSTRACTS[0])
    answer = await me.put(document_id, content=f"# One\n\n{text.replace('{key}', source['key'])}\n")
    assert answer.status_code == 200, answer.text
    (listed,) = (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"]
    assert listed["times_cited"] == times
    removed = await me.ask("DELETE", f"/documents/{document_id}/sources/{source['id']}")
    assert removed.status_code == (409 if times else 204)


async def test_ten_thousand_unknown_keys_are_told_in_a_sentence_at_once(me):
    document_id = await me.create()
    content = "[" + "; ".join(f"@nobody{number}" for number in range(10_000)) + "]"
    answer = await me.put(document_id, content=content)
    assert answer.status_code == 400
    assert len(answer.text) < 1_000
