"""Attacks on a whole installation by what is sent to it, and what its answers give away."""

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.houses import client_of
from tests.integration.sites import API, Site, bearer

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN_BODIES = {"CslRecord"}
"""Bodies that take any field: CSL-JSON is somebody else's format, which keeps growing."""


def resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    name = part.get("$ref", "").rpartition("/")[2]
    return schema["components"]["schemas"][name] if name else part


def json_bodies(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (method, path, schema of the body)."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield method.upper(), path, resolved(schema, content["application/json"]["schema"])


async def test_no_body_takes_a_field_that_it_does_not_name(site: Site, schema: dict[str, Any]):
    bodies = [(method, path, body) for method, path, body in json_bodies(schema)]
    assert len(bodies) >= 9
    headers = bearer(await site.enter())
    made = await site.client.post(f"{API}/documents", json={"title": "Essays"}, headers=headers)
    for method, path, body in bodies:
        if body["title"] in OPEN_BODIES:
            continue
        assert body.get("additionalProperties") is False, f"{method} {path}"
        url = re.sub(r"{\w+}", str(made.json()["id"]), path)
        sent = {"is_admin": True, "user_id": 1}
        answer = await site.client.request(method, url, json=sent, headers=headers)
        assert answer.status_code in (403, 422), f"{method} {path}: {answer.text}"
        if answer.status_code == 422:
            refused = {rule["loc"] for rule in answer.json()["errors"]}
            assert {"body.is_admin", "body.user_id"} <= refused, f"{method} {path}"
    told = (await site.client.get(f"{API}/user/me", headers=headers)).json()
    assert told["is_admin"] is False


HOSTILE = (
    "'; DROP TABLE users; --",
    "1 OR 1=1",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "{{7*7}} ${7*7} %s%n%x {0.__class__}",
    "nul\x00byte",
    "\ud800 half of a pair",
    "line\r\nSet-Cookie: tesigo_access=x",
    "\u202e\u200b\ufeff\U0010ffff",
    "9" * 5_000,
)


async def test_no_text_in_any_field_makes_the_application_fail(site: Site, schema: dict[str, Any]):
    headers = bearer(await site.enter())
    made = await site.client.post(f"{API}/documents", json={"title": "Essays"}, headers=headers)
    tried = 0
    for method, path, body in json_bodies(schema):
        url = re.sub(r"{\w+}", str(made.json()["id"]), path)
        fields = body["properties"]
        valid = {name: example(fields[name]) for name in body.get("required", ())}
        for name, hostile in ((name, text) for name in fields for text in HOSTILE):
            content = json.dumps({**valid, name: hostile})
            sent = {**headers, "Content-Type": "application/json"}
            answer = await site.client.request(method, url, content=content, headers=sent)
            tried += 1
            check_is_harmless(answer, f"{method} {path} {name} {hostile[:20]!r}")
    for path in [path for path, methods in schema["paths"].items() if "get" in methods]:
        for hostile in HOSTILE[:6]:
            url = re.sub(
                r"{\w+}", httpx.URL(path="/" + hostile).raw_path.decode()[1:].replace("/", "%2F"), path
            )
            asked = {"cursor": hostile, "status": hostile, "format": hostile}
            answer = await site.client.get(url, params=asked, headers=headers)
            tried += 1
            check_is_harmless(answer, f"GET {path} {hostile[:20]!r}")
    assert tried > 250
    assert (await site.client.get(f"{API}/documents", headers=headers)).status_code == 200


def example(field: dict[str, Any]) -> Any:
    return {"boolean": True, "integer": 5}.get(field.get("type", ""), "Essays on feedback")


def check_is_harmless(answer: httpx.Response, what: str) -> None:
    assert answer.status_code < 500, f"{what}: {answer.text}"
    assert "text/html" not in answer.headers.get("content-type", ""), what
    assert "tesigo_access=x" not in answer.headers.get("set-cookie", ""), what
    check_reveals_nothing(answer, what)


# what answers give away

INNARDS = re.compile(
    r"Traceback|File \"|/src/|site-packages|sqlalchemy|asyncpg|\bSELECT\b|\bINSERT\b|psycopg", re.IGNORECASE
)


def check_reveals_nothing(answer: httpx.Response, what: str) -> None:
    if answer.status_code >= 400:
        assert not INNARDS.search(answer.text), f"{what}: {answer.text}"


class BrokenFiles:
    """A file store whose failure nobody foresaw, and whose words are for nobody."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError('SELECT secret FROM keys; File "/srv/tesigo/src/x.py"')


async def test_a_failure_that_nobody_foresaw_reveals_nothing_of_the_inside(site: Site):
    headers = bearer(await site.enter())
    broken = dataclasses.replace(site.house, files=BrokenFiles())  # type: ignore[arg-type]  # fails on purpose
    async with client_of(broken) as client:
        made = await client.post(f"{API}/documents", json={"title": "Essays"}, headers=headers)
        address = f"{API}/documents/{made.json()['id']}"
        await client.put(address, json={"content": "# Marks\n\nThey are given.\n"}, headers=headers)
        answer = await client.get(f"{address}/export", headers=headers)
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal_error"
        check_reveals_nothing(answer, "export")
        cookie = {"Cookie": f"tesigo_access={headers['Authorization'][7:]}", "Accept": "text/html"}
        page = await client.get(f"/documents/{made.json()['id']}/download/docx", headers=cookie)
        assert page.status_code == 500
        check_reveals_nothing(page, "download")
