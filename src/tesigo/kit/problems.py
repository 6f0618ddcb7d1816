"""How failures look over HTTP: `application/problem+json` (RFC 9457). Nothing else here knows statuses."""

import json
import math
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tesigo.kit import errors

log = structlog.get_logger(__name__)

_STATUS: tuple[tuple[type[errors.Failure], int], ...] = (
    (errors.NotFound, 404),
    (errors.NotSignedIn, 401),
    (errors.Forbidden, 403),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.UnsupportedKind, 415),
    (errors.Unusable, 422),
    (errors.LimitReached, 429),
    (errors.Unavailable, 503),
    (errors.Invalid, 400),
)
_MOST_RULES = 100
_LONGEST_LOC = 200


class BrokenRule(BaseModel):
    """One rule that the input breaks: where, and what is wrong."""

    loc: str
    msg: str


class Problem(BaseModel):
    """What every error answers, as `application/problem+json`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[BrokenRule] | None = None


class ProblemResponse(JSONResponse):
    """An answer that repeats what came in must not fail at it: half a surrogate pair becomes `?`."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class UnforeseenFailures:
    """Answers an exception that nothing else answers, inside of what all answers pass on their way out.

    The framework would do so outside of it: without the request's id, and without the headers of all others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as failure:
            if has_begun:
                raise
            answer = await scope["app"].exception_handlers[Exception](Request(scope), failure)
            await answer(scope, receive, send)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of the problems that a route may answer."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def extended_problem(status: int, **members: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of a problem that carries extension members.

    members: the JSON schema of each member; it is absent where the status has another code.
    """
    described = problem_responses(status)
    content = described[status]["content"]["application/problem+json"]
    content["schema"] = {"allOf": [content["schema"], {"type": "object", "properties": members}]}
    return described


def describe_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with the schema of problems, which every described error refers to.

    Whatever takes a body may answer 400, when it is no text, and 413, which its routes need not know.
    """
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(described.pop("$defs", {}))
    components["Problem"] = described
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    for operations in schema["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                answers = operation["responses"]
                answers.update({str(status): told for status, told in _OF_BODIES.items()} | answers)
    return schema


_OF_BODIES = problem_responses(400, 413)


def status_of(failure: errors.Failure) -> int:
    """Return the HTTP status that says what this failure says."""
    return next((status for kind, status in _STATUS if isinstance(failure, kind)), 500)


def retry_after(failure: errors.Failure) -> dict[str, str]:
    """Return the header that says when to try again: whole seconds, never too few; none where nobody knows."""
    if failure.retry_after_s is None:
        return {}
    return {"Retry-After": str(max(1, math.ceil(failure.retry_after_s)))}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    rules: list[BrokenRule] | None = None,
    headers: dict[str, str] | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> ProblemResponse:
    """Return the answer for one problem. extensions: members beside ours, which they never hide."""
    body = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, errors=rules
    ).model_dump(exclude_none=True)
    return ProblemResponse({**body, **(extensions or {}), **body}, status_code=status, headers=headers)


def install_problems(app: FastAPI) -> None:
    """Make every failure of this application answer as a problem, also those of the framework.

    Call it before any middleware is added.
    """
    app.add_middleware(UnforeseenFailures)
    app.add_exception_handler(errors.Failure, _answer_failure)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_unforeseen)


async def _answer_failure(_request: Request, failure: Exception) -> ProblemResponse:
    assert isinstance(failure, errors.Failure)  # noqa: S101 - registered for this type only
    status = status_of(failure)
    headers = retry_after(failure)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("failure answered", code=failure.code, exc_info=failure)
    rules = None
    if isinstance(failure, errors.Invalid) and failure.fields:
        rules = [BrokenRule(loc=loc, msg=msg) for loc, msg in failure.fields]
    return problem(
        status, failure.code, failure.message, rules=rules, headers=headers, extensions=failure.extensions
    )


async def _answer_invalid_request(_request: Request, failure: Exception) -> ProblemResponse:
    assert isinstance(failure, RequestValidationError)  # noqa: S101 - registered for this type only
    rules = [
        BrokenRule(loc=".".join(str(part) for part in error["loc"])[:_LONGEST_LOC], msg=error["msg"])
        for error in failure.errors()[:_MOST_RULES]  # all were made: `BodyLimit` keeps them few
    ]
    return problem(422, "invalid_request", "The request breaks the rules that `errors` lists.", rules=rules)


async def _answer_http(request: Request, failure: Exception) -> ProblemResponse:
    assert isinstance(failure, HTTPException)  # noqa: S101 - registered for this type only
    phrase = HTTPStatus(failure.status_code).phrase
    headers = dict(failure.headers or {})
    if failure.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_of(request))
    return problem(
        failure.status_code,
        phrase.lower().replace(" ", "_"),
        failure.detail or phrase,
        headers=headers,
    )


def _methods_of(request: Request) -> list[str]:
    """Return the methods that the address has; the framework names those of one of its routes only."""
    return [
        method
        for method in HTTPMethod
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _answer_unforeseen(_request: Request, failure: Exception) -> ProblemResponse:
    log.error("unforeseen failure", exc_info=failure)
    return problem(500, "internal_error", "Something went wrong on our side. Please try again.")
