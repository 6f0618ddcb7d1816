"""What every request passes on its way in: an id for the logs, and limits on its body: how much, and how slowly."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tesigo.kit import context
from tesigo.kit.errors import Invalid, TooLarge
from tesigo.kit.problems import problem

log = structlog.get_logger(__name__)

_KIB = 1 << 10
_MIB = 1 << 20
_SMALL_KIB = 16
_FORM_OVERHEAD_MIB = 1
_MOST_VALUES = 20_000
"""Of one JSON body, members and items at any depth. Whatever breaks a rule is an error of its own in the framework,
which makes all of them before anything can be refused: of 1,000,000 that took 10.8 s, in which nobody else was
answered (measured 2026-11-23). A bibliographic record with 5,000 authors has 15,000.
"""
_PATIENCE_S = 30.0
_SLOWEST_BYTES_S = 8 * _KIB
"""A body may take half a minute and a second more for each 8 KiB that have come: who sends a byte a second is told
after that half minute, 20 MiB over the slowest of mobile networks (64 kbit/s) go through."""
_NOT_LONG_KIB = 64
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


@dataclass(frozen=True, slots=True)
class _Allowance:
    """What one body may hold. sentence: what is told when it holds more bytes."""

    most_bytes: int
    sentence: str


class BodyLimit:
    """Answers 413 to a body above the limit: by its announced length, or as soon as too much has come.

    large_at: the addresses at and below which bodies may be large; at all others 16 KiB are enough.
    most_upload_mib: for multipart forms there. most_json_mib: for everything else there.
    Of JSON it counts the values too, at most 20,000. Answers 408 to a body that comes more slowly than 8 KiB a second
    after patience_s, so that nobody keeps connections, and files half written, for as long as they like.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_upload_mib: int,
        large_at: Sequence[str],
        most_json_mib: int = 16,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._app = app
        self._patience_s = patience_s
        self._large_at = large_at
        self._small = _Allowance(_SMALL_KIB * _KIB, f"The body is larger than {_SMALL_KIB} KB.")
        self._json = _Allowance(most_json_mib * _MIB, f"The body is larger than {most_json_mib} MB.")
        self._form = _Allowance(
            (most_upload_mib + _FORM_OVERHEAD_MIB) * _MIB,
            f"The file is larger than {most_upload_mib} MB: bring a smaller one, or split it.",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)  # of two with one name it takes the first, as the framework does
        is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        allowance = self._allowance(scope["path"], is_form=is_form)
        announced = headers.get("content-length", "0").encode("latin-1")
        if not announced.isdigit():
            await problem(HTTPStatus.BAD_REQUEST, Invalid.code, "Content-Length is no number.")(
                scope, receive, send
            )
        elif len(announced) > _LONGEST_LENGTH or int(announced) > allowance.most_bytes:
            await _closing(_too_large(allowance.sentence))(scope, receive, send)
        else:
            values = None if is_form else _ValueCount()
            body = _Body(receive, allowance, values, patience_s=self._patience_s)
            may_be_long = "transfer-encoding" in headers or int(announced) > _NOT_LONG_KIB * _KIB
            await self._serve_within(body, scope, send, may_be_long=may_be_long)

    def _allowance(self, path: str, *, is_form: bool) -> _Allowance:
        if not any(path == place or path.startswith(f"{place}/") for place in self._large_at):
            return self._small
        return self._form if is_form else self._json

    async def _serve_within(self, body: "_Body", scope: Scope, send: Send, *, may_be_long: bool) -> None:
        """Serve, counting what comes; what the application makes of a body that was cut off is not sent.

        may_be_long: an answer before its end closes the connection, or the server would take in all the rest of it.
        """
        has_begun = False

        async def send_unless_cut_off(message: Message) -> None:
            nonlocal has_begun
            if body.refusal is None or has_begun:
                has_begun = True
                if message["type"] == "http.response.start" and may_be_long and not body.is_whole:
                    MutableHeaders(scope=message)["connection"] = "close"
                await send(message)

        with contextlib.suppress(_CutOff):
            await self._app(scope, body.receive, send_unless_cut_off)
        if body.refusal is not None and not has_begun:
            await _closing(body.refusal)(scope, body.receive, send)


class _Body:
    """A body on its way in.

    refusal: what answers that no more of it is read, None as long as it keeps the limits. is_whole: all of it has come.
    """

    def __init__(
        self, receive: Receive, allowance: _Allowance, values: "_ValueCount | None", *, patience_s: float
    ) -> None:
        self._receive = receive
        self._allowance = allowance
        self._values = values
        self._seen = 0
        self.is_whole = False
        self._ends_at = asyncio.get_running_loop().time() + patience_s
        self.refusal: Response | None = None

    async def receive(self) -> Message:
        """Return the next piece. Raises _CutOff at the one that is too much or too late, and ever after."""
        message = await self._next_piece()
        piece = message.get("body", b"")
        self._seen += len(piece)
        self.is_whole = not message.get("more_body", False)
        if self._seen > self._allowance.most_bytes:
            self.refusal = _too_large(self._allowance.sentence)
        elif self._values is not None and self._values.add(piece) > _MOST_VALUES:
            self.refusal = _too_large(
                f"The body holds more than {_MOST_VALUES} values: bring them in several requests."
            )
        if self.refusal is not None:
            raise _CutOff
        return message

    async def _next_piece(self) -> Message:
        if self.is_whole or self.refusal is not None:  # what comes now is only that the client is gone
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends_at + self._seen / _SLOWEST_BYTES_S):
                return await self._receive()
        except TimeoutError:
            self.refusal = _too_slow()
            raise _CutOff from None


class _ValueCount:
    """How many values a JSON text has, at least: its commas and opening brackets outside strings.

    It is counted before the text is read, because reading millions of values takes seconds too.
    """

    def __init__(self) -> None:
        self._count = 0
        self._is_in_string = False
        self._rest = b""

    def add(self, piece: bytes) -> int:
        """Return the count with the next piece of the text, which may end anywhere."""
        if b"\0" in piece:  # UTF-16 or UTF-32, where a byte that looks like a quotation mark need not be one
            outside = piece
        else:
            plain = (self._rest + piece).replace(b"\\\\", b"").replace(b'\\"', b"")
            self._rest = b"\\" if plain.endswith(b"\\") else b""  # what it escapes has not come yet
            parts = plain.removesuffix(b"\\").split(b'"')
            outside = b"".join(parts[self._is_in_string :: 2])
            self._is_in_string ^= len(parts) % 2 == 0
        self._count += sum(map(outside.count, (b",", b"[", b"{")))
        return self._count


class _CutOff(Exception):
    """More has come than the limit; the application need not know more than that reading failed."""


def _too_large(sentence: str) -> Response:
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TooLarge.code, sentence)


def _too_slow() -> Response:
    sentence = "The body came too slowly, or its end never came: send it again over a faster connection, or in parts."
    return problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", sentence)


def _closing(answer: Response) -> Response:
    answer.headers["connection"] = "close"
    return answer
