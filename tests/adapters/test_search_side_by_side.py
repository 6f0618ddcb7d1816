"""All services are asked at once: whatever one does wrong, the others serve in time, and it is named."""

import time
from contextlib import AsyncExitStack

import pytest
from tests.adapters.search_callers import ALL, QUERY, Service, manners
from tests.fakes.search_answers import Work
from tests.fakes.search_servers import Fault, SearchServer
from tests.servers import answering

from tesigo.research.evidence import Gathered, gather_sources

TIMEOUT_S = 2.0
WRONG = ["down", "no works", *Fault]


def works_of(service: Service) -> list[Work]:
    """Return a work that only this service knows, and one that all know."""
    title, number = f"Essays as {service.name} alone knows them", 10 + ALL.index(service)
    known_to_all = Work("Peer feedback on essays, known to everybody", doi="10.5555/all", arxiv="2101.00001")
    return [Work(title, doi=f"10.5555/{service.setting}", arxiv=f"2101.000{number}"), known_to_all]


class Town:
    """All services on loopback, for as long as the block lasts."""

    def __init__(self) -> None:
        self.servers = {service: SearchServer(service.setting, works_of(service)) for service in ALL}
        self.addresses: dict[Service, str] = {}
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> "Town":
        for service, server in self.servers.items():
            self.addresses[service] = await self._opened.enter_async_context(answering(server))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def gather(self, wrong_one: Service | None = None, wrong: str = "") -> tuple[Gathered, float]:
        """Return what is found when this service does this wrong, and how long it took."""
        addresses = {
            **self.addresses,
            **({wrong_one: "http://127.0.0.1:1"} if wrong_one and wrong == "down" else {}),
        }
        for service, server in self.servers.items():
            is_wrong = service is wrong_one
            server.works = [] if is_wrong and wrong == "no works" else works_of(service)
            server.fault = Fault(wrong) if is_wrong and wrong in list(Fault) else None
        async with AsyncExitStack() as opened:
            searches = [service.at(addresses[service], manners(timeout_s=TIMEOUT_S)) for service in ALL]
            for search in searches:
                opened.push_async_callback(search.aclose)
            began_s = time.monotonic()
            found = await gather_sources(QUERY, own=(), searches=searches, limit=400, timeout_s=TIMEOUT_S)
            return found, time.monotonic() - began_s


async def test_all_up_what_all_know_is_one_source_and_each_brings_its_own():
    async with Town() as town:
        found, _ = await town.gather()
    assert found.warnings == ()
    titles = [source.title for source in found.sources]
    assert titles.count("Peer feedback on essays, known to everybody") == 1
    assert len([title for title in titles if "alone knows" in title]) == len(ALL)
    (known_to_all,) = (source for source in found.sources if "everybody" in source.title)
    assert (known_to_all.csl["type"], known_to_all.csl["DOI"]) == ("article-journal", "10.5555/all")
    assert known_to_all.csl["custom"]["arxiv"] == "2101.00001"


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.setting)
async def test_whatever_one_does_wrong_is_named_and_the_others_serve_in_time(service: Service):
    own = f"Essays as {service.name} alone knows them"
    others = {f"Essays as {other.name} alone knows them" for other in ALL if other is not service}
    async with Town() as town:
        for wrong in WRONG:
            found, took_s = await town.gather(service, wrong)
            titles = {source.title for source in found.sources}
            assert (others <= titles, own in titles) == (True, False), wrong
            assert took_s < TIMEOUT_S + 0.5, wrong  # which the machine may need for itself
            warnings = " ".join(found.warnings)
            assert warnings.startswith(f"{service.name} found nothing: it") is (wrong != "no works"), wrong
            assert len(found.warnings) == (wrong != "no works"), wrong
