"""Calls of model servers over HTTP: one attempt each, answered by a stream of events; what fails becomes a fact.

What is raised here stands alone (`from None`): what caused it can quote the key, the prompt or the answer, and a
traceback in a log would print it.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
from pydantic import SecretStr, TypeAdapter, ValidationError

from tesigo.adapters.model_failures import failure_of_status, read_error_body
from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.errors import ProviderFails, Trouble
from tesigo.gateway.ports import Finish
from tesigo.kit.errors import Invalid

Event = TypeVar("Event")

_IDLE_CONNECTIONS = 100
_IDLE_S = 30
_MOST_OF_AN_ERROR = 65_536
_ERROR_WITHIN_S = 5
_TAIL_WITHIN_S = 1
"""How long the end of a stream is awaited after its last event, so that the connection can be used again."""

_FAULTS: tuple[tuple[tuple[type[Exception], ...], Trouble, str], ...] = (
    (
        (httpx2.ConnectTimeout, httpx2.ConnectError, httpx2.ProxyError, httpx2.UnsupportedProtocol),
        Trouble.NOT_REACHED,
        "is not reached",
    ),
    ((httpx2.TimeoutException,), Trouble.TIMED_OUT, "stayed silent for too long"),
    (
        (httpx2.SSEError, httpx2.DecodingError, UnicodeError),
        Trouble.MALFORMED,
        "sent a stream that cannot be read",
    ),
    ((Exception,), Trouble.CUT_STREAM, "broke the connection off"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that begins to come. events: the data of each, in their order."""

    headers: Mapping[str, str] = field(repr=False)
    events: AsyncIterator[str] = field(repr=False)


class ModelHttp:
    """Posts calls to one server. Only that server is asked: it may not send them on to another (no redirects).

    A proxy and authorities of one's own come from the environment (HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE), as for
    other programs. Calls wait for no connection: how many there are at once is the gateway's to say.
    setting: what its settings begin with ("OPENAI"). key_header, key_form: where the key goes, and how ("Bearer {}").
    connect_s: until a connection stands; silence_s: between any two pieces of an answer, also before the first.
    Raises Invalid naming the setting for an address with a password, and for a key that no header can carry.
    """

    def __init__(
        self,
        setting: str,
        base_url: str,
        api_key: SecretStr | str | None,
        *,
        key_header: str,
        key_form: str = "{}",
        headers: Mapping[str, str] | None = None,
        connect_s: float,
        silence_s: float,
    ) -> None:
        if "@" in base_url.partition("://")[2].partition("/")[0]:
            # httpx2 logs addresses as they are
            raise Invalid(f"{setting}_BASE_URL: no user and password may stand in it.", code="wrong_setting")
        key = api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            # h11 and httpx2 quote a header that they refuse
            raise Invalid(
                f"{setting}_API_KEY: a key has no spaces and only ASCII signs.", code="wrong_setting"
            )
        self._base_url = base_url.rstrip("/")
        self._client = httpx2.AsyncClient(
            headers={
                "accept": "text/event-stream",
                "content-type": "application/json",
                **(headers or {}),
                **({key_header: key_form.format(key)} if key else {}),
            },
            timeout=httpx2.Timeout(silence_s, connect=connect_s),
            limits=httpx2.Limits(max_keepalive_connections=_IDLE_CONNECTIONS, keepalive_expiry=_IDLE_S),
            follow_redirects=False,
        )

    @asynccontextmanager
    async def post(self, model: ModelFacts, path: str, body: Mapping[str, Any]) -> AsyncIterator[Answer]:
        """Give the answer to one call; the connection is closed with the block, or kept if the answer was whole.

        Raises RateLimited, CallRefused, or ProviderFails, also for what happens while the block reads the events.
        """
        # a lone surrogate, as half an emoji is, is no text and would not be sent at all
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        try:
            async with self._client.stream("POST", self._base_url + path, content=content) as response:
                await _check(model, response)
                async with aclosing(_read_events(response)) as events:
                    yield Answer(response.headers, events)
                    await _read_tail(events)
        except (httpx2.HTTPError, ssl.SSLError, UnicodeError) as error:
            raise _failure_of(model, error) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def read_event(model: ModelFacts, shape: TypeAdapter[Event], data: str) -> Event:
    """Return the event that the data are. Raises ProviderFails when they are no JSON of this shape."""
    try:
        return shape.validate_json(data)
    except ValidationError:
        raise ProviderFails(
            f"{model.full_name} sent an event that cannot be read", Trouble.MALFORMED
        ) from None


def read_finish(model: ModelFacts, finishes: Mapping[str, Finish], reason: str | None) -> Finish:
    """Return why the model stopped. Raises ProviderFails when it did not say so, or gives a reason of another kind."""
    if reason is None:
        raise ProviderFails(f"{model.full_name} ended its stream before its answer", Trouble.CUT_STREAM)
    if reason not in finishes:
        raise ProviderFails(f"{model.full_name} stopped for a reason that is not known", Trouble.MALFORMED)
    return finishes[reason]


async def _check(model: ModelFacts, response: httpx2.Response) -> None:
    if response.status_code != httpx2.codes.OK:
        said = read_error_body(await _read_some(response))
        raise failure_of_status(model, response.status_code, said, response.headers)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/event-stream":
        raise ProviderFails(f"{model.full_name} answered with no stream of events", Trouble.MALFORMED)


async def _read_some(response: httpx2.Response) -> bytes:
    body = b""
    with contextlib.suppress(TimeoutError, httpx2.HTTPError, ssl.SSLError):  # the status says enough
        async with asyncio.timeout(_ERROR_WITHIN_S):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MOST_OF_AN_ERROR:
                    break
    return body


async def _read_events(response: httpx2.Response) -> AsyncGenerator[str, None]:
    async for event in httpx2.EventSource(response):
        yield event.data


async def _read_tail(events: AsyncIterator[str]) -> None:
    with contextlib.suppress(TimeoutError, httpx2.HTTPError, ssl.SSLError):  # the answer is whole without it
        async with asyncio.timeout(_TAIL_WITHIN_S):
            async for _ in events:
                pass


def _failure_of(model: ModelFacts, error: Exception) -> ProviderFails:
    trouble, words = next((trouble, words) for kinds, trouble, words in _FAULTS if isinstance(error, kinds))
    return ProviderFails(f"{model.full_name} {words}", trouble)
