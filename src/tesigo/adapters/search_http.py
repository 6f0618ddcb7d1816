"""Calls of search services over HTTP: polite, bounded in time and size, and every fault a SourcesUnavailable.

What is raised here stands alone (`from None`): what caused it can quote the key or the answer, and a traceback in a
log would print it.
"""

import asyncio
import json
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
import structlog
from pydantic import SecretStr

import tesigo
from tesigo.adapters.model_headers import find_retry_after_s
from tesigo.adapters.search_pace import Pace
from tesigo.gateway.breaker import Breaker
from tesigo.gateway.errors import AttemptFailed, CallRefused, ProviderFails, RateLimited, Trouble
from tesigo.kit.clock import SystemTimer, Timer
from tesigo.kit.errors import Invalid
from tesigo.research.errors import SourcesUnavailable

log = structlog.get_logger(__name__)

Read = TypeVar("Read")

_CONNECT_S = 5.0
_SHARE_OF_TIME = 0.9
_LARGEST_BYTES = 8 * 1024 * 1024
_FIRST_PAUSE_S = 1.0
_ATTEMPTS = 2
_UNREADABLE = (ValueError, LookupError, TypeError, RecursionError)
"""What reading an answer raises that is not as its manual says; json's and pydantic's own are ValueErrors."""


@dataclass(frozen=True, slots=True)
class Service:
    """A search service, and how it wants to be called.

    name: what users know it by. setting: what its settings begin with. base_url: where it is, without a slash at its
    end. every_s: the least time between two calls. at_once: how many calls it bears at a time.
    """

    name: str
    setting: str
    base_url: str
    every_s: float
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class Manners:
    """How this installation calls: the same for all services.

    contact: an e-mail address at which an operator of a service reaches ours, "" for none. timeout_s: what a search
    may take; an answer is given up a little earlier, so that there is time left for one that was kept.
    """

    contact: str = ""
    timeout_s: float = 15
    breaker_failures: int = 5
    breaker_recovery_s: float = 60
    timer: Timer = field(default_factory=SystemTimer)


class SearchHttp:
    """Calls one service. It is not followed elsewhere (no redirects), and left alone after several failures in a row.

    A proxy and authorities of one's own come from the environment, as for other programs.
    base_url: where it is asked instead, "" for where it is. key_header, key_form: where a key goes ("Bearer {}").
    key_parameter: the name of a parameter of the address, for a service that takes its key so; no log shows it.
    Raises Invalid naming the setting for an address with a password, and for a key that no header can carry.
    """

    def __init__(
        self,
        service: Service,
        manners: Manners,
        *,
        base_url: str = "",
        api_key: SecretStr | None = None,
        key_header: str = "",
        key_form: str = "{}",
        key_parameter: str = "",
    ) -> None:
        base_url = base_url or service.base_url
        if "@" in base_url.partition("://")[2].partition("/")[0]:
            raise Invalid(
                f"{service.setting}_BASE_URL: no user and password may stand in it.", code="wrong_setting"
            )
        key = _plain_key(service, api_key)
        self.manners = manners
        self._name = service.name
        self._setting = service.setting
        self._base_url = base_url.rstrip("/")
        self._timer = manners.timer
        self._answer_s = manners.timeout_s * _SHARE_OF_TIME
        self._pace = Pace(manners.timer, every_s=service.every_s, at_once=service.at_once)
        self._breaker = Breaker(
            "it",
            failures=manners.breaker_failures,
            recovery_s=manners.breaker_recovery_s,
            now_s=manners.timer.now_s,
        )
        self._client = httpx2.AsyncClient(
            headers={
                "user-agent": user_agent(manners.contact),
                "accept-encoding": "gzip",
                **({key_header: key_form.format(key)} if key and key_header else {}),
            },
            timeout=httpx2.Timeout(self._answer_s, connect=min(_CONNECT_S, self._answer_s)),
            transport=_Keyed(key_parameter, key) if key and key_parameter else None,
            follow_redirects=False,
        )

    async def get(
        self, path: str, parameters: Mapping[str, str | int], read: Callable[[bytes], Read]
    ) -> Read:
        """Return what `read` makes of the answer. Raises SourcesUnavailable for whatever goes wrong.

        read: raises ValueError, LookupError or TypeError for an answer of another shape than the manual's.
        """
        return await self._call(
            self._client.build_request("GET", self._base_url + path, params=parameters), read
        )

    async def post(self, path: str, body: Mapping[str, Any], read: Callable[[bytes], Read]) -> Read:
        """Return what `read` makes of the answer to a body in JSON, as `get` does."""
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"content-type": "application/json"}
        request = self._client.build_request("POST", self._base_url + path, content=content, headers=headers)
        return await self._call(request, read)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _call(self, request: httpx2.Request, read: Callable[[bytes], Read]) -> Read:
        ends_s = self._timer.now_s() + self._answer_s
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._attempt(request, read, ends_s)
            except RateLimited as limited:
                is_last = attempt == _ATTEMPTS or self._timer.now_s() + (limited.retry_after_s or 0) >= ends_s
                if is_last:
                    raise self._unavailable(limited) from None
            except AttemptFailed as failure:
                raise self._unavailable(failure) from None
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, request: httpx2.Request, read: Callable[[bytes], Read], ends_s: float) -> Read:
        self._breaker.require_passable()
        async with self._pace.turn(within_s=ends_s - self._timer.now_s()):
            with self._breaker.passing():
                return await self._ask(request, read, max(0.0, ends_s - self._timer.now_s()))

    async def _ask(self, request: httpx2.Request, read: Callable[[bytes], Read], left_s: float) -> Read:
        try:
            async with asyncio.timeout(left_s):
                response = await self._client.send(request, stream=True)
                try:
                    self._check(response)
                    body = await _read_body(response)
                finally:
                    await response.aclose()
                return await asyncio.to_thread(read, body)
        except (TimeoutError, httpx2.ReadTimeout, httpx2.WriteTimeout, httpx2.PoolTimeout):
            raise ProviderFails(f"it did not answer within {self._answer_s:g} s", Trouble.TIMED_OUT) from None
        except (httpx2.ConnectTimeout, httpx2.ConnectError, httpx2.ProxyError):
            raise ProviderFails("it is not reached", Trouble.NOT_REACHED) from None
        except (httpx2.HTTPError, ssl.SSLError, OSError):
            raise ProviderFails("it broke the connection off", Trouble.CUT_STREAM) from None
        except _UNREADABLE:
            raise ProviderFails("its answer cannot be read", Trouble.MALFORMED) from None

    def _unavailable(self, failure: AttemptFailed) -> SourcesUnavailable:
        log.warning("a search service does not serve", service=self._name, trouble=failure.trouble)
        told = SourcesUnavailable(f"{failure.message}.")
        told.retry_after_s = failure.retry_after_s
        return told

    def _check(self, response: httpx2.Response) -> None:
        """Raise what a status other than 200 means; its body is not even read."""
        status = response.status_code
        if status == httpx2.codes.OK:
            return
        retry_after_s = find_retry_after_s(response.headers)
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            pause_s = _FIRST_PAUSE_S if retry_after_s is None else retry_after_s
            self._pace.close_for(pause_s)
            raise RateLimited(
                f"it asks for fewer calls, and to wait {max(1, round(pause_s))} s", retry_after_s=pause_s
            )
        if status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            if retry_after_s is not None:
                self._pace.close_for(retry_after_s)
            raise ProviderFails(f"it answered {status}", Trouble.SERVER_ERROR, retry_after_s=retry_after_s)
        if status in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
            raise CallRefused(
                f"it answered {status}, refusing us; {self._setting}_API_KEY may be wrong or missing"
            )
        raise CallRefused(f"it refused the search with {status}")


def user_agent(contact: str) -> str:
    """Return how we introduce ourselves.

    From: crossref.org, "Access and authentication" (an address in the agent header makes a polite call); arXiv's and
    other manuals ask for no more; read 2026-11-30.
    """
    return f"TesiGo/{tesigo.__version__}" + (f" (mailto:{contact})" if contact else "")


class _Keyed(httpx2.AsyncHTTPTransport):
    """Adds the key to an address on its way out, below whatever logs addresses."""

    def __init__(self, name: str, key: str) -> None:
        super().__init__()
        self._name = name
        self._key = key

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request with its key."""
        url = request.url.copy_set_param(self._name, self._key)
        keyed = httpx2.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return await super().handle_async_request(keyed)


def _plain_key(service: Service, api_key: SecretStr | None) -> str:
    key = api_key.get_secret_value() if api_key else ""
    if not (key.isascii() and (key.isprintable() or not key) and " " not in key):
        # h11 and httpx2 quote a header that they refuse
        raise Invalid(
            f"{service.setting}_API_KEY: a key has no spaces and only ASCII signs.", code="wrong_setting"
        )
    return key


async def _read_body(response: httpx2.Response) -> bytes:
    """Return the body, decompressed by ourselves, because a small one can grow to anything.

    Raises ProviderFails for more than 8 MiB, and ValueError for a coding that we did not ask for.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"gzip", "x-gzip", "identity"}:
        raise ValueError("a coding that was not asked for")
    inflating = zlib.decompressobj(wbits=31) if coding != "identity" else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        try:
            body += inflating.decompress(chunk, _LARGEST_BYTES) if inflating else chunk
        except zlib.error:
            raise ValueError("broken compression") from None
        if len(body) > _LARGEST_BYTES or (inflating and inflating.unconsumed_tail):
            raise ProviderFails(f"it sent more than {_LARGEST_BYTES // 1024**2} MB", Trouble.MALFORMED)
    return bytes(body)
