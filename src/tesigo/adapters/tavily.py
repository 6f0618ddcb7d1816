"""Sources from Tavily, a search engine for the web."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from pydantic import SecretStr

from tesigo.adapters.search_http import Manners, SearchHttp, Service
from tesigo.adapters.search_records import make_sources, part, records_at, text
from tesigo.adapters.web_pages import describe_page
from tesigo.kit.clock import Clock, system_clock
from tesigo.manuscript import Source

SERVICE = Service("Tavily", "TAVILY", "https://api.tavily.com", every_s=0.65, at_once=2)
"""A key for development has 100 requests a minute."""

_MOST = 20
_LONGEST_QUERY = 400
_CHUNKS = 3


class Tavily:
    """Finds pages with the pieces of them that answer best.

    The search is `advanced`, which costs two credits: only there `content` consists of pieces of the page, word for
    word; at other depths it is a summary made by a model, which nobody may quote as the page's.
    From: docs.tavily.com, "Tavily Search" (max_results up to 20, search_depth, chunks_per_source, results with title,
    url, content) and "Rate limits"; help.tavily.com, "Tavily Search API"; read 2026-11-30.
    """

    name = SERVICE.name

    def __init__(
        self, manners: Manners, api_key: SecretStr | None, *, base_url: str = "", clock: Clock = system_clock
    ) -> None:
        self._http = SearchHttp(
            SERVICE,
            manners,
            base_url=base_url,
            api_key=api_key,
            key_header="authorization",
            key_form="Bearer {}",
        )
        self._clock = clock

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return pages, best match first. Raises SourcesUnavailable."""
        asked = {
            "query": query[:_LONGEST_QUERY],
            "search_depth": "advanced",
            "chunks_per_source": _CHUNKS,
            "max_results": min(limit, _MOST),
            "include_answer": False,
        }
        return (await self._http.post("/search", asked, partial(_read, self._clock)))[:limit]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _read(clock: Clock, body: bytes) -> list[Source]:
    results = records_at(json.loads(body), "results")
    return make_sources((_to_csl(result, clock) for result in results), found_by=SERVICE.name)


def _to_csl(result: Mapping[str, Any], clock: Clock) -> dict[str, Any] | None:
    return describe_page(
        text(result, "title"),
        text(result, "url"),
        snippet=str(part(result, "content") or ""),
        published=text(result, "published_date"),
        seen=clock(),
    )
