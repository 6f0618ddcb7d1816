"""A library that somebody keeps at Zotero, read over its web API."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
from pydantic import SecretStr

import tesigo
from tesigo.adapters.model_headers import find_retry_after_s
from tesigo.intake.reading import Reading, read_sources
from tesigo.kit.clock import SystemTimer, Timer
from tesigo.kit.errors import Invalid, NotFound, TooLarge, Unavailable

BASE_URL = "https://api.zotero.org"
_LIBRARY = re.compile(r"(?:(users|groups)/)?([0-9]{1,12})")
_PAGE = 100
_MOST_PAGES = 200
_MOST_BYTES = 16 << 20
_ATTEMPTS = 4
_LONGEST_PAUSE_S = 60.0
_FIRST_PAUSE_S = 2.0
_NEXT = re.compile(r"<([^>]*)>\s*;[^,]*\brel=\"?next\b")


class ZoteroLibrary:
    """Reads all records of a user's or a group's library, a hundred at a time, as slowly as Zotero asks.

    key: needed for what is not public. timeout_s: what one page may take.
    Sources: zotero.org, "Zotero Web API Documentation", version 3, sections "User and Group Library URLs",
    "Authentication", "Item Export Formats", "Sorting and Pagination", "Rate Limiting", read 2026-11-30.
    """

    def __init__(
        self,
        *,
        key: SecretStr | None = None,
        base_url: str = "",
        timeout_s: float = 30,
        timer: Timer | None = None,
    ) -> None:
        headers = {"zotero-api-version": "3", "user-agent": f"TesiGo/{tesigo.__version__}"}
        if key:
            headers["zotero-api-key"] = _plain_key(key)
        self._base_url = (base_url or BASE_URL).rstrip("/")
        self._timeout_s = timeout_s
        self._timer = timer or SystemTimer()
        self._client = httpx2.AsyncClient(headers=headers, timeout=timeout_s, follow_redirects=False)

    async def read_library(self, name: str) -> Reading:
        """Return the sources of a library, with a sentence for each record that cannot be used.

        name: "users/123", "groups/456", or a user's number alone. Raises Invalid for another name and for a key that
        may not read it, NotFound for a library that is not there, TooLarge above 20,000 records, and Unavailable when
        Zotero does not answer.
        """
        match = _LIBRARY.fullmatch(name.strip())
        if match is None:
            raise Invalid(
                "Name the library as users/NUMBER or groups/NUMBER; zotero.org/settings/keys shows your number."
            )
        query = f"format=csljson&itemType=-attachment&limit={_PAGE}"
        address = f"{self._base_url}/{match[1] or 'users'}/{match[2]}/items?{query}"
        records: list[Any] = []
        for _ in range(_MOST_PAGES):
            headers, page = await self._get(address)
            records += page
            link = _NEXT.search(headers.get("link", ""))
            if link is None:
                break
            address = self._own(urljoin(address, link[1]))
        else:
            raise TooLarge("This library has more than 20,000 records. Bring a part of it as a file.")
        if not records:
            return Reading(())
        data = json.dumps(records).encode()
        return await asyncio.to_thread(read_sources, "zotero.json", data, most_bytes=len(data))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _own(self, address: str) -> str:
        """Return the address of the next page, which must lie where the first did: the key goes there."""
        if urlsplit(address)[:2] != urlsplit(self._base_url)[:2]:
            raise Unavailable("Zotero's answer leads to another server, which is not followed.")
        return address

    async def _get(self, address: str) -> tuple[Mapping[str, str], list[Any]]:
        """Return (the headers, the records) of a page; waits as long as Zotero asks, before or after an answer."""
        for attempt in range(_ATTEMPTS):
            response, body = await self._answer(address)
            pause_s = find_retry_after_s(response.headers)
            if response.status_code == httpx2.codes.OK:
                await self._rest(_backoff_s(response.headers))
                return response.headers, _records(body)
            if response.status_code not in (429, 503) or attempt == _ATTEMPTS - 1:
                raise _failure(response.status_code)
            await self._rest(_FIRST_PAUSE_S * 2**attempt if pause_s is None else pause_s)
        raise AssertionError("the last attempt returns or raises")

    async def _answer(self, address: str) -> tuple[httpx2.Response, bytes]:
        try:
            async with asyncio.timeout(self._timeout_s), self._client.stream("GET", address) as response:
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise Unavailable("Zotero sent a page that is too large to be one.")
                return response, bytes(body)
        except (httpx2.HTTPError, TimeoutError, OSError):
            # what caused it can quote the key, and a traceback would print it
            raise Unavailable("Zotero does not answer. Try again in a moment.") from None

    async def _rest(self, seconds: float) -> None:
        if seconds > _LONGEST_PAUSE_S:
            raise Unavailable(f"Zotero asks to wait {seconds:.0f} s. Try again after that.")
        if seconds > 0:
            await self._timer.sleep(seconds)


def _plain_key(key: SecretStr) -> str:
    plain = key.get_secret_value().strip()
    if not re.fullmatch(r"[A-Za-z0-9]{1,100}", plain):
        raise Invalid("ZOTERO_API_KEY: a key has letters and figures only.", code="wrong_setting")
    return plain


def _backoff_s(headers: Mapping[str, str]) -> float:
    said = headers.get("backoff", "")
    return float(said) if re.fullmatch(r"[0-9]{1,5}", said) else 0.0


def _records(body: bytes) -> list[Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    records = answer.get("items") if isinstance(answer, dict) else answer
    if not isinstance(records, list):
        raise Unavailable("Zotero's answer cannot be read. Try again in a moment.")
    return records


def _failure(status: int) -> Invalid | NotFound | Unavailable:
    if status in (401, 403):
        return Invalid("Zotero does not let this key read that library: set ZOTERO_API_KEY to one that may.")
    if status == httpx2.codes.NOT_FOUND:
        return NotFound("Zotero has no such library. Name it as users/NUMBER or groups/NUMBER.")
    return Unavailable(f"Zotero answered with status {status}. Try again in a moment.")
