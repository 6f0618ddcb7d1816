"""What every route and page answers to whom: the table that the tests of ownership walk through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi.routing import iter_route_contexts
from tests.houses import ABSTRACTS

from tesigo.entry.api import make_app
from tesigo.entry.wiring import House

Things = dict[str, Any]


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
RULES = {"file": ("rules.txt", b"Use Times New Roman, 12 pt.")}
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
    "GET /api/v1/admin/stats": own(403, boss=200),
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
    f"POST {DOCUMENT}/requirements": owned(files=RULES),
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
    "POST /documents/new/rules": own(data=BRIEF),
    f"GET {PAGE}": owned(),
    f"GET {PAGE}/delete": owned(),
    f"POST {PAGE}/delete": owned(303),
    f"GET {PAGE}/read": owned(),
    f"GET {PAGE}/download/{{wanted}}": owned(),
    f"POST {PAGE}/sources": owned(303, files=PAPER),
    f"POST {PAGE}/sources/{{source_id}}/remove": owned(303, of={"source_id": "uncited_id"}),
    f"GET {PAGE}/requirements": owned(),
    f"POST {PAGE}/requirements": owned(303, files={"rules": RULES["file"]}),
    f"POST {PAGE}/requirements/take-over": owned(303, data={"take": "norm"}),
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


def routes_of(house: House) -> Iterator[Met]:
    app = make_app(house)
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
