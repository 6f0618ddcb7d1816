"""The same limits hold whoever counts, and a Redis in trouble is decided about at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs
from tests.redis_servers import RedisServer, redis_server

from tesigo.adapters.memory_rates import MemoryRates
from tesigo.adapters.redis_rates import RedisRates
from tesigo.kit.errors import Invalid
from tesigo.kit.rates import Place, RatesAway, RateStore, Wait

AMOUNT = 5
WITHIN_S = 10


@pytest.fixture
def server(tmp_path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@asynccontextmanager
async def rates_at(url: str, *, rest_s: float = 60) -> AsyncIterator[RedisRates]:
    rates = RedisRates(url, rest_s=rest_s)
    try:
        yield rates
    finally:
        await rates.aclose()


@pytest.fixture(params=["memory", "redis"])
async def rates(request) -> AsyncIterator[RateStore]:
    if request.param == "memory":
        yield MemoryRates()
        return
    server: RedisServer = request.getfixturevalue("server")
    async with rates_at(server.url) as rates:
        yield rates


@pytest.fixture
async def in_redis(server) -> AsyncIterator[RedisRates]:
    async with rates_at(server.url) as rates:
        yield rates


async def take(
    rates: RateStore, key: str = "key", *, amount: int = AMOUNT, window_s: int = 900
) -> Place | Wait:
    return await rates.take(key, amount=amount, window_s=window_s)


async def until_taken(rates: RateStore, key: str, *, amount: int = 1, window_s: int) -> Place:
    async with asyncio.timeout(WITHIN_S):
        while isinstance(taken := await take(rates, key, amount=amount, window_s=window_s), Wait):  # noqa: ASYNC110 - only the store knows
            await asyncio.sleep(min(taken.seconds, 0.05))
    return taken


async def test_so_many_pass_and_the_next_is_told_how_long_to_wait(rates):
    taken = [await take(rates) for _ in range(AMOUNT + 2)]
    assert [type(each) for each in taken] == [Place] * AMOUNT + [Wait] * 2
    assert 895 < taken[-1].seconds <= 900


async def test_each_key_has_places_of_its_own(rates):
    assert isinstance(await take(rates, "mine", amount=1), Place)
    assert isinstance(await take(rates, "mine", amount=1), Wait)
    assert isinstance(await take(rates, "yours", amount=1), Place)


async def test_of_100_at_once_exactly_as_many_pass_as_there_are_places(rates):
    taken = await asyncio.gather(*(take(rates, amount=7) for _ in range(100)))
    assert sum(isinstance(each, Place) for each in taken) == 7


async def test_a_place_becomes_free_by_itself_and_refusals_do_not_keep_it(rates):
    began = time.monotonic()
    await take(rates, amount=1, window_s=1)
    await until_taken(rates, "key", window_s=1)  # it asks all the time
    assert 0.9 < time.monotonic() - began < 3


async def test_in_any_window_no_more_pass_than_the_amount(rates):
    """A window that began anew all at once would let twice as many pass around its end."""
    await take(rates, "clock", amount=1, window_s=1)
    await take(rates, amount=2, window_s=2)
    await until_taken(rates, "clock", window_s=1)  # a second is over
    await take(rates, amount=2, window_s=2)
    await until_taken(rates, "key", amount=2, window_s=2)
    told = await take(rates, amount=2, window_s=2)
    assert isinstance(told, Wait)
    assert told.seconds < 1.5


async def test_a_place_that_is_given_back_is_free_at_once_and_once_only(rates):
    first = await take(rates, amount=2)
    await take(rates, amount=2)
    await rates.give_back(first)
    await rates.give_back(first)
    await rates.give_back(Place("no such key", "token"))
    taken = [await take(rates, amount=2) for _ in range(2)]
    assert [type(each) for each in taken] == [Place, Wait]


async def test_a_limit_that_was_lowered_holds_for_what_was_counted_before(rates):
    for _ in range(4):
        await take(rates, amount=4)
    assert isinstance(await take(rates, amount=2), Wait)


async def test_the_memory_of_this_process_is_bounded_and_comes_back():
    now_s = 0.0
    rates = MemoryRates(now_s=lambda: now_s)
    for number in range(10_000):
        await take(rates, f"client {number}")
        await take(rates, f"client {number}")
    assert len(rates) == 10_000
    now_s = 901.0
    for _ in range(1_000):
        await take(rates, "one who stays")
    assert len(rates) == 1
    for number in range(60_000):
        await take(rates, f"flood {number}")
    assert len(rates) == 50_000


async def test_a_busy_memory_costs_a_request_next_to_nothing():
    rates = MemoryRates()
    for number in range(10_000):
        await take(rates, f"client {number}")
    began_s = time.process_time()
    for _ in range(1_000):
        await take(rates, "one more")
    assert time.process_time() - began_s < 0.5  # looking through all keys each time takes tens of seconds


async def test_all_processes_count_together(server):
    async with rates_at(server.url) as one, rates_at(server.url) as another:
        taken = await asyncio.gather(*(take(each) for each in [one, another] * 20))
    assert sum(isinstance(each, Place) for each in taken) == AMOUNT


async def test_keys_in_redis_are_ours_by_name_and_expire_by_themselves(server, in_redis):
    await take(in_redis, "uploads:abc", window_s=900)
    await take(in_redis, "short", window_s=1)
    with server.client() as client:
        assert set(client.keys()) == {b"tesigo:rate:uploads:abc", b"tesigo:rate:short"}
        assert 890 < client.ttl("tesigo:rate:uploads:abc") <= 900
        async with asyncio.timeout(WITHIN_S):
            while client.exists("tesigo:rate:short"):  # noqa: ASYNC110 - only Redis knows
                await asyncio.sleep(0.02)


async def test_a_redis_that_was_flushed_or_started_anew_counts_from_the_beginning(server):
    async with rates_at(server.url, rest_s=0.01) as rates:
        await take(rates, amount=1)
        with server.client() as client:
            client.flushall()
        assert isinstance(await take(rates, amount=1), Place)
        server.kill()
        with pytest.raises(RatesAway):
            await take(rates, amount=1)
        server.start()
        async with asyncio.timeout(WITHIN_S):
            while True:
                try:
                    taken = await take(rates, amount=1)
                    break
                except RatesAway:
                    await asyncio.sleep(0.01)
        assert isinstance(taken, Place)


async def refused_s(rates: RedisRates) -> float:
    """Return how long it took to learn that nothing can be counted."""
    began = time.monotonic()
    with pytest.raises(RatesAway) as away:
        await take(rates)
    assert away.value.retry_after_s > 0
    return time.monotonic() - began


async def test_a_redis_that_hangs_is_decided_about_in_a_quarter_of_a_second_and_then_left_alone(server):
    async with rates_at(server.url) as rates:
        await take(rates)
        server.pause()
        try:
            with capture_logs() as logs:
                assert await refused_s(rates) < 0.5
                assert await refused_s(rates) < 0.05
        finally:
            server.go_on()
        assert [entry["log_level"] for entry in logs] == ["warning"]
        assert await refused_s(rates) < 0.05  # it is well, and not asked yet


async def test_requests_at_once_wait_for_a_redis_that_hangs_together(server):
    async with rates_at(server.url) as rates:
        server.pause()
        try:
            began = time.monotonic()
            await asyncio.gather(*(refused_s(rates) for _ in range(50)))
            assert time.monotonic() - began < 1
        finally:
            server.go_on()


async def test_a_redis_that_is_not_there_is_decided_about_at_once(server):
    server.kill()
    async with rates_at(server.url) as rates:
        assert await refused_s(rates) < 0.5


async def test_what_is_no_redis_counts_as_away():
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as nonsense:
        port = nonsense.sockets[0].getsockname()[1]
        async with rates_at(f"redis://127.0.0.1:{port}/0") as rates:
            assert await refused_s(rates) < 0.5


@pytest.mark.parametrize(
    "answer", [b":-5\r\n", b":900001\r\n", b"$3\r\nyes\r\n", b"*0\r\n", b"-OOM no memory\r\n"]
)
async def test_an_answer_that_makes_no_sense_counts_as_none(answer):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(4096):
            writer.write(answer if b"EVAL" in said else b"+OK\r\n" * said.count(b"CLIENT"))
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with rates_at(f"redis://127.0.0.1:{port}/0") as rates:
            assert await refused_s(rates) < 0.5


async def test_another_kind_of_value_under_a_key_counts_as_away(server, in_redis):
    with server.client() as client:
        client.set("tesigo:rate:key", "what somebody else wrote")
    assert await refused_s(in_redis) < 0.5


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0?no_such_option=1", "redis://127.0.0.1:1/zero?db=x"])
def test_an_address_that_cannot_be_understood_is_said_at_the_start(url):
    with pytest.raises(Invalid, match="REDIS_URL"):
        RedisRates(url)
