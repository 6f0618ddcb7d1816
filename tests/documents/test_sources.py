import json
from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from tests.confined_children import killed_children
from tests.houses import ABSTRACTS

from tesigo.documents import service, sources_service
from tesigo.manuscript import Source

pytestmark = pytest.mark.asyncio(loop_scope="module")

BIB = "@article{x, title={Rubrics in class}, author={Olena Koval}, year={2021}, abstract={Rubrics help.}}"
RIS = "TY  - JOUR\nTI  - Peer review in class\nAU  - Rossi, A.\nPY  - 2019\nAB  - Peers help.\nER  - \n"
FILES = {
    "refs.bib": (BIB.encode(), "koval2021", "Rubrics in class"),
    "refs.ris": (RIS.encode(), "rossi2019", "Peer review in class"),
    "refs.json": (json.dumps(ABSTRACTS[:1]).encode(), "adams2015", "Feedback on essays, study 0"),
    "refs.jsonl": (json.dumps(ABSTRACTS[1]).encode(), "brown2016", "Feedback on essays, study 1"),
    "notes.md": (
        b"# Grading by machine\n\nMachines grade what they can count.\n",
        None,
        "Grading by machine",
    ),
    "notes.txt": ("Оцінювання\n\nМашини рахують слова.\n".encode(), None, None),
}


async def upload(me, document_id: int, name: str, content: bytes):
    path = f"/documents/{document_id}/sources"
    return await me.ask("POST", path, files={"file": (name, content)})


@pytest.mark.parametrize("name", FILES)
async def test_each_kind_of_file_becomes_a_source(me, name):
    content, key, title = FILES[name]
    document_id = await me.create()
    answer = await upload(me, document_id, name, content)
    assert answer.status_code == 201, answer.text
    (item,) = answer.json()["items"]
    assert item["key"] == key or key is None
    assert item["csl"]["title"] == title or title is None
    assert item["has_full_text"] is (not name.startswith("refs"))
    assert item["has_abstract"] is name.startswith("refs")
    listed = (await me.ask("GET", f"/documents/{document_id}/sources")).json()
    assert listed == {"items": [item], "next_cursor": None}


@pytest.mark.parametrize(
    ("name", "has_text"),
    [
        ("derived__it_tech.pdf", True),
        ("derived__it_tech.docx", True),
        ("derived__uk_cp1251.txt", True),
        ("derived__uk_utf16le_bom.txt", True),
        ("derived__docx_named.pdf", False),
        ("apache__testWORD.doc", False),
        ("apache__truncated62886.docx", False),
        ("apache__bug53475-password-is-pass.docx", False),
        ("mozilla__empty.pdf", False),
    ],
)
async def test_real_files_are_read_or_refused_with_a_sentence(me, shared_data, name, has_text):
    document_id = await me.create()
    answer = await upload(me, document_id, name, (shared_data / "uploads" / "files" / name).read_bytes())
    if has_text:
        assert answer.status_code == 201, answer.text
        assert answer.json()["items"][0]["has_full_text"]
    else:
        assert answer.status_code in (400, 415), answer.text
        assert answer.json()["detail"].endswith(".")
        assert (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"] == []


@pytest.mark.parametrize("name", ["derived__it_tech.pdf", "derived__it_tech.docx", "refs.bib"])
async def test_a_file_whose_reading_the_machine_stops_is_not_called_broken(me, shared_data, name):
    document_id = await me.create()
    files = shared_data / "uploads" / "files"
    content = FILES[name][0] if name in FILES else (files / name).read_bytes()
    with capture_logs(), killed_children() as killed:
        answer = await upload(me, document_id, name, content)
    assert killed
    assert (answer.status_code, answer.json()["code"]) == (503, "child_killed")
    assert "try again" in answer.json()["detail"]
    assert (await upload(me, document_id, name, content)).status_code == 201


async def test_a_broken_record_is_told_and_the_others_are_kept(me):
    document_id = await me.create()
    lines = b"\n".join(
        [json.dumps(ABSTRACTS[0]).encode(), b'{"type": "book"', json.dumps(ABSTRACTS[1]).encode()]
    )
    answer = (await upload(me, document_id, "refs.jsonl", lines)).json()
    assert [item["key"] for item in answer["items"]] == ["adams2015", "brown2016"]
    assert len(answer["warnings"]) == 1


async def test_a_work_that_is_there_is_completed_and_not_repeated(me):
    document_id = await me.create()
    bare = {name: ABSTRACTS[0][name] for name in ("type", "title", "author", "issued")}
    (first,) = await me.add(document_id, bare)
    (again,) = await me.add(document_id, {**ABSTRACTS[0], "DOI": "10.1234/ABC"})
    assert (again["id"], again["key"]) == (first["id"], first["key"])
    assert (first["has_abstract"], again["has_abstract"]) == (False, True)
    (third,) = await me.add(document_id, {"type": "book", "title": "Named otherwise", "DOI": "10.1234/abc"})
    assert third["id"] == first["id"]
    assert third["csl"]["title"] == bare["title"]


async def test_the_answer_names_the_works_that_were_given_and_no_others(me):
    document_id = await me.create()
    (first,) = await me.add(document_id, ABSTRACTS[0])
    other = {**ABSTRACTS[0], "title": "Quite another work"}  # its key would be that of the first
    (item,) = await me.add(document_id, other)
    assert item["csl"]["title"] == "Quite another work"
    assert (first["key"], item["key"], item["csl"]["id"]) == ("adams2015", "adams2015b", "adams2015b")


async def test_sources_that_turn_out_to_be_one_work_mix_up_nothing(me):
    """Two that are there may become the same work by what is added to one: the keys stay with their works."""
    document_id = await me.create()
    editorial = {"type": "article", "title": "Editorial", "issued": {"date-parts": [[2020]]}}
    first, second = await me.add(
        document_id,
        {**editorial, "author": [{"family": "Xu"}], "DOI": "10.1/x"},
        {**editorial, "author": [{"family": "Zu"}]},
    )
    async with me.house.database.transaction() as tx:  # as a search that names more authors completes it
        sources = await sources_service.load_sources(tx, document_id)
        both = {**sources[0].csl, "author": [{"family": "Xu"}, {"family": "Zu"}]}
        await sources_service.record_found(tx, document_id, [replace(sources[0], csl=both)], me.house.clock())
    (third,) = await me.add(
        document_id, {"type": "book", "title": "A third work", "author": [{"family": "Yi"}]}
    )
    listed = (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"]
    assert [item["id"] for item in listed] == [first["id"], second["id"], third["id"]]
    assert [item["csl"]["title"] for item in listed] == ["Editorial", "Editorial", "A third work"]
    assert all(item["csl"]["id"] == item["key"] for item in listed)


async def test_what_a_search_found_completes_what_the_user_brought(me):
    document_id = await me.create()
    bare = {name: ABSTRACTS[0][name] for name in ("type", "title", "author", "issued")}
    await me.add(document_id, bare)
    async with me.house.database.transaction() as tx:
        (own,) = await sources_service.load_sources(tx, document_id)
        found = [replace(own, abstract="Found."), Source("new2020", {"id": "new2020", "title": "New"})]
        await sources_service.record_found(tx, document_id, found, me.house.clock())
    async with me.house.database.transaction() as tx:
        assert await sources_service.load_sources(tx, document_id) == tuple(found)


async def test_a_cited_source_stays_and_what_its_citations_point_at_too(me):
    document_id = await me.create()
    (source,) = await me.add(document_id, ABSTRACTS[0])
    await me.put(document_id, content=f"# One\n\nTrue [@{source['key']}], twice [@{source['key']}].\n")
    refused = await me.ask("DELETE", f"/documents/{document_id}/sources/{source['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "source_in_use")
    assert "2 times" in refused.json()["detail"]
    longer = {**ABSTRACTS[0], "abstract": "Before. " + ABSTRACTS[0]["abstract"] + " After."}
    await me.add(document_id, longer)
    async with me.house.database.transaction() as tx:
        (kept,) = await sources_service.load_sources(tx, document_id)
    assert kept.abstract == ABSTRACTS[0]["abstract"]
    await me.put(document_id, content="# One\n\nNothing is cited.\n")
    assert (await me.ask("DELETE", f"/documents/{document_id}/sources/{source['id']}")).status_code == 204
    assert (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"] == []


async def test_cited_works_are_told_with_how_often_the_text_cites_them(me):
    document_id, elsewhere = await me.create(), await me.create()
    one, two, _ = [source["key"] for source in await me.add(document_id, *ABSTRACTS[:3])]
    assert [source["key"] for source in await me.add(elsewhere, *ABSTRACTS[:2])] == [one, two]
    await me.put(document_id, content=f"# One\n\nTold [@{two}; @{one}].\n\n# Two\n\nAgain [@{two}].\n")
    await me.put(elsewhere, content=f"# One\n\nTold [@{one}].\n")
    async with me.house.database.transaction() as tx:
        user_id = (await me.ask("GET", "/user/me")).json()["id"]
        document = await service.own_document(tx, user_id, document_id)
        cited = await sources_service.list_cited(tx, document)
    assert [(source.key, source.csl["title"], source.times) for source in cited] == [
        (one, ABSTRACTS[0]["title"], 1),
        (two, ABSTRACTS[1]["title"], 2),
    ]


async def test_a_source_is_removed_from_its_own_document_only(me):
    mine, other = await me.create(), await me.create()
    (source,) = await me.add(mine, ABSTRACTS[0])
    assert (await me.ask("DELETE", f"/documents/{other}/sources/{source['id']}")).status_code == 404
    assert len((await me.ask("GET", f"/documents/{mine}/sources")).json()["items"]) == 1


async def test_pages_of_sources_hold_each_once_in_the_order_of_their_coming(me):
    document_id = await me.create()
    lines = "\n".join(map(json.dumps, ABSTRACTS)).encode()
    keys = [item["key"] for item in (await upload(me, document_id, "refs.jsonl", lines)).json()["items"]]
    path, seen, more = f"/documents/{document_id}/sources", [], {}
    while more != {"cursor": None}:
        page = (await me.ask("GET", path, params={"limit": 3, **more})).json()
        seen += [item["key"] for item in page["items"]]
        more = {"cursor": page["next_cursor"]}
    assert seen == keys
    assert len(keys) == len(ABSTRACTS)


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 400),
        ({"content": b"--b--", "headers": {"content-type": "multipart/form-data"}}, 400),
        ({"content": b"garbage", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 400),
        ({"data": {"file": "not a file"}, "files": {"other": b"x"}}, 400),
        ({"files": [("file", b"a"), ("file", b"b")]}, 400),
        ({"json": [ABSTRACTS[0]]}, 400),
        ({"content": b'{"title": ', "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"[" * 15_000, "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 413),
        (
            {"content": b'{"title": ' + b"9" * 6_000 + b"}", "headers": {"content-type": "application/json"}},
            400,
        ),
        ({"json": {"type": "book"}}, 400),
        ({"files": {"file": ("empty.txt", b"")}}, 400),
        ({"files": {"file": ("large.txt", b"word " * 300_000)}}, 413),
        ({"files": {"file": ("run.txt", b"#!/bin/sh\necho\n")}}, 400),
        ({"files": {"file": ("a.pdf", b"MZ\x90\x00" + b"\x00" * 100)}}, 400),
    ],
)
async def test_what_is_no_source_is_refused_with_a_sentence(me, request_of, status):
    document_id = await me.create()
    answer = await me.ask("POST", f"/documents/{document_id}/sources", **request_of)
    assert answer.status_code == status or (status == 400 and answer.status_code == 415), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 10
    assert (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"] == []


@pytest.mark.parametrize(
    "odd",
    [
        b'{"type": "book", "title": "Odd", "volume": NaN, "issue": 1e999}',
        b'{"type": "book", "title": "Odd\\u0000", "author": [{"family": "A\\ud800"}], "abstract": "\\u0000"}',
        b'{"type": "book", "title": "Odd", "issued": {"date-parts": [[1e60]]}}',
        b'{"type": "book", "title": "Odd", "custom": {"a": ' + b"[" * 500 + b"]" * 500 + b"}}",
        b'{"type": [], "title": "Odd", "author": {"family": 7}, "issued": 2020, "DOI": {"x": 1}}',
    ],
)
async def test_a_record_of_odd_values_is_kept_clean_or_refused(me, odd):
    document_id = await me.create()
    headers = {"content-type": "application/json"}
    answer = await me.ask("POST", f"/documents/{document_id}/sources", content=odd, headers=headers)
    assert answer.status_code in (201, 400), answer.text
    if answer.status_code == 201:
        assert answer.json()["items"][0]["key"].isalnum()
    answer = await upload(
        me, document_id, "odd\x00\ud800.jsonl".encode("utf-8", "surrogatepass").decode("latin-1"), odd
    )
    assert answer.status_code in (201, 400), answer.text
