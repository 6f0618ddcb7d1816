"""Whatever a search service does wrong is a sentence in time, and gives nothing away."""

import asyncio
import itertools
import logging
import time
import traceback
import tracemalloc

import pytest
from pydantic import SecretStr
from tests.adapters.search_callers import (
    ALL,
    BY_SETTING,
    CONTACT,
    KEY,
    QUERY,
    WORKS,
    Service,
    manners,
    searching,
)
from tests.fakes.search_servers import Fault, SearchServer, bomb
from tests.servers import answering

from tesigo.adapters.openalex import OpenAlex
from tesigo.adapters.search_http import Manners
from tesigo.kit.errors import Invalid
from tesigo.research.errors import SourcesUnavailable

EACH = pytest.mark.parametrize("service", ALL, ids=lambda service: service.setting)
SENTENCES = {
    Fault.SLOW: "did not answer within 0.9 s",
    Fault.ENDLESS: "did not answer within 0.9 s",
    Fault.RATE_LIMITED: "wait 30 s",
    Fault.RATE_LIMITED_WITHOUT_WAIT: "wait 1 s",
    Fault.SERVER_ERROR: "answered 500",
    Fault.UNAUTHORIZED: "_API_KEY may be wrong",
    Fault.REDIRECT: "refused the search with 302",
    Fault.MALFORMED: "cannot be read",
    Fault.WRONG_SHAPE: "cannot be read",
    Fault.EMPTY_BODY: "cannot be read",
    Fault.HUGE: "more than 8 MB",
    Fault.BOMB: "more than 8 MB",
    Fault.CUT: "broke the connection off",
}


@EACH
@pytest.mark.parametrize("fault", Fault)
async def test_a_fault_is_a_sentence_within_the_time(service: Service, fault: Fault):
    server = SearchServer(service.setting, WORKS, fault=fault)
    began_s = time.monotonic()
    async with searching(service, server, timeout_s=1) as search:
        with pytest.raises(SourcesUnavailable) as told:
            await search.find_sources(QUERY, limit=20)
        assert time.monotonic() - began_s < 2
    assert SENTENCES[fault] in told.value.message
    assert server.sent_bytes < 20 * 1024 * 1024


async def test_a_small_answer_that_grows_to_anything_is_not_let_grow():
    bomb()
    async with searching(BY_SETTING["crossref"], SearchServer("crossref", fault=Fault.BOMB)) as search:
        tracemalloc.start()
        with pytest.raises(SourcesUnavailable):
            await search.find_sources(QUERY, limit=20)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < 30 * 1024 * 1024


@EACH
async def test_a_service_that_is_down_is_a_sentence(service: Service):
    search = service.at("http://127.0.0.1:1", manners())
    with pytest.raises(SourcesUnavailable, match="is not reached"):
        await search.find_sources(QUERY, limit=20)
    await search.aclose()


@EACH
async def test_a_service_that_finds_nothing_answers_with_nothing(service: Service):
    async with searching(service, SearchServer(service.setting)) as search:
        assert await search.find_sources(QUERY, limit=20) == []


@EACH
async def test_nothing_that_is_raised_or_logged_gives_a_key_or_an_answer_away(
    service: Service, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    said = []
    server = SearchServer(service.setting, WORKS)
    for fault in (None, *Fault):
        server.fault = fault
        async with searching(service, server, timeout_s=0.5) as search:
            said.append(repr(search))
            try:
                await search.find_sources(QUERY, limit=20)
            except SourcesUnavailable as failure:
                said += [*traceback.format_exception(failure), repr(failure)]
                assert (failure.__cause__, failure.__suppress_context__) == (None, True)  # noqa: PT017 - both may be
    ours = [record for record in caplog.records if not record.name.startswith("uvicorn")]  # the server's own
    told = "\n".join([*said, *(record.getMessage() + repr(record.args) for record in ours)])
    assert "Traceback" in told
    assert len([record for record in ours if record.name.startswith("httpx2")]) > 5
    assert [
        secret for secret in (KEY, "with the key", "half of an ans", "Students revise") if secret in told
    ] == []


async def test_a_key_in_an_address_reaches_the_service():
    server = SearchServer("openalex", WORKS)
    async with searching(BY_SETTING["openalex"], server) as search:
        await search.find_sources(QUERY, limit=20)
    assert server.calls[0].parameters["api_key"] == KEY


async def test_a_service_that_sends_us_on_to_another_host_is_not_followed():
    other = SearchServer("crossref", WORKS)
    async with answering(other) as elsewhere:
        server = SearchServer("crossref", WORKS, fault=Fault.REDIRECT, redirect_to=f"{elsewhere}/works")
        async with searching(BY_SETTING["crossref"], server) as search:
            with pytest.raises(SourcesUnavailable):
                await search.find_sources(QUERY, limit=20)
    assert (len(server.calls), other.calls) == (1, [])


async def test_after_several_failures_in_a_row_a_service_is_left_alone_and_tried_again_later():
    given = manners(breaker_failures=3, breaker_recovery_s=60)
    server = SearchServer("crossref", WORKS, fault=Fault.SERVER_ERROR)
    async with answering(server) as address:
        search = BY_SETTING["crossref"].at(address, given)
        for _ in range(5):
            with pytest.raises(SourcesUnavailable) as told:
                await search.find_sources(QUERY, limit=20)
        assert (len(server.calls), "left alone" in told.value.message) == (3, True)
        server.fault = None
        given.timer.move(61)
        assert len(await search.find_sources(QUERY, limit=20)) == len(WORKS)
        await search.aclose()


async def test_a_service_that_asks_to_wait_a_little_is_asked_once_more_within_the_time():
    server = SearchServer("semantic_scholar", WORKS, script=[Fault.RATE_LIMITED_WITHOUT_WAIT])
    async with searching(BY_SETTING["semantic_scholar"], server) as search:
        assert len(await search.find_sources(QUERY, limit=20)) == len(WORKS)
        assert any(slept >= 1 for slept in search._http.manners.timer.slept)
    assert len(server.calls) == 2


async def test_before_the_time_that_a_service_named_it_is_not_asked_at_all():
    server = SearchServer("semantic_scholar", WORKS, script=[Fault.RATE_LIMITED])
    async with searching(BY_SETTING["semantic_scholar"], server) as search:
        for _ in range(3):
            with pytest.raises(SourcesUnavailable):
                await search.find_sources(QUERY, limit=20)
        assert len(server.calls) == 1
        search._http.manners.timer.move(31)
        assert len(await search.find_sources(QUERY, limit=20)) == len(WORKS)


@EACH
async def test_calls_are_no_nearer_than_the_service_wants_and_say_who_asks(service: Service):
    server = SearchServer(service.setting, WORKS)
    async with searching(service, server, timeout_s=60) as search:
        await asyncio.gather(*(search.find_sources(QUERY, limit=20) for _ in range(4)))
        slept = sorted(search._http.manners.timer.slept)
    assert len(server.calls) == 4
    assert all(call.headers["user-agent"] == f"TesiGo/0.1.0 (mailto:{CONTACT})" for call in server.calls)
    assert slept[-1] > 0
    if service.setting == "arxiv":
        assert server.peak == 1


async def test_by_the_real_clock_two_calls_are_as_far_apart_as_the_service_wants():
    server = SearchServer("crossref", WORKS)
    async with answering(server) as address:
        search = BY_SETTING["crossref"].at(address, Manners(contact=CONTACT, timeout_s=5))
        await asyncio.gather(*(search.find_sources(QUERY, limit=20) for _ in range(3)))
        await search.aclose()
    begun = sorted(call.began_s for call in server.calls)
    assert all(later - earlier > 0.3 for earlier, later in itertools.pairwise(begun))


async def test_a_turn_that_does_not_come_in_time_is_a_sentence_and_no_failure_of_the_service():
    server = SearchServer("arxiv", WORKS)
    async with answering(server) as address:
        search = BY_SETTING["arxiv"].at(address, Manners(timeout_s=1))
        answers = await asyncio.gather(
            *(search.find_sources(QUERY, limit=20) for _ in range(7)), return_exceptions=True
        )
        await search.aclose()
    assert len(server.calls) == 1
    assert sum(isinstance(answer, SourcesUnavailable) for answer in answers) == 6
    assert search._http._breaker.state == "closed"


def test_without_an_address_nobody_is_named():
    assert OpenAlex(Manners())._http._client.headers["user-agent"] == "TesiGo/0.1.0"


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "ключ"])
def test_a_key_that_no_header_can_carry_is_told_at_once_and_not_quoted(key: str):
    with pytest.raises(Invalid, match="OPENALEX_API_KEY") as caught:
        OpenAlex(Manners(), SecretStr(key))
    assert key not in caught.value.message


def test_an_address_with_a_password_is_refused_and_not_quoted():
    with pytest.raises(Invalid, match="OPENALEX_BASE_URL") as caught:
        OpenAlex(Manners(), base_url="https://user:hush@api.openalex.org")
    assert "hush" not in caught.value.message
