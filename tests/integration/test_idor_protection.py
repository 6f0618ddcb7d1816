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
from fastapi.routing import iter_route_contexts
from sqlalchemy import text
from tests.houses import ABSTRACTS, HERE, client_of, opened_house, sign_in
from tests.servers import answering

from tesigo.accounts.cookies import cookie_names
from tesigo.documents import ownership as of_documents
from tesigo.entry.api import make_app
from tesigo.entry.wiring import House
from tesigo.generation import ownership as of_jobs

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
    others: to a signed-in user who is no administrator, for routes of administrators; None: as to everybody.
    of: which thing takes the place of another in the path. ends: the caller's sign-in is over afterwards.
    """

    whose: str
    status: int = 200
    refused: int = 404
    others: int | None = None
    of: tuple[tuple[str, str], ...] = ()
    ends: bool = False
    send: Callable[[Things], dict[str, Any]] = dict


def owned(status: int = 200, *, of: dict[str, str] | None = None, refused: int = 404, **sent: Any) -> Known:
    return Known("owned", status, refused, of=tuple((of or {}).items()), send=filled(sent))


def own(status: int = 200, *, others: int | None = None, ends: bool = False, **sent: Any) -> Known:
    return Known("own", status, others=others, ends=ends, send=filled(sent))


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
    "GET /api/v1/user/second-factor": own(403, others=403),
    "POST /api/v1/user/second-factor": own(403, others=403),
    "POST /api/v1/user/second-factor/confirm": own(403, json={"code": "492039"}),
    "DELETE /api/v1/user/second-factor": own(404, json={"code": "492039"}),
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
    "POST /settings/name": own(303, data={"full_name": "O. Somebody"}),
    "POST /settings/consents": own(303, data={"analytics": "true"}),
    "GET /settings/data.{kind}": own(),
    "GET /settings/delete": own(),
    "POST /settings/delete": own(400, data={"email": "nobody@example.com"}),
    "POST /settings/sign-ins/{sign_in_id}/end": owned(303, refused=303),
    "POST /settings/sign-ins/end-others": own(303),
    "GET /settings/second-factor": own(),
    "POST /settings/second-factor": own(403, others=403),
    "POST /settings/second-factor/confirm": own(403, data={"code": "492039"}),
    "POST /settings/second-factor/remove": own(403, data={"code": "492039"}),
    "GET /documents": own(),
    "GET /documents/new": own(),
    "POST /documents/new": own(303, data={"title": "Essays", "pages": "5", "language": "en"}),
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
