"""All six search services as tests call them: the same cases for each, at an address of loopback."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from tests.fakes.search_answers import Work
from tests.fakes.search_servers import SearchServer
from tests.fakes.timer import FakeTimer
from tests.servers import answering

from tesigo.adapters.arxiv import Arxiv
from tesigo.adapters.crossref import Crossref
from tesigo.adapters.openalex import OpenAlex
from tesigo.adapters.perplexity import Perplexity
from tesigo.adapters.search_http import Manners
from tesigo.adapters.semantic_scholar import SemanticScholar
from tesigo.adapters.tavily import Tavily

KEY = "secret-key-of-a-test"
CONTACT = "library@example.org"
QUERY = "Peer-feedback AND essays: “what” works?"
WORKS = (
    Work(
        "Feedback on essays: a made-up study",
        doi="10.5555/Imagined.1",
        abstract="Students revise their essays when comments name a place. Scores alone change little.",
    ),
    Work("Peer comments in imagined classrooms", ("Шевченко Т. Г.",), 2019, doi="10.5555/imagined.2"),
)


def noon() -> datetime:
    return datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Service:
    """A service, and how it is called. has_key: whether its key, if there is one, travels with each call."""

    setting: str
    name: str
    make: Callable[..., Any]
    has_key: bool = True

    def at(self, address: str, manners: Manners) -> Any:
        """Return its adapter, calling the server at this address."""
        key = (SecretStr(KEY),) if self.has_key else ()
        clock = {"clock": noon} if self.setting in {"perplexity", "tavily"} else {}
        return self.make(manners, *key, base_url=address, **clock)


ALL = [
    Service("semantic_scholar", "Semantic Scholar", SemanticScholar),
    Service("openalex", "OpenAlex", OpenAlex),
    Service("crossref", "Crossref", Crossref, has_key=False),
    Service("arxiv", "arXiv", Arxiv, has_key=False),
    Service("perplexity", "Perplexity", Perplexity),
    Service("tavily", "Tavily", Tavily),
]
BY_SETTING = {service.setting: service for service in ALL}


def manners(**given: Any) -> Manners:
    """Return manners with a timer that waits for nothing."""
    return Manners(**{"contact": CONTACT, "timeout_s": 5, "timer": FakeTimer(), **given})


@asynccontextmanager
async def searching(service: Service, server: SearchServer, **given: Any) -> AsyncIterator[Any]:
    """Give the service's adapter, calling this server."""
    async with answering(server) as address:
        search = service.at(address, manners(**given))
        try:
            yield search
        finally:
            await search.aclose()
