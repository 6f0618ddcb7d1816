"""Who tries what belongs to others, who owns it, and what they own."""

import itertools
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
from tests.houses import ABSTRACTS, sign_in
from tests.integration.known_routes import ROUTES, Things

from tesigo.accounts.cookies import cookie_names
from tesigo.entry.wiring import House

MARK = "Kalynivka"
"""Stands in all that the owner has, and must stand in nothing that anybody else is answered."""

_numbers = itertools.count(1)


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


@dataclass(frozen=True)
class Owned:
    """An owner, and what is theirs."""

    owner: Person
    things: Things


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
