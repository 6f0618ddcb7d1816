"""What every request passes on its way in: an id for the logs, and a limit on its body."""

import time
import uuid
from http import HTTPStatus

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tesigo.kit import context
from tesigo.kit.errors import TooLarge
from tesigo.kit.problems import problem

log = structlog.get_logger(__name__)

_MIB = 1 << 20
_FORM_OVERHEAD_MIB = 1


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
                route = scope.get("route")
                log.info(
                    "request answered",
                    method=scope["method"],
                    route=getattr(route, "path", "(none)"),
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
        is_form = headers.get(b"content-type", b"").startswith(b"multipart/form-data")
        most_mib = self._most_upload_mib + _FORM_OVERHEAD_MIB if is_form else self._most_json_mib
        announced = headers.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > most_mib * _MIB:
            refused = problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                TooLarge.code,
                _sentence(is_form, self._most_upload_mib, most_mib),
            )
            await refused(scope, receive, send)
            return
        seen = 0

        async def receive_within() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most_mib * _MIB:
                raise TooLarge(_sentence(is_form, self._most_upload_mib, most_mib))
            return message

        await self._app(scope, receive_within, send)


def _sentence(is_form: bool, most_upload_mib: int, most_mib: int) -> str:
    if is_form:
        return f"The file is larger than {most_upload_mib} MB: bring a smaller one, or split it."
    return f"The body is larger than {most_mib} MB."
