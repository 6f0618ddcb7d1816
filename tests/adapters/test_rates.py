"""The same limits hold whoever counts, and a Redis in trouble is decided about at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Counting:
    """Who counts. pass_s: lets so many seconds pass for it."""

    rates: RateStore
    pass_s: Callable[[float], None]


@pytest.fixture(params=["memory", "redis"])
async def counting(request) -> AsyncIterator[Counting]:
    if request.param == "memory":
        clock = MovedSeconds()
        yield Counting(MemoryRates(now_s=lambda: clock.now_s), clock.pass_s)
        return
    server: RedisServer = request.getfixturevalue("server")
    async with rates_at(server.url) as rates:
        yield Counting(rates, lambda seconds: age(server, seconds))


@dataclass
class MovedSeconds:
    now_s: float = 0.0

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds


def age(server: RedisServer, seconds: float) -> None:
    """Make all places so much older, and their keys expire so much sooner: Redis has a clock of its own."""
    passed_ms = round(seconds * 1_000)
    with server.client() as client:
        for key in client.keys("tesigo:rate:*"):
            for token, taken_ms in client.zrange(key, 0, -1, withscores=True):
                client.zadd(key, {token: taken_ms - passed_ms})
            client.pexpire(key, client.pttl(key) - passed_ms)


@pytest.fixture
def rates(counting) -> RateStore:
    return counting.rates


@pytest.fixture
async def in_redis(server) -> AsyncIterator[RedisRates]:
    async with rates_at(server.url) as rates:
        yield rates


async def take(
    rates: RateStore, key: str = "key", *, amount: int = AMOUNT, window_s: int = 900
) -> Place | Wait:
    return await rates.take(key, amount=amount, window_s=window_s)


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


async def test_a_place_becomes_free_by_itself_and_refusals_do_not_keep_it(counting):
    await take(counting.rates, amount=1)
    for _ in range(8):
        counting.pass_s(100)
        assert isinstance(await take(counting.rates, amount=1), Wait)
    counting.pass_s(100)
    assert isinstance(await take(counting.rates, amount=1), Place)


async def test_in_any_window_no_more_pass_than_the_amount(counting):
    """A window that began anew all at once would let twice as many pass around its end."""
    await take(counting.rates, amount=2)
    counting.pass_s(450)
    await take(counting.rates, amount=2)
    told = await take(counting.rates, amount=2)
    assert isinstance(told, Wait)
    assert 430 < told.seconds <= 450
    counting.pass_s(451)  # the first place is free, the second is not
    taken = [await take(counting.rates, amount=2) for _ in range(2)]
    assert [type(each) for each in taken] == [Place, Wait]
    assert 430 < taken[1].seconds < 450


async def test_a_place_that_is_given_back_is_free_at_once_and_once_only(rates):
    first = await take(rates, amount=2)
    await take(rates, amount=2)
    await rates.give_back(first)
    await rates.give_back(first)
    await rates.give_back(Place("no such key", "token"))
    taken = [await take(rates, amount=2) for _ in range(2)]
    assert [type(each) for each in taken] == [Place, Wait]


async def test_whoever_looks_whether_a_place_is_free_takes_none(rates):
    for _ in range(3):
        assert await rates.find_wait("key", amount=1, window_s=900) is None
    place = await take(rates, amount=1)
    for _ in range(3):
        told = await rates.find_wait("key", amount=1, window_s=900)
        assert isinstance(told, Wait)
        assert 895 < told.seconds <= 900
    assert await rates.find_wait("another", amount=1, window_s=900) is None
    await rates.give_back(place)
    assert await rates.find_wait("key", amount=1, window_s=900) is None


async def test_whoever_looks_sees_a_place_become_free_by_itself(counting):
    await take(counting.rates, amount=1)
    counting.pass_s(880)
    assert isinstance(await counting.rates.find_wait("key", amount=1, window_s=900), Wait)
    counting.pass_s(20)
    assert await counting.rates.find_wait("key", amount=1, window_s=900) is None


async def test_a_limit_that_was_lowered_holds_for_what_was_counted_before(rates):
    for _ in range(4):
        await take(rates, amount=4)
    assert isinstance(await take(rates, amount=2), Wait)


async def test_the_memory_of_this_process_is_bounded_and_comes_back():
    clock = MovedSeconds()
    rates = MemoryRates(now_s=lambda: clock.now_s)
    for number in range(10_000):
        await take(rates, f"client {number}")
        await take(rates, f"client {number}")
    assert len(rates) == 10_000
    clock.pass_s(901)
    for _ in range(1_000):
        await take(rates, "one who stays")
    assert len(rates) == 1
    for number in range(60_000):
        await take(rates, f"flood {number}")
    assert len(rates) == 50_000


async def test_whoever_has_many_addresses_pushes_out_what_is_counted_by_address_only():
    """A network of IPv6 may have 65,536 customers' networks, each a key of its own."""
    rates = MemoryRates()
    await take(rates, "wrong-second-factors:olena", amount=1)
    for number in range(50_001):
        await take(rates, f"links-by-client:{number}")
    assert isinstance(await take(rates, "wrong-second-factors:olena", amount=1), Wait)
    assert len(rates) == 50_001


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
    assert isinstance(await take(in_redis, "short", amount=1, window_s=1), Place)


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


async def check_is_refused_soon(rates: RedisRates) -> None:
    """Fail where it is not learnt at once that nothing can be counted.

    The limit is of the same loop, so that a busy machine delays both, and ten times as long as what is promised.
    """
    async with asyncio.timeout(2.5):
        with pytest.raises(RatesAway) as away:
            await take(rates)
    assert away.value.retry_after_s > 0


def seen(server: RedisServer) -> tuple[int, int]:
    """Return how many connections and how many questions this server has taken, besides this one."""
    with server.client() as client:
        asked = client.info("commandstats").get("cmdstat_eval", {"calls": 0})["calls"]
        return client.info("stats")["total_connections_received"], asked


async def test_a_redis_that_hangs_is_decided_about_in_a_quarter_of_a_second_and_then_left_alone(server):
    async with rates_at(server.url) as rates:
        await take(rates)
        connections, questions = seen(server)
        server.pause()
        try:
            with capture_logs() as logs:
                for _ in range(20):
                    await check_is_refused_soon(rates)
        finally:
            server.go_on()
        assert [entry["log_level"] for entry in logs] == ["warning"]
        await check_is_refused_soon(rates)  # it is well, and not asked yet
        connections_now, questions_now = seen(server)
        assert connections_now == connections + 1  # to see
        assert questions_now <= questions + 1


async def test_requests_at_once_wait_for_a_redis_that_hangs_together(server):
    """Eight at a time, as many as there are connections, 200 would take more than 6 s."""
    async with rates_at(server.url) as rates:
        server.pause()
        try:
            await asyncio.gather(*(check_is_refused_soon(rates) for _ in range(200)))
        finally:
            server.go_on()


async def test_a_redis_that_is_not_there_is_decided_about_at_once(server):
    server.kill()
    async with rates_at(server.url) as rates:
        await check_is_refused_soon(rates)


async def test_what_is_no_redis_counts_as_away():
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as nonsense:
        port = nonsense.sockets[0].getsockname()[1]
        async with rates_at(f"redis://127.0.0.1:{port}/0") as rates:
            await check_is_refused_soon(rates)


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
            await check_is_refused_soon(rates)


async def test_another_kind_of_value_under_a_key_counts_as_away(server, in_redis):
    with server.client() as client:
        client.set("tesigo:rate:key", "what somebody else wrote")
    await check_is_refused_soon(in_redis)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0?no_such_option=1", "redis://127.0.0.1:1/zero?db=x"])
def test_an_address_that_cannot_be_understood_is_said_at_the_start(url):
    with pytest.raises(Invalid, match="REDIS_URL"):
        RedisRates(url)
