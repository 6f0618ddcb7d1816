"""Failures as pages: for whoever looks with a browser, in words that say what to do next."""

from http import HTTPStatus
from inspect import isawaitable
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from tesigo.kit.errors import Failure, NotSignedIn
from tesigo.kit.problems import retry_after, status_of
from tesigo.kit.requests import settings_of
from tesigo.web.headers import security_headers
from tesigo.web.pages import show_page

log = structlog.get_logger(__name__)

_PROGRAMS = ("/api/", "/ws/", "/static/", "/health/", "/metrics", "/openapi.json")


def install_problem_pages(app: FastAPI) -> None:
    """Answer failures with pages where a browser asks for one; programs get what they got before."""
    for kind in (Failure, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _Answers(app.exception_handlers.get(kind)))


class _Answers:
    """A page for a browser, the former answer for everybody else."""

    def __init__(self, former: Any) -> None:
        self._former = former

    async def __call__(self, request: Request, failure: Exception) -> Response:
        if _wants_page(request):
            response = _page(request, failure)
        elif self._former is None:
            raise failure
        else:
            answer = self._former(request, failure)
            response = await answer if isawaitable(answer) else answer
        # what fails in a middleware is answered outside of the one that adds these headers to all others
        for name, value in security_headers(is_production=settings_of(request).is_production).items():
            response.headers.setdefault(name, value)
        return response


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_PROGRAMS)


def _page(request: Request, failure: Exception) -> Response:
    if isinstance(failure, HTTPException) and isinstance(failure.__cause__, Failure):
        failure = failure.__cause__  # raised while the framework read the body
    if isinstance(failure, NotSignedIn):
        return _to_sign_in(request)
    if isinstance(failure, Failure):
        status = status_of(failure)
        headers = retry_after(failure)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("failure answered", code=failure.code, exc_info=failure)
        return _show(request, status, failure, headers)
    if isinstance(failure, HTTPException):
        return _show(request, failure.status_code, None, dict(failure.headers or {}))
    if isinstance(failure, RequestValidationError):
        is_address = any(fault["loc"][:1] == ("path",) for fault in failure.errors())
        return _show(request, 404 if is_address else 400, None, {})
    log.error("unforeseen failure", exc_info=failure)
    return _show(request, 500, None, {})


def _show(request: Request, status: int, failure: Failure | None, headers: dict[str, str]) -> Response:
    kind = f"{status}" if status in (403, 404, 409, 413, 415, 429, 503) else f"{status // 100}xx"
    response = show_page(request, "problem.html", user=None, status=status, kind=kind, failure=failure)
    response.headers.update(headers)
    return response


def _to_sign_in(request: Request) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = f"/sign-in?next={quote(here if request.method == 'GET' else '/documents', safe='/')}"
    if "hx-request" in request.headers:  # a part of a page asks: the whole page has to go
        return Response(status_code=200, headers={"HX-Redirect": target})
    return RedirectResponse(target, 303)
