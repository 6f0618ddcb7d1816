"""How much a user keeps is bounded, exactly, however many requests come at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.houses import ABSTRACTS, opened_house
from tests.writers import Writer, signed_in

from tesigo.entry.wiring import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOST_DOCUMENTS, MOST_SOURCES, MOST_MB = 4, 3, 2
HALF_A_MB = "ї" * (1 << 18)  # two bytes each


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    quotas = {"max_documents": MOST_DOCUMENTS, "max_sources": MOST_SOURCES, "max_stored_mb": MOST_MB}
    async with opened_house(tmp_path_factory.mktemp("house"), **quotas) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def me(house: House) -> AsyncIterator[Writer]:
    async with signed_in(house) as writer:
        yield writer


@pytest_asyncio.fixture(loop_scope="module")
async def other(house: House) -> AsyncIterator[Writer]:
    async with signed_in(house) as writer:
        yield writer


def refused(answer, *, naming: str) -> bool:
    """Whether the quota is what refused it, with a sentence that says what to do."""
    told = answer.json()
    allowed = {"documents": MOST_DOCUMENTS, "sources": MOST_SOURCES, "stored_mb": MOST_MB}
    assert told["most"] == allowed[told["quota"]]
    return (answer.status_code, told["code"]) == (409, "quota_reached") and naming in told["detail"]


async def draft(me: Writer, document_id: int, content: str):
    return await me.ask("POST", f"/documents/{document_id}/draft", json={"content": content})


async def count_documents(me: Writer) -> int:
    return len((await me.ask("GET", "/documents")).json()["items"])


async def test_of_many_documents_at_once_exactly_the_quota_comes_to_be(me, other):
    async def create():
        return await me.ask("POST", "/documents", json={"title": "Feedback on student essays"})

    answers = await asyncio.gather(*(create() for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * MOST_DOCUMENTS + [409] * 8
    assert all(refused(answer, naming="delete one") for answer in answers if answer.status_code == 409)
    assert await count_documents(me) == MOST_DOCUMENTS
    await other.create()  # another user's are not counted
    created = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert (await me.ask("DELETE", f"/documents/{created}")).status_code == 204
    await me.create()


async def test_a_document_that_is_made_with_its_job_counts_too(me):
    for _ in range(MOST_DOCUMENTS):
        await me.create()
    answer = await me.ask("POST", "/generate/document-async", json={"title": "Feedback on student essays"})
    assert refused(answer, naming="delete one")
    assert await count_documents(me) == MOST_DOCUMENTS


async def test_of_many_sources_at_once_exactly_the_quota_comes_in(me):
    document_id = await me.create()

    async def add(record):
        return await me.ask("POST", f"/documents/{document_id}/sources", json=record)

    answers = await asyncio.gather(*(add(record) for record in ABSTRACTS))
    assert sorted(answer.status_code for answer in answers) == [201] * MOST_SOURCES + [409] * 5
    assert all(refused(answer, naming="remove some") for answer in answers if answer.status_code == 409)
    there = (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"]
    assert len(there) == MOST_SOURCES
    again = next(record for record in ABSTRACTS if record["title"] == there[0]["csl"]["title"])
    assert (await add(again)).status_code == 201  # what is there takes no room


async def test_of_many_bytes_at_once_no_more_than_the_quota_is_kept(me, other):
    documents = [await me.create() for _ in range(MOST_DOCUMENTS)]
    answers = await asyncio.gather(*(draft(me, number, HALF_A_MB) for number in documents * 3))
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 8
    assert all(refused(answer, naming="2 MB: delete") for answer in answers if answer.status_code == 409)
    elsewhere = await other.create()
    assert (await draft(other, elsewhere, HALF_A_MB)).status_code == 201
    kept = next(number for number, answer in zip(documents * 3, answers, strict=True) if answer.is_success)
    assert (await me.ask("DELETE", f"/documents/{kept}")).status_code == 204
    assert (await draft(me, await me.create(), HALF_A_MB)).status_code == 201


@pytest.mark.parametrize("what", ["requirements", "a source's text", "a record", "the text", "a draft"])
async def test_whatever_a_user_brings_counts(me, what):
    document_id, full = await me.create(), await me.create()
    for content in (HALF_A_MB, HALF_A_MB, HALF_A_MB, HALF_A_MB[100:]):
        assert (await draft(me, full, content)).status_code == 201
    few = "Teachers report that they trust what they can see. " * 5
    path = f"/documents/{document_id}"
    match what:
        case "requirements":
            answer = await me.put(document_id, requirements=few)
        case "a source's text":
            answer = await me.ask("POST", f"{path}/sources", files={"file": ("notes.txt", few.encode())})
        case "a record":
            answer = await me.ask("POST", f"{path}/sources", json=ABSTRACTS[0])
        case "the text":
            answer = await me.put(document_id, content=f"# A chapter\n\n{few}")
        case _:
            answer = await draft(me, document_id, few)
    assert refused(answer, naming="delete documents"), answer.text
    told = (await me.ask("GET", path)).json()
    assert (told["content"], told["requirements"]) == (None, None)
    assert (await me.ask("GET", f"{path}/sources")).json()["items"] == []
