"""What every request passes on its way in: an id for the logs, and a limit on its body."""

import contextlib
import time
import uuid
from http import HTTPStatus

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tesigo.kit import context
from tesigo.kit.errors import Invalid, TooLarge
from tesigo.kit.problems import problem

log = structlog.get_logger(__name__)

_MIB = 1 << 20
_FORM_OVERHEAD_MIB = 1
_LONGEST_LENGTH = 18  # digits; more are no length, and slow to read


class RequestLog:
    """Gives each request an id, says it in `X-Request-ID`, and logs one line when it has been answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        began = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with context.working_on(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                log.info(
                    "request answered",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    took_ms=round((time.perf_counter() - began) * 1000, 1),
                )


class BodyLimit:
    """Answers 413 to a body above the limit: by its announced length, or as soon as too much has come.

    most_upload_mib: for multipart forms. most_json_mib: for everything else.
    """

    def __init__(self, app: ASGIApp, *, most_upload_mib: int, most_json_mib: int = 16) -> None:
        self._app = app
        self._most_upload_mib = most_upload_mib
        self._most_json_mib = most_json_mib

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        is_form = headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data")
        most_mib = self._most_upload_mib + _FORM_OVERHEAD_MIB if is_form else self._most_json_mib
        too_large = problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            TooLarge.code,
            _sentence(is_form, self._most_upload_mib, most_mib),
        )
        announced = headers.get(b"content-length", b"0")
        if not announced.isdigit():
            await problem(HTTPStatus.BAD_REQUEST, Invalid.code, "Content-Length is no number.")(
                scope, receive, send
            )
        elif len(announced) > _LONGEST_LENGTH or int(announced) > most_mib * _MIB:
            await too_large(scope, receive, send)
        else:
            await self._serve_within(most_mib * _MIB, too_large, scope, receive, send)

    async def _serve_within(
        self, most_bytes: int, too_large: Response, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve, counting what comes; what the application makes of a body that was cut off is not sent."""
        seen = 0
        has_begun = False

        async def receive_within() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most_bytes:
                raise _CutOff
            return message

        async def send_unless_cut_off(message: Message) -> None:
            nonlocal has_begun
            if seen <= most_bytes or has_begun:
                has_begun = True
                await send(message)

        with contextlib.suppress(_CutOff):
            await self._app(scope, receive_within, send_unless_cut_off)
        if seen > most_bytes and not has_begun:
            await too_large(scope, receive, send)


class _CutOff(Exception):
    """More has come than the limit; the application need not know more than that reading failed."""


def _sentence(is_form: bool, most_upload_mib: int, most_mib: int) -> str:
    if is_form:
        return f"The file is larger than {most_upload_mib} MB: bring a smaller one, or split it."
    return f"The body is larger than {most_mib} MB."
