"""A paper is completed by the record of its DOI, and nobody waits for who does not answer."""

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from tests.documents.test_sources import upload
from tests.houses import client_of
from tests.pdfs import make_pdf
from tests.writers import Writer

from tesigo.documents import completion
from tesigo.documents.ports import NoRecords
from tesigo.kit.errors import Unavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAPER = make_pdf(
    [(18, "How bees find their way"), "doi: 10.1234/BEES.5", "Bees find the clover of a meadow by its smell."]
)
RECORD = {
    "type": "article-journal",
    "title": "How Bees Find Their Way",
    "author": [{"family": "Rossi", "given": "Anna"}],
    "issued": {"date-parts": [[2019, 5]]},
    "container-title": "Journal of Meadows",
    "DOI": "10.1234/bees.5",
    "abstract": "<jats:p>Bees smell.</jats:p>",
}


class FakeRecords:
    """Answers, fails or keeps silent; remembers what it was asked."""

    def __init__(self, answer: Mapping[str, Any] | Exception | None, *, is_silent: bool = False) -> None:
        self._answer, self._is_silent = answer, is_silent
        self.asked: list[str] = []

    async def find_record(self, doi: str) -> Mapping[str, Any] | None:
        self.asked.append(doi)
        if self._is_silent:
            await asyncio.Event().wait()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


async def added(
    me: Writer, records: Any, *, name: str = "scan.pdf", content: bytes = PAPER
) -> dict[str, Any]:
    document_id = await me.create()
    async with client_of(dataclasses.replace(me.house, records=records)) as client:
        client.headers.update(me.client.headers)
        answer = await upload(Writer(client, me.house), document_id, name, content)
    assert answer.status_code == 201, answer.text
    return answer.json()["items"][0]


async def test_the_record_of_its_doi_completes_a_paper(me):
    records = FakeRecords(RECORD)
    item = await added(me, records)
    assert records.asked == ["10.1234/bees.5"]
    assert item["key"] == "rossi2019"
    assert item["csl"]["container-title"] == "Journal of Meadows"
    assert item["csl"]["id"] == "rossi2019"
    assert (item["has_full_text"], item["has_abstract"]) == (True, True)


@pytest.mark.parametrize(
    "records",
    [
        FakeRecords(None),
        FakeRecords(Unavailable("Away.")),
        FakeRecords({**RECORD, "title": "Of another work"}),
        FakeRecords({"type": "book"}),
        NoRecords(),
    ],
)
async def test_without_a_usable_record_the_page_is_what_is_known(me, records):
    item = await added(me, records)
    assert item["csl"]["title"] == "How bees find their way"
    assert item["csl"]["DOI"] == "10.1234/BEES.5"
    assert "container-title" not in item["csl"]


async def test_who_does_not_answer_is_not_waited_for(me):
    loop = asyncio.get_running_loop()
    began = loop.time()
    item = await added(me, FakeRecords(RECORD, is_silent=True))
    assert loop.time() - began < completion._WITHIN_S + 5
    assert item["csl"]["title"] == "How bees find their way"


async def test_nobody_is_asked_about_what_has_no_doi_or_is_a_record_already(me):
    records = FakeRecords(RECORD)
    await added(me, records, content=make_pdf([(18, "How bees find their way"), "Bees smell the clover."]))
    await added(
        me, records, name="refs.bib", content=b"@book{a, title={Bees}, doi={10.1234/bees.5}, year=2020}"
    )
    assert records.asked == []


async def test_a_paper_from_the_page_in_the_browser_is_completed_too(me):
    document_id = await me.create()
    records = FakeRecords(RECORD)
    async with client_of(dataclasses.replace(me.house, records=records)) as client:
        cookie = f"tesigo_access={me.client.headers['Authorization'][7:]}"
        headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        sent = await client.post(
            f"/documents/{document_id}/sources", headers=headers, files={"files": ("scan.pdf", PAPER)}
        )
        assert sent.status_code == 303, sent.text
    (item,) = (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"]
    assert item["key"] == "rossi2019"
