"""Sources from Perplexity: the pages that its models searched, never what the models say of them."""

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

SERVICE = Service("Perplexity", "PERPLEXITY", "https://api.perplexity.ai", every_s=1.2)
"""New keys have 50 requests a minute."""

_LONGEST_QUERY = 400
_MOST_TOKENS = 100
"""Of the prose, which is paid for and thrown away."""


class Perplexity:
    """Finds scholarly pages by one question to a model that searches.

    Only `search_results` counts: a title, an address and a snippet of a page that was found. The model's answer, and
    whatever it claims to cite, is not read.
    From: docs.perplexity.ai, "Chat Completions" (models sonar and sonar-pro; `search_results` with title, url, date,
    last_updated, snippet), "OpenAI compatibility" (/chat/completions), "Academic filter" (search_mode), "Rate limits";
    read 2026-11-30.
    """

    name = SERVICE.name

    def __init__(
        self,
        manners: Manners,
        api_key: SecretStr | None,
        *,
        model: str = "sonar",
        base_url: str = "",
        clock: Clock = system_clock,
    ) -> None:
        self._http = SearchHttp(
            SERVICE,
            manners,
            base_url=base_url,
            api_key=api_key,
            key_header="authorization",
            key_form="Bearer {}",
        )
        self._model = model
        self._clock = clock

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return pages, best match first. Raises SourcesUnavailable."""
        question = f"Which scholarly publications are about this subject? {query[:_LONGEST_QUERY]}"
        asked = {
            "model": self._model,
            "messages": [{"role": "user", "content": question}],
            "search_mode": "academic",
            "max_tokens": _MOST_TOKENS,
            "stream": False,
        }
        return (await self._http.post("/chat/completions", asked, partial(_read, self._clock)))[:limit]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _read(clock: Clock, body: bytes) -> list[Source]:
    """Return the pages; an answer that needed no search has no results, or null."""
    told = json.loads(body)
    records_at(told, "choices")
    results = records_at(told, "search_results") if part(told, "search_results") is not None else []
    return make_sources((_to_csl(result, clock) for result in results), found_by=SERVICE.name)


def _to_csl(result: Mapping[str, Any], clock: Clock) -> dict[str, Any] | None:
    return describe_page(
        text(result, "title"),
        text(result, "url"),
        snippet=str(part(result, "snippet") or ""),
        published=text(result, "date"),
        seen=clock(),
    )
