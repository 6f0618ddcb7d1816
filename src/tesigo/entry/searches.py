"""Which services outside are searched for sources: those that the settings enable, each behind what it answered."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Protocol

from tesigo.adapters.arxiv import Arxiv
from tesigo.adapters.cached_search import CachedSearch, KeptAnswers
from tesigo.adapters.crossref import Crossref
from tesigo.adapters.openalex import OpenAlex
from tesigo.adapters.perplexity import Perplexity
from tesigo.adapters.search_http import Manners
from tesigo.adapters.semantic_scholar import SemanticScholar
from tesigo.adapters.tavily import Tavily
from tesigo.documents.ports import NoRecords, RecordLookup
from tesigo.kit.clock import Clock
from tesigo.kit.settings import Settings
from tesigo.research.ports import SourceSearch


class _OpenSearch(SourceSearch, Protocol):
    async def aclose(self) -> None: ...


@asynccontextmanager
async def open_searches(
    settings: Settings, *, clock: Clock, answers: KeptAnswers | None = None
) -> AsyncIterator[tuple[SourceSearch, ...]]:
    """Give the searches outside that are enabled, () for none; their connections close with the block.

    answers: where answers are kept, None for nowhere.
    Raises Invalid naming the setting for an address or a key that cannot be used.
    """
    manners = _manners(settings)
    age = timedelta(days=settings.search_cache_days)
    async with AsyncExitStack() as opened:
        searches: list[SourceSearch] = []
        for make in _enabled(settings, manners, clock):
            search = make()
            opened.push_async_callback(search.aclose)
            searches.append(CachedSearch(search, answers, clock, age=age) if answers else search)
        yield tuple(searches)


@asynccontextmanager
async def open_records(settings: Settings) -> AsyncIterator[RecordLookup]:
    """Give who knows the record of a DOI: Crossref where it is enabled, else nobody."""
    if not settings.crossref_enabled:
        yield NoRecords()
        return
    crossref = Crossref(_manners(settings), base_url=settings.crossref_base_url)
    try:
        yield crossref
    finally:
        await crossref.aclose()


def _manners(settings: Settings) -> Manners:
    return Manners(
        contact=settings.contact_email,
        timeout_s=settings.search_timeout_s,
        breaker_failures=settings.breaker_failures,
        breaker_recovery_s=settings.breaker_recovery_s,
    )


def _enabled(settings: Settings, manners: Manners, clock: Clock) -> list[Callable[[], _OpenSearch]]:
    """Return what makes each search that is switched on; Perplexity and Tavily are by their keys."""
    makers: list[tuple[bool, Callable[[], _OpenSearch]]] = [
        (
            settings.semantic_scholar_enabled,
            lambda: SemanticScholar(
                manners, settings.semantic_scholar_api_key, base_url=settings.semantic_scholar_base_url
            ),
        ),
        (
            settings.openalex_enabled,
            lambda: OpenAlex(manners, settings.openalex_api_key, base_url=settings.openalex_base_url),
        ),
        (settings.crossref_enabled, lambda: Crossref(manners, base_url=settings.crossref_base_url)),
        (settings.arxiv_enabled, lambda: Arxiv(manners, base_url=settings.arxiv_base_url)),
        (
            settings.perplexity_api_key is not None,
            lambda: Perplexity(
                manners,
                settings.perplexity_api_key,
                model=settings.perplexity_model,
                base_url=settings.perplexity_base_url,
                clock=clock,
            ),
        ),
        (
            settings.tavily_api_key is not None,
            lambda: Tavily(manners, settings.tavily_api_key, base_url=settings.tavily_base_url, clock=clock),
        ),
    ]
    return [make for is_enabled, make in makers if is_enabled]
