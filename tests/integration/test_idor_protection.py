"""Nobody reaches what belongs to somebody else: every route of the OpenAPI document is tried as another user."""

import uuid
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.houses import ABSTRACTS, client_of, opened_house, sign_in

FREE = {  # routes that concern nobody's things, or only the caller's own
    ("post", "/api/v1/auth/magic-link"),
    ("post", "/api/v1/auth/magic-link/verify"),
    ("post", "/api/v1/auth/refresh"),
    ("post", "/api/v1/auth/logout"),
    ("get", "/api/v1/user/me"),
    ("get", "/api/v1/user/consents"),
    ("put", "/api/v1/user/consents"),
    ("get", "/api/v1/documents"),
    ("post", "/api/v1/documents"),
    ("get", "/api/v1/documents/recover"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/metrics"),
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("put", "/api/v1/documents/{document_id}"): {"json": {"title": "Mine now"}},
    ("post", "/api/v1/documents/{document_id}/sources"): {"json": ABSTRACTS[0]},
    ("post", "/api/v1/documents/{document_id}/draft"): {"json": {"content": "Mine now"}},
}


@pytest.fixture
async def house(tmp_path):
    async with opened_house(tmp_path) as house:
        yield house


@pytest.fixture
async def client(house):
    async with client_of(house) as client:
        yield client


async def make_things(client: httpx.AsyncClient, house, owner: dict[str, str]) -> dict[str, Any]:
    """Return the ids of a document with a source, a section, a draft, and of a job."""
    created = await client.post("/api/v1/documents", json={"title": "Feedback on essays"}, headers=owner)
    document_id = created.json()["id"]
    added = await client.post(f"/api/v1/documents/{document_id}/sources", json=ABSTRACTS[0], headers=owner)
    key, source_id = added.json()["items"][0]["key"], added.json()["items"][0]["id"]
    written = {"content": f"# Grading\n\nEssays are graded [@{key}].\n"}
    answer = await client.put(f"/api/v1/documents/{document_id}", json=written, headers=owner)
    assert answer.status_code == 200, answer.text
    draft = {"content": "# Grading\n\nEssays"}
    saved = await client.post(f"/api/v1/documents/{document_id}/draft", json=draft, headers=owner)
    other = await client.post("/api/v1/generate/document-async", json={"title": "Essays"}, headers=owner)
    return {
        "document_id": document_id,
        "source_id": source_id,
        "number": "1",
        "version": saved.json()["version"],
        "job_id": other.json()["job_id"],
        "requested_id": other.json()["document_id"],
    }


def operations(schema: dict[str, Any]):
    for path, methods in schema["paths"].items():
        for method in methods:
            yield method, path


def takes_document_in_body(schema: dict[str, Any], method: str, path: str) -> bool:
    body = schema["paths"][path][method].get("requestBody", {}).get("content", {})
    reference = body.get("application/json", {}).get("schema", {}).get("$ref", "")
    model = schema["components"]["schemas"].get(reference.rpartition("/")[2], {})
    return "document_id" in model.get("properties", {})


async def test_every_route_with_an_id_answers_404_to_another_user_and_401_to_nobody(client, house, tmp_path):
    owner = await sign_in(client, tmp_path / "outbox", "owner@example.com")
    other = await sign_in(client, tmp_path / "outbox", "other@example.com")
    things = await make_things(client, house, owner)
    schema = (await client.get("/openapi.json")).json()
    tried = 0
    for method, path in operations(schema):
        if (method, path) in FREE:
            continue
        request = BODIES.get((method, path), {})
        if takes_document_in_body(schema, method, path):
            request = {"json": {"document_id": things["document_id"]}}
        elif "{" not in path:
            pytest.fail(f"{method} {path} names nothing that is owned: add it to FREE, or try it here")
        url = path.format_map(things)
        stranger = await client.request(method, url, headers=other, **request)
        nobody = await client.request(method, url, **request)
        absent = await client.request(
            method, path.format_map(_absent(things)), headers=other, **_absent_in(request)
        )
        assert stranger.status_code == 404, f"{method} {path}: {stranger.status_code} {stranger.text}"
        assert nobody.status_code == 401, f"{method} {path}: {nobody.status_code} {nobody.text}"
        assert stranger.json() == absent.json(), f"{method} {path} tells that it exists"
        tried += 1
    assert tried >= 12

    for method, path in operations(schema):  # the owner does reach them, the destructive ones last
        if (method, path) in FREE or method == "delete" or takes_document_in_body(schema, method, path):
            continue
        url = path.format_map(things)
        if path.endswith("/resume"):  # the other document is typed by hand, and nothing wrote it
            url = path.format(document_id=things["requested_id"])
        answer = await client.request(method, url, headers=owner, **BODIES.get((method, path), {}))
        assert answer.status_code in (200, 201, 202), f"{method} {path}: {answer.status_code} {answer.text}"


async def test_lists_hold_only_what_is_the_callers_own(client, house, tmp_path):
    owner = await sign_in(client, tmp_path / "outbox", "owner@example.com")
    other = await sign_in(client, tmp_path / "outbox", "other@example.com")
    await make_things(client, house, owner)
    assert (await client.get("/api/v1/documents", headers=other)).json() == {"items": [], "next_cursor": None}
    (queued,) = (await client.get("/api/v1/documents?status=generating", headers=owner)).json()["items"]
    async with house.database.transaction() as tx:  # its worker is gone
        await tx.execute(text("DELETE FROM pgqueuer"))
    recover = "/api/v1/documents/recover"
    found = (await client.get(recover, headers=owner)).json()["items"]
    assert [item["document_id"] for item in found] == [queued["id"]]
    assert (await client.get(recover, headers=other)).json() == {"items": []}
    assert (await client.get(recover)).status_code == 401


def _absent(things: dict[str, Any]) -> dict[str, Any]:
    return {
        "document_id": 999_999,
        "source_id": 999_999,
        "number": "9.9",
        "version": 99,
        "job_id": uuid.uuid4(),
    }


def _absent_in(request: dict[str, Any]) -> dict[str, Any]:
    if "document_id" in request.get("json", {}):
        return {"json": {"document_id": 999_999}}
    return request
