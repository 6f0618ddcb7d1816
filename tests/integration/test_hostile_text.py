"""No text, number or shape of a request makes the program stumble: every operation of the OpenAPI document is tried."""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.houses import ABSTRACTS, client_of, opened_house, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = ["\x00", "a\x00b", "\ud800", "a\udfffb", "\ufffe", "𝕏" * 400, "", "../.."]
JSON = {"content-type": "application/json"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    folder = tmp_path_factory.mktemp("house")
    async with opened_house(folder) as house, client_of(house) as client:
        client.headers.update(await sign_in(client, folder / "outbox", "owner@example.com"))
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def things(client) -> dict[str, Any]:
    """The ids of things that are mine, for the parameters of paths."""
    created = await client.post("/api/v1/documents", json={"title": "Feedback on essays"})
    path = f"/api/v1/documents/{created.json()['id']}"
    source = (await client.post(f"{path}/sources", json=ABSTRACTS[0])).json()["items"][0]
    assert (
        await client.put(path, json={"content": f"# One\n\nText [@{source['key']}].\n"})
    ).status_code == 200
    draft = await client.post(f"{path}/draft", json={"content": "# One"})
    job = await client.post("/api/v1/generate/document-async", json={"title": "Essays"})
    return {
        "document_id": created.json()["id"],
        "source_id": source["id"],
        "number": "1",
        "version": draft.json()["version"],
        "job_id": job.json()["job_id"],
    }


async def operations(client) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Return (method, path, operation, resolved JSON schema of the body), the deletions last."""
    document = (await client.get("/openapi.json")).json()
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = resolve(content.get("application/json", {}).get("schema", {}), document)
            found.append((method, path, operation, body))
    return sorted(found, key=lambda one: one[0] == "delete")


def resolve(schema: Any, document: dict[str, Any]) -> Any:
    """Return the schema with its references written out."""
    if isinstance(schema, list):
        return [resolve(each, document) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return resolve(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    return {name: resolve(value, document) for name, value in schema.items()}


def example(schema: dict[str, Any]) -> Any:
    """Return a value that the operation accepts, or nearly."""
    if schema.get("examples") or schema.get("default") is not None:
        return (schema.get("examples") or [schema["default"]])[0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return example(schema[several][0])
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {}).items()
        return {name: example(value) for name, value in fields if name != "document_id"}
    simple = {"integer": schema.get("minimum", 1), "number": 1.5, "boolean": True, "array": [], "null": None}
    return simple.get(kind, "Some text")


def spoiled(value: Any, text: str) -> Iterator[Any]:
    """Yield the value with each of its places taken by the text, and with an unknown field of that name."""
    if isinstance(value, dict):
        yield {**value, text: text}
        for name in value:
            for inner in [text, [text], {text: text}, *spoiled(value[name], text)]:
                changed = copy.deepcopy(value)
                changed[name] = inner
                yield changed


def check(answer: httpx.Response, what: str) -> None:
    assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code >= 400 and answer.request.url.path.startswith("/api/"):
        assert answer.headers["content-type"] == "application/problem+json", what
        assert answer.json()["code"], what


async def test_no_text_in_any_field_of_any_body_makes_a_5xx(client, things):
    tried = accepted = 0
    for method, path, _, schema in await operations(client):
        if not schema:
            continue
        whole = json.dumps(example(schema)).encode()
        answer = await client.request(method, path.format_map(things), content=whole, headers=JSON)
        accepted += answer.status_code < 300
        for text in HOSTILE:
            for body in spoiled(example(schema), text):
                content = json.dumps(
                    body
                ).encode()  # half a pair goes as its escape, as a hostile client sends it
                answer = await client.request(method, path.format_map(things), content=content, headers=JSON)
                check(answer, f"{method} {path} {content[:200]!r}")
                if method in ("post", "put") and text in ("\x00", "\ud800") and "sources" not in path:
                    assert answer.status_code in (400, 401, 404, 409, 422), (path, body, answer.text)
                tried += 1
    assert tried > 200
    assert accepted >= 5  # what is spoiled was whole before


async def test_no_text_in_any_parameter_makes_a_5xx(client, things):
    tried = 0
    raw = [
        "%00",
        "%ff%fe",
        "%ED%A0%80",
        "%F0%9D%95%8F" * 50,
        "-1",
        "0",
        "1e3",
        "9" * 30,
        "null",
        "%2e%2e%2f",
        quote("№"),
    ]
    for method, path, operation, _ in await operations(client):
        for parameter in operation.get("parameters", []):
            for text in raw:
                name = parameter["name"]
                if parameter["in"] == "path":
                    url = path.format_map({**things, name: text})
                else:
                    url = f"{path.format_map(things)}?{name}={text}&{name}={text}&{text}={text}"
                check(await client.request(method, url), f"{method} {url}")
                tried += 1
    assert tried > 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": b"Bearer \xff\xfe"},
        {"Authorization": b"Bearer " + b"a." * 3_000},
        {"Authorization": b"Bearer eyJhbGciOiJub25lIn0.e30."},
        {"Cookie": b"tesigo_access=\xff; tesigo_refresh=\x01\xd8"},
        {"User-Agent": b"\xff" * 5_000},
        {"Origin": b"http://[", "Cookie": b"tesigo_access=x"},
        {"Accept-Language": b"\xff,,;;q=x" * 300},
        {"Accept": b"text/html", "Cookie": b"tesigo_language=\xff"},
        {"Content-Type": b"application/json; charset=\xff"},
        {"X-Forwarded-For": b"\xff, 1.2.3"},
    ],
)
async def test_no_header_makes_a_5xx(client, headers):
    for method, path in (
        ("GET", "/api/v1/user/me"),
        ("POST", "/api/v1/documents"),
        ("GET", "/documents"),
        ("GET", "/"),
    ):
        check(await client.request(method, path, headers=headers), f"{method} {path} {headers}")


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'"x"', b"1e999", b"NaN", b'{"title": NaN}', b'{"pages": 1e999, "title": "Fine"}',
     b"\xff\xfe",     b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 50_000, b'{"pages": ' + b"9" * 6_000 + b"}",
     b'{"title": "a", "title": "b"}'],
)  # fmt: skip
async def test_no_body_that_is_no_request_makes_a_5xx(client, things, body):
    for method, path, _, schema in await operations(client):
        if schema:
            answer = await client.request(method, path.format_map(things), content=body, headers=JSON)
            check(answer, f"{method} {path} {body[:50]!r}")


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=[]), max_size=30),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def bodies() -> list[list[Any]]:
    """Values for the fields of a body, drawn once: what hypothesis finds odd."""
    drawn: list[list[Any]] = []

    @settings(max_examples=30, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck), deadline=None)  # fmt: skip
    @given(st.lists(VALUES, min_size=12, max_size=12))
    def draw(values: list[Any]) -> None:
        drawn.append(values)

    draw()
    return drawn


async def test_nothing_that_is_made_up_makes_a_5xx(client, things, bodies):
    for method, path, _, schema in await operations(client):
        fields = list(schema.get("properties", {})) if schema else []
        for values in bodies if fields else ():
            body = dict(zip([*fields, "unknown"], values, strict=False))
            content = json.dumps(body).encode()
            answer = await client.request(method, path.format_map(things), content=content, headers=JSON)
            check(answer, f"{method} {path} {content!r}")
        for values in bodies[:10] if fields else ():
            content = json.dumps(values[0]).encode()
            answer = await client.request(method, path.format_map(things), content=content, headers=JSON)
            check(answer, f"{method} {path} {content!r}")
