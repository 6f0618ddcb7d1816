"""Nobody reaches what belongs to somebody else: every route and page is tried as nobody, other, administrator, owner.

A route that `ROUTES` does not name fails the first test: tell there, in one line, what it answers to whom.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
import websockets
from fastapi import HTTPException
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_object_session
from tests.houses import HERE, client_of, opened_house
from tests.integration.known_routes import DOCUMENT, PAGE, ROUTES, Things, routes_of
from tests.integration.people import MARK, Owned, People, Person, absent, make_owned
from tests.servers import answering

from tesigo.documents import ownership as of_documents
from tesigo.entry.api import make_app
from tesigo.generation import ownership as of_jobs
from tesigo.kit.requests import Tx

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOSS = "boss@example.com"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "BREW")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    folder = tmp_path_factory.mktemp("house")
    async with opened_house(folder, admin_emails=(BOSS,)) as house, client_of(house) as client:
        nobody = Person("", "")
        met = People(client, house, nobody, nobody)
        other, boss = await met.somebody(), await met.somebody(BOSS)
        answer = await client.get("/api/v1/user/me", headers={"Authorization": f"Bearer {boss.token}"})
        assert answer.json()["is_admin"] is True
        yield People(client, house, other, boss)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(people: People) -> Owned:
    """What nothing that is tried with it may change."""
    return await make_owned(people)


def told(answer: httpx.Response) -> tuple[object, ...]:
    """Return what the answer tells, without the address that its reader asked for."""
    here = answer.request.url.path
    seen = {name: answer.headers.get(name) for name in ("location", "content-type", "allow", "set-cookie")}
    return answer.status_code, answer.text.replace(here, "HERE"), seen


async def test_every_route_is_known_here(people: People):
    here = {route.name for route in routes_of(people.house)}
    assert here - ROUTES.keys() == set(), "tell in ROUTES what these answer to whom"
    assert ROUTES.keys() - here == set(), "these are gone"
    schema = (await people.client.get("/openapi.json")).json()
    described = {f"{method.upper()} {path}" for path, ways in schema["paths"].items() for method in ways}
    assert described <= here


@pytest.mark.parametrize("name", [name for name, known in ROUTES.items() if known.whose == "owned"])
async def test_what_is_somebodys_is_there_for_its_owner_alone(people: People, kept: Owned, name: str):
    made = kept if name.startswith("GET ") else await make_owned(people)
    owner, things = made.owner, made.things
    nothing = absent(things)
    known = ROUTES[name]
    for stranger in (people.other, people.boss):
        answer = await people.ask(name, stranger, things)
        assert answer.status_code == known.refused, f"{stranger.email}: {answer.status_code} {answer.text}"
        check_is_let_in(answer)
        assert MARK not in answer.text
        missing = await people.ask(name, stranger, nothing)
        assert told(answer) == told(missing), "tells that it exists"
    await refuse_nobody(people, name, things)
    answer = await people.ask(name, owner, things)
    assert answer.status_code == known.status, f"owner: {answer.status_code} {answer.text}"
    check_is_let_in(answer)


@pytest.mark.parametrize("name", [name for name, known in ROUTES.items() if known.whose == "own"])
async def test_what_is_the_callers_own_tells_nothing_of_others(people: People, kept: Owned, name: str):
    owner, things = kept.owner, kept.things
    known = ROUTES[name]
    await refuse_nobody(people, name, things)
    before = await account_of(people, owner)
    other = await people.somebody() if known.ends else people.other
    answers = [(await people.ask(name, other, things), known.status)]
    if not known.ends:
        answers.append((await people.ask(name, people.boss, things), known.boss or known.status))
    for answer, status in answers:
        assert answer.status_code == status, answer.text
        check_is_let_in(answer)
        assert MARK not in answer.text
        assert owner.email not in answer.text
    still = await people.ask("GET /api/v1/documents", owner, things)
    assert MARK in still.text, "what somebody else did has changed the owner's documents"
    assert await account_of(people, owner) == before, "what somebody else did has changed the owner's account"


def check_is_let_in(answer: httpx.Response) -> None:
    """Fail where a page leads to the sign-in: it was not the page that answered then."""
    assert not answer.headers.get("location", "").startswith("/sign-in"), answer.headers["location"]


async def account_of(people: People, owner: Person) -> list[object]:
    """Return the owner's name, rights, consents and sign-ins."""
    asked = ("GET /api/v1/user/me", "GET /api/v1/user/consents", "GET /api/v1/user/sessions")
    answers = [await people.ask(name, owner, {}) for name in asked]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json() for answer in answers]


async def refuse_nobody(people: People, name: str, things: Things) -> None:
    for asked in (things, absent(things)):
        answer = await people.ask(name, None, asked)
        if "/api/" in name:
            assert answer.status_code == 401, f"nobody: {answer.status_code} {answer.text}"
        else:
            assert answer.status_code == 303, f"nobody: {answer.status_code}"
            assert answer.headers["location"].startswith("/sign-in?next=/")
        assert MARK not in answer.text


@pytest.mark.parametrize("name", [name for name, known in ROUTES.items() if known.whose == "free"])
async def test_what_is_free_tells_nobody_of_anything(people: People, kept: Owned, name: str):
    answer = await people.ask(name, None, kept.things)
    assert answer.status_code == ROUTES[name].status, answer.text
    assert MARK not in answer.text


async def test_a_method_that_an_address_does_not_have_is_refused_and_fails_nowhere(
    people: People, kept: Owned
):
    things, routes = kept.things, list(routes_of(people.house))
    for path in {route.path for route in routes}:
        address = path.format_map(things)
        own = {route.name.split()[0] for route in routes if route.path.format_map(things) == address}
        own |= {"HEAD"} if path == "/openapi.json" else set()
        for method, who in itertools.product(set(METHODS) - own, (None, kept.owner)):
            headers = {"Authorization": f"Bearer {who.token}"} if who else {}
            answer = await people.client.request(method, address, headers=headers)
            assert answer.status_code == 405, f"{method} {path}: {answer.status_code}"
            assert set(answer.headers["allow"].split(", ")) == own, f"{method} {path}"
            assert MARK not in answer.text
    still = await people.ask("GET /api/v1/documents", kept.owner, things)
    assert MARK in still.text


async def test_the_live_progress_is_there_for_the_documents_owner_alone(people: People, kept: Owned):
    document_id = kept.things["document_id"]
    async with answering(make_app(people.house)) as address:

        async def follow(who: Person | None, document: object) -> int | str:
            """Return the code with which the connection is closed, or the first message."""
            url = f"{address.replace('http', 'ws', 1)}/ws/generation/{document}"
            protocols = ["bearer", who.token] if who else None
            async with websockets.connect(url, subprotocols=protocols) as connection:
                try:
                    return str(await asyncio.wait_for(connection.recv(), 20))
                except websockets.ConnectionClosed:
                    return connection.close_code or 0

        for stranger in (people.other, people.boss):
            assert await follow(stranger, document_id) == await follow(stranger, 999_999) == 4404
        assert await follow(None, document_id) == await follow(None, 999_999) == 4401
        assert '"type":"snapshot"' in str(await follow(kept.owner, document_id))


async def test_a_source_of_somebody_else_is_not_reached_through_a_document_of_ones_own(people: People):
    one, other = await make_owned(people), await make_owned(people)
    mixed = {**one.things, "document_id": other.things["document_id"]}
    for name in ROUTES:
        if "{source_id}" in name:
            assert (await people.ask(name, other.owner, mixed)).status_code == 404, name
    listed = await people.ask(f"GET {DOCUMENT}/sources", one.owner, one.things)
    assert len(listed.json()["items"]) == 2


CHECKS = {of_documents.own_document, of_documents.own_document_locked, of_jobs.own_job}
IN_TRANSACTIONS_OF_THEIR_OWN = {
    f"GET {DOCUMENT}/export",  # nothing is held while the file is made
    f"POST {DOCUMENT}/sources",  # nothing is held while the upload is read
    f"POST {DOCUMENT}/requirements",  # likewise
    f"POST {PAGE}/delete",
    f"GET {PAGE}/read",  # nothing is held while the page is made
    f"GET {PAGE}/download/{{wanted}}",  # nothing is held while the file is made
    f"POST {PAGE}/sources",  # nothing is held while the upload is read
    f"POST {PAGE}/sources/{{source_id}}/remove",  # a conflict is told on the page, once it is rolled back
    f"GET {PAGE}/requirements",  # nothing is held while the rules are read
    f"POST {PAGE}/requirements",  # likewise
    f"POST {PAGE}/requirements/take-over",  # likewise
    f"POST {PAGE}/write",  # likewise
    f"POST {PAGE}/cancel",  # likewise
    f"POST {PAGE}/resume",  # likewise
}
"""Routes that ask `service.own_document` themselves, in each of their transactions."""


async def test_every_route_with_a_document_or_a_job_asks_by_the_one_dependency(people: People):
    named = [
        route
        for route in routes_of(people.house)
        if {"{document_id}", "{job_id}"} & set(route.path.split("/"))
    ]
    without = {route.name for route in named if not CHECKS & route.calls}
    assert without == IN_TRANSACTIONS_OF_THEIR_OWN
    assert len(named) - len(without) >= 14


async def test_the_dependency_reads_in_the_transaction_of_the_route(people: People):
    made = await make_owned(people)
    app = make_app(people.house)

    @app.put("/probe/{document_id}", status_code=201)
    async def probe(tx: Tx, document: of_documents.OwnDocumentLocked, other: int | None = None) -> bool:
        document.title = "Changed by the probe"
        await tx.flush()
        if other is not None:
            raise HTTPException(409)
        return tx is async_object_session(document)

    headers = {"Authorization": f"Bearer {made.owner.token}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers) as client:
        address = f"/probe/{made.things['document_id']}"
        read = f"/api/v1/documents/{made.things['document_id']}"
        assert (await client.put(address, params={"other": 1})).status_code == 409
        assert MARK in (await client.get(read)).json()["title"]  # rolled back with the route
        answer = await client.put(address)
        assert (answer.status_code, answer.json()) == (201, True)
        assert (await client.get(read)).json()["title"] == "Changed by the probe"


async def test_lists_hold_only_what_is_the_callers_own(people: People):
    other, made = await people.somebody(), await make_owned(people)
    things = made.things
    listed = await people.ask("GET /api/v1/documents", other, things)
    assert listed.json() == {"items": [], "next_cursor": None}
    async with people.house.database.transaction() as tx:  # the job's worker is gone
        await tx.execute(text("DELETE FROM pgqueuer WHERE entrypoint = 'write_document'"))
    recover = "GET /api/v1/documents/recover"
    found = (await people.ask(recover, made.owner, things)).json()["items"]
    assert [item["document_id"] for item in found] == [things["waiting_id"]]
    assert (await people.ask(recover, other, things)).json() == {"items": []}
