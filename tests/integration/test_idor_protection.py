"""Nobody reaches what belongs to somebody else: every route and page is tried as nobody, other, administrator, owner.

A route that `ROUTES` does not name fails the first test: tell there, in one line, what it answers to whom.
"""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets
from fastapi import HTTPException
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_object_session
from tests.houses import ABSTRACTS, HERE, client_of, opened_house, sign_in
from tests.servers import answering

from tesigo.accounts.cookies import cookie_names
from tesigo.documents import ownership as of_documents
from tesigo.entry.api import make_app
from tesigo.entry.wiring import House
from tesigo.generation import ownership as of_jobs
from tesigo.kit.requests import Tx

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOSS = "boss@example.com"
MARK = "Kalynivka"
"""Stands in all that the owner has, and must stand in nothing that anybody else is answered."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "BREW")
Things = dict[str, Any]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Known:
    """What a route answers. whose: "owned" (it names a thing of somebody), "own" (the caller's alone), "free".

    status: to its owner, or to whom it is free for. refused: to everybody who does not own the thing.
    boss: to an administrator, where that is something else.
    of: which thing takes the place of another in the path. ends: the caller's sign-in is over afterwards.
    """

    whose: str
    status: int = 200
    refused: int = 404
    boss: int | None = None
    of: tuple[tuple[str, str], ...] = ()
    ends: bool = False
    send: Callable[[Things], dict[str, Any]] = dict


def owned(status: int = 200, *, of: dict[str, str] | None = None, refused: int = 404, **sent: Any) -> Known:
    return Known("owned", status, refused, of=tuple((of or {}).items()), send=filled(sent))


def own(status: int = 200, *, boss: int | None = None, ends: bool = False, **sent: Any) -> Known:
    return Known("own", status, boss=boss, ends=ends, send=filled(sent))


def free(status: int = 200, **sent: Any) -> Known:
    return Known("free", status, send=filled(sent))


def filled(sent: dict[str, Any]) -> Callable[[Things], dict[str, Any]]:
    """Return the request's body, a text such as `{document_id}` in it replaced by that thing."""

    def fill(things: Things) -> dict[str, Any]:
        return {
            way: {name: things.get(str(value).strip("{}"), value) for name, value in fields.items()}
            if isinstance(fields, dict)
            else fields
            for way, fields in sent.items()
        }

    return fill


DOCUMENT = "/api/v1/documents/{document_id}"
PAGE = "/documents/{document_id}"
WAITING = {"document_id": "waiting_id"}
PAPER = [("files", ("papers.bib", b"@article{a, title={Essays and marks}, year={2020}, author={A. Adams}}"))]
BRIEF = {"title": "Essays", "pages": "5", "language": "en", "citation_style": "apa", "norm": "generic"}
ROUTES: dict[str, Known] = {
    "POST /api/v1/auth/magic-link": free(202, json={"email": "somebody@example.com"}),
    "POST /api/v1/auth/magic-link/verify": free(400, json={"code": "wrong"}),
    "POST /api/v1/auth/refresh": free(401, json={"refresh_token": "wrong"}),
    "POST /api/v1/auth/logout": free(401, json={"refresh_token": "wrong"}),
    "GET /api/v1/user/me": own(),
    "PATCH /api/v1/user/me": own(json={"full_name": "O. Somebody"}),
    "GET /api/v1/user/consents": own(),
    "PUT /api/v1/user/consents": own(json={"analytics": True, "marketing": False}),
    "GET /api/v1/user/sessions": own(),
    "DELETE /api/v1/user/sessions": own(204),
    "DELETE /api/v1/user/sessions/{sign_in_id}": owned(204),
    "GET /api/v1/user/second-factor": own(403, boss=200),
    "POST /api/v1/user/second-factor": own(403, boss=200),
    "POST /api/v1/user/second-factor/confirm": own(403, boss=400, json={"code": "492039"}),
    "DELETE /api/v1/user/second-factor": own(403, boss=404, json={"code": "492039"}),
    "GET /api/v1/user/export-data": own(),
    "DELETE /api/v1/user/delete-account": own(ends=True),
    "GET /api/v1/documents": own(),
    "POST /api/v1/documents": own(201, json={"title": "Essays"}),
    "GET /api/v1/documents/recover": own(),
    f"GET {DOCUMENT}": owned(),
    f"PUT {DOCUMENT}": owned(json={"title": "Mine now"}),
    f"DELETE {DOCUMENT}": owned(204),
    f"GET {DOCUMENT}/outline": owned(),
    f"GET {DOCUMENT}/sections": owned(),
    f"GET {DOCUMENT}/sections/{{number}}": owned(),
    f"GET {DOCUMENT}/export": owned(params={"format": "md"}),
    f"POST {DOCUMENT}/resume": owned(202, of=WAITING),
    f"POST {DOCUMENT}/draft": owned(201, json={"content": "Mine now"}),
    f"GET {DOCUMENT}/draft/latest": owned(),
    f"GET {DOCUMENT}/drafts": owned(),
    f"GET {DOCUMENT}/drafts/{{version}}": owned(),
    f"GET {DOCUMENT}/sources": owned(),
    f"POST {DOCUMENT}/sources": owned(201, json=ABSTRACTS[1]),
    f"DELETE {DOCUMENT}/sources/{{source_id}}": owned(204, of={"source_id": "uncited_id"}),
    "POST /api/v1/generate/outline": owned(json={"document_id": "{document_id}"}),
    "POST /api/v1/generate/document-async": owned(202, json={"document_id": "{empty_id}"}),
    "GET /api/v1/jobs/{job_id}/status": owned(),
    "POST /api/v1/jobs/{job_id}/cancel": owned(202),
    "GET /health/live": free(),
    "GET /health/ready": free(),
    "GET /metrics": free(),
    "GET /metrics/": free(404),
    "GET /openapi.json": free(),
    "GET /": free(),
    "POST /language": free(303, data={"language": "it"}),
    "GET /sign-in": free(),
    "POST /sign-in": free(303, data={"email": "somebody@example.com"}),
    "GET /sign-in/code": free(),
    "GET /sign-in/link": free(),
    "POST /sign-in/code": free(400, data={"code": "wrong"}),
    "POST /sign-out": free(303),
    "GET /settings": own(),
    "POST /settings/name": own(303, data={"name": "O. Somebody"}),
    "POST /settings/consents": own(303, data={"analytics": "true"}),
    "GET /settings/data.{kind}": own(),
    "GET /settings/delete": own(),
    "POST /settings/delete": own(400, data={"email": "nobody@example.com"}),
    "POST /settings/sign-ins/{sign_in_id}/end": owned(303, refused=303),
    "POST /settings/sign-ins/end-others": own(303),
    "GET /settings/second-factor": own(403, boss=200),
    "POST /settings/second-factor": own(403, boss=303),
    "POST /settings/second-factor/confirm": own(403, boss=303, data={"code": "492039"}),
    "POST /settings/second-factor/remove": own(403, boss=303, data={"code": "492039"}),
    "GET /documents": own(),
    "GET /documents/new": own(),
    "POST /documents/new": own(303, data=BRIEF),
    f"GET {PAGE}": owned(),
    f"GET {PAGE}/delete": owned(),
    f"POST {PAGE}/delete": owned(303),
    f"GET {PAGE}/read": owned(),
    f"GET {PAGE}/download/{{wanted}}": owned(),
    f"POST {PAGE}/sources": owned(303, files=PAPER),
    f"POST {PAGE}/sources/{{source_id}}/remove": owned(303, of={"source_id": "uncited_id"}),
    f"POST {PAGE}/write": owned(303, of={"document_id": "empty_id"}),
    f"POST {PAGE}/cancel": owned(303, of=WAITING),
    f"POST {PAGE}/resume": owned(303, of=WAITING),
}


@dataclass(frozen=True)
class Met:
    """A route of the application. calls: all functions that it depends on, at any depth."""

    name: str
    path: str
    is_told: bool
    calls: frozenset[object]


@dataclass(frozen=True)
class Person:
    """Somebody who asks, as a program and as a browser."""

    email: str
    token: str


@dataclass(frozen=True)
class People:
    """Who tries: two that stay for all tests, and whoever is met once."""

    client: httpx.AsyncClient
    house: House
    other: Person
    boss: Person

    async def somebody(self, email: str | None = None) -> Person:
        """Return somebody new, signed in."""
        email = email or f"somebody{next(_numbers)}@example.com"
        headers = await sign_in(self.client, self.house.settings.data_dir / "outbox", email)
        return Person(email, headers["Authorization"].removeprefix("Bearer "))

    async def ask(self, name: str, who: Person | None, things: Things) -> httpx.Response:
        """Ask for a route as this person would; pages are asked for by a browser."""
        method, path = name.split()
        known = ROUTES[name]
        headers = {"Sec-Fetch-Site": "same-origin"}
        if path.startswith(("/api/", "/health/", "/metrics", "/openapi.json")):
            headers |= {"Authorization": f"Bearer {who.token}"} if who else {}
        else:
            cookie = cookie_names(self.house.settings).access
            headers |= {"Accept": "text/html", "Accept-Language": "en"}
            headers |= {"Cookie": f"{cookie}={who.token}"} if who else {}
        named = {**things, **{name: things[instead] for name, instead in known.of}}
        return await self.client.request(
            method, path.format_map(named), headers=headers, **known.send(things)
        )


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


@dataclass(frozen=True)
class Owned:
    """An owner, and what is theirs."""

    owner: Person
    things: Things


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(people: People) -> Owned:
    """What nothing that is tried with it may change."""
    return await make_owned(people)


async def make_owned(people: People) -> Owned:
    owner = await people.somebody()
    return Owned(owner, await make_things(people, owner))


async def make_things(people: People, owner: Person) -> Things:
    """Return the ids of a document with a source that is cited, one that is not, a section and a draft; of an
    empty document; of a job that waits, and its document; and of a sign-in of the owner's.
    """

    async def ask(method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {owner.token}"}
        answer = await people.client.request(method, f"/api/v1{path}", headers=headers, **more)
        assert answer.status_code in (200, 201, 202), f"{method} {path}: {answer.text}"
        return answer.json()

    document_id = (await ask("POST", "/documents", json={"title": f"Feedback on essays in {MARK}"}))["id"]
    cited, uncited = [
        (await ask("POST", f"/documents/{document_id}/sources", json={**record, "publisher": MARK}))["items"][
            0
        ]
        for record in ABSTRACTS[2:4]
    ]
    written = f"# Grading\n\nEssays of {MARK} are graded [@{cited['key']}].\n"
    await ask("PUT", f"/documents/{document_id}", json={"content": written})
    draft = await ask("POST", f"/documents/{document_id}/draft", json={"content": f"# {MARK}"})
    empty = await ask("POST", "/documents", json={"title": f"Nothing of {MARK}"})
    job = await ask("POST", "/generate/document-async", json={"title": f"Essays of {MARK}"})
    (session,) = (await ask("GET", "/user/sessions"))["items"]
    return {
        "document_id": document_id,
        "source_id": cited["id"],
        "uncited_id": uncited["id"],
        "number": "1",
        "version": draft["version"],
        "empty_id": empty["id"],
        "waiting_id": job["document_id"],
        "job_id": job["job_id"],
        "sign_in_id": session["id"],
        "wanted": "md",
        "kind": "json",
    }


def absent(things: Things) -> Things:
    """Return ids of nothing."""
    nothing = {"number": "9.9", "version": 99, "job_id": uuid.uuid4(), "sign_in_id": uuid.uuid4()}
    kept = {name: things[name] for name in ("wanted", "kind")}
    return {**dict.fromkeys(things, 999_999), **nothing, **kept}


def told(answer: httpx.Response) -> tuple[object, ...]:
    """Return what the answer tells, without the address that its reader asked for."""
    here = answer.request.url.path
    seen = {name: answer.headers.get(name) for name in ("location", "content-type", "allow", "set-cookie")}
    return answer.status_code, answer.text.replace(here, "HERE"), seen


def routes_of(people: People) -> Iterator[Met]:
    app = make_app(people.house)
    for route in iter_route_contexts(app.routes):
        methods = getattr(route, "methods", None)
        path = getattr(route, "path", "").replace(":int}", "}")
        for method in (methods or set()) - {"HEAD"}:
            is_told = bool(getattr(route, "include_in_schema", False))
            yield Met(f"{method} {path}", path, is_told, frozenset(_calls(getattr(route, "dependant", None))))


def _calls(dependant: Any) -> Iterator[object]:
    if dependant is not None:
        yield dependant.call
        for each in dependant.dependencies:
            yield from _calls(each)


async def test_every_route_is_known_here(people: People):
    here = {route.name for route in routes_of(people)}
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
    things, routes = kept.things, list(routes_of(people))
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
    f"POST {PAGE}/delete",
    f"GET {PAGE}/read",  # nothing is held while the page is made
    f"GET {PAGE}/download/{{wanted}}",  # nothing is held while the file is made
    f"POST {PAGE}/sources",  # nothing is held while the upload is read
    f"POST {PAGE}/sources/{{source_id}}/remove",  # a conflict is told on the page, once it is rolled back
    f"POST {PAGE}/write",  # likewise
    f"POST {PAGE}/cancel",  # likewise
    f"POST {PAGE}/resume",  # likewise
}
"""Routes that ask `service.own_document` themselves, in each of their transactions."""


async def test_every_route_with_a_document_or_a_job_asks_by_the_one_dependency(people: People):
    named = [
        route for route in routes_of(people) if {"{document_id}", "{job_id}"} & set(route.path.split("/"))
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
