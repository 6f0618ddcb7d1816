"""Copies in Redis come back as they were kept, or not at all, and no Redis in trouble holds anybody up."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from tests.redis_servers import RedisServer, redis_server

from tesigo.adapters.redis_checkpoints import RedisCheckpoints
from tesigo.generation.ports import Checkpoint, CheckpointCopies, NoCopies
from tesigo.kit.errors import Invalid

SECRET = "an installation's own key of some length"


def checkpoint(**changed) -> Checkpoint:
    made = Checkpoint(
        job_id=uuid.uuid4(),
        document_id=7,
        progress=43,
        sections_done=("1", "2", "2.1"),
        current_sections=("2.2", "3"),
        tokens_used=123_456_789_012,
        at=datetime(2026, 11, 23, 12, 30, 5, 123457, tzinfo=UTC),
    )
    return replace(made, **changed)


def name_of(job_id: uuid.UUID) -> str:
    return f"tesigo:checkpoint:{job_id}"


@asynccontextmanager
async def copies_at(url: str, *, secret: str = SECRET, rest_s: float = 60) -> AsyncIterator[RedisCheckpoints]:
    copies = RedisCheckpoints(url, secret=secret, rest_s=rest_s)
    try:
        yield copies
    finally:
        await copies.aclose()


@pytest.fixture
def server(tmp_path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
async def copies(server) -> AsyncIterator[RedisCheckpoints]:
    async with copies_at(server.url) as copies:
        yield copies


@pytest.fixture(params=["none", "redis"])
def any_copies(request) -> CheckpointCopies:
    return NoCopies() if request.param == "none" else request.getfixturevalue("copies")


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[tuple[str, list[int]]]:
    """Serve somebody who is no Redis: it says this to everything, or nothing; gives the URL and who came.

    Of whoever waits for an answer one more has come: each attempt begins with a connection.
    """
    came: list[int] = []
    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(len(came))
        writers.append(writer)
        while await reader.read(4096):
            if answer is not None:
                writer.write(answer)

    served = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"redis://user:hushhush@127.0.0.1:{served.sockets[0].getsockname()[1]}", came
    finally:
        served.close()
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def until(is_so: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.01)


async def until_come(came: list[int], times: int) -> None:
    async def have_come() -> bool:
        return len(came) >= times

    await until(have_come)


async def test_what_was_not_kept_is_not_found(any_copies):
    kept = checkpoint()
    assert await any_copies.find([kept.job_id]) == {}
    assert await any_copies.find([]) == {}
    await any_copies.keep(kept)
    assert set(await any_copies.find([kept.job_id, uuid.uuid4()])) <= {kept.job_id}


async def test_copies_come_back_as_they_were_kept_each_for_its_job(copies):
    first, second = checkpoint(), checkpoint(sections_done=(), current_sections=(), progress=0)
    newer = replace(first, progress=57, sections_done=("1", "2", "2.1", "3"))
    for one in (first, second, newer):
        await copies.keep(one)
    asked = [uuid.uuid4(), second.job_id, first.job_id]
    assert await copies.find(asked) == {first.job_id: newer, second.job_id: second}


async def test_a_copy_is_kept_for_an_hour_and_only_under_our_names(copies, server):
    kept = checkpoint()
    await copies.keep(kept)
    with server.client() as client:
        assert client.keys() == [name_of(kept.job_id).encode()]
        assert 3590 <= client.ttl(name_of(kept.job_id)) <= 3600


async def sealed_elsewhere(server: RedisServer, one: Checkpoint, *, secret: str = SECRET) -> bytes:
    """Return the bytes that an installation with this secret keeps of the checkpoint."""
    with server.client() as client:
        async with copies_at(server.url, secret=secret) as elsewhere:
            await elsewhere.keep(one)
        value = client.get(name_of(one.job_id))
        client.delete(name_of(one.job_id))
    return value


async def test_wrong_values_count_as_absent_beside_good_ones(copies, server):
    good = [checkpoint(progress=number) for number in range(3)]
    mine = checkpoint()
    sealed = await sealed_elsewhere(server, mine)
    wrong = {
        "nothing in it": b"",
        "garbage": bytes(range(256)),
        "a plausible lie": sealed[32:],
        "a seal alone": sealed[:32],
        "a lie with a seal of noughts": bytes(32) + sealed[32:],
        "another installation's": await sealed_elsewhere(server, mine, secret="of somebody else"),
        "an altered progress": sealed.replace(b'"progress":43', b'"progress":44'),
        "something behind it": sealed + b" ",
        "cut": sealed[:-1],
        "another job's": await sealed_elsewhere(server, good[0]),
        "no checkpoint, but sealed": copies._seal(b'{"job_id": 1}') + b'{"job_id": 1}',
        "no JSON, but sealed": copies._seal(b"[" * 60_000) + b"[" * 60_000,
        "too large": sealed[:32] + b" " * 600_000,
    }
    assert len(set(wrong.values())) == len(wrong)
    for one in good:
        await copies.keep(one)
    with server.client() as client:
        for what, value in wrong.items():
            client.set(name_of(mine.job_id), value)
            found = await copies.find([good[0].job_id, mine.job_id, good[1].job_id, good[2].job_id])
            assert found == {one.job_id: one for one in good}, what
        for put in (
            lambda name: client.rpush(name, sealed),
            lambda name: client.hset(name, "value", sealed),
            lambda name: client.sadd(name, sealed),
            lambda name: client.zadd(name, {sealed: 1}),
            lambda name: client.xadd(name, {"value": sealed}),
        ):
            client.delete(name_of(mine.job_id))
            put(name_of(mine.job_id))
            found = await copies.find([mine.job_id, good[2].job_id])
            assert found == {good[2].job_id: good[2]}
            await copies.keep(mine)  # and what is wrong is no obstacle to what is right
            assert await copies.find([mine.job_id]) == {mine.job_id: mine}


async def test_a_checkpoint_that_is_too_large_for_a_copy_is_not_kept(copies, server):
    kept = checkpoint(sections_done=tuple(f"{number}.{number}" for number in range(20_000)))
    await copies.keep(kept)
    assert await copies.find([kept.job_id]) == {}
    with server.client() as client:
        assert client.keys() == []
    almost = checkpoint(sections_done=("1" * 60_000,))
    await copies.keep(almost)
    assert await copies.find([almost.job_id]) == {almost.job_id: almost}


async def test_more_at_once_than_there_are_connections_wait_and_all_are_served(copies):
    many = [checkpoint(progress=number % 100) for number in range(30)]
    await asyncio.gather(*(copies.keep(one) for one in many))
    found = await asyncio.gather(*(copies.find([one.job_id]) for one in many))
    assert found == [{one.job_id: one} for one in many]


async def test_a_redis_that_died_is_told_once_and_used_again_by_itself(server):
    kept = checkpoint()
    async with copies_at(server.url, rest_s=0.05) as copies:
        with capture_logs() as told:
            await copies.greet()
            assert told == []
            server.kill()
            for _ in range(5):
                await copies.keep(kept)
                assert await copies.find([kept.job_id]) == {}
                await asyncio.sleep(0.05)  # the rest of a Redis that fails: its length is the promise
            server.start()

            async def is_back() -> bool:
                await copies.keep(kept)
                return await copies.find([kept.job_id]) == {kept.job_id: kept}

            await until(is_back)
            for _ in range(3):
                assert await is_back()
    assert [entry["log_level"] for entry in told] == ["warning", "info"]


async def test_a_restart_between_two_uses_costs_no_copy_that_comes_after_it(copies, server):
    kept = checkpoint()
    await copies.keep(kept)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    assert await copies.find([kept.job_id]) == {}
    await copies.keep(kept)
    assert await copies.find([kept.job_id]) == {kept.job_id: kept}


async def test_a_redis_that_hangs_is_asked_once_and_then_left_alone():
    async with answering(None) as (url, came), copies_at(url) as copies:
        async with asyncio.timeout(5):  # 0.25 s, however loaded the machine is; 10 s if each were to wait
            for _ in range(20):
                assert await copies.find([uuid.uuid4()]) == {}
                await copies.keep(checkpoint())
        await until_come(came, 1)
        assert len(came) == 1


async def test_after_a_rest_a_redis_that_hangs_holds_up_one_of_many():
    async with answering(None) as (url, came), copies_at(url, rest_s=0.5) as copies:
        await copies.greet()
        await until_come(came, 1)
        come_before: list[int] = []

        async def ask() -> None:
            await copies.find([uuid.uuid4()])
            come_before.append(len(came))

        async def ask_at_once() -> bool:
            come_before.clear()
            await asyncio.gather(*(ask() for _ in range(30)))
            return len(came) > 1

        await until(ask_at_once)  # the rest is over when somebody comes again
        assert len(came) == 2
        assert come_before[:-1] == [1] * 29  # they had their answer before the one had asked


async def test_after_a_pause_nobody_gets_what_another_asked_for(server):
    kept = [checkpoint(progress=number) for number in range(40)]
    async with copies_at(server.url, rest_s=0.01) as copies:
        await asyncio.gather(*(copies.keep(one) for one in kept))
        server.pause()
        await asyncio.gather(*(copies.find([one.job_id]) for one in kept))
        server.go_on()

        async def answers() -> object:
            return await copies.find([kept[0].job_id])

        await until(answers)
        for one in kept:
            assert await copies.find([one.job_id]) == {one.job_id: one}


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"+OK\r\n",
        b"*-1\r\n",
        b":12\r\n",
        b"$5\r\n\xff\xfe\xfd\xfc\xfb\r\n",
        b"-ERR \xff\xfe\r\n",
    ],
)
async def test_somebody_who_is_no_redis_is_no_error(answer):
    with capture_logs() as told:
        async with answering(answer) as (url, _), copies_at(url) as copies:
            await copies.greet()
            await copies.keep(checkpoint())
            assert await copies.find([uuid.uuid4(), uuid.uuid4()]) == {}
    assert len(told) <= 1
    assert "hushhush" not in repr(told)


async def test_a_wrong_password_is_told_without_it(tmp_path):
    with redis_server(tmp_path, "--requirepass", "another") as server, capture_logs() as told:
        async with copies_at(f"redis://:hushhush@127.0.0.1:{server.port}") as copies:
            await copies.greet()
            await copies.keep(checkpoint())
        async with copies_at(server.url) as copies:  # no password at all
            assert await copies.find([uuid.uuid4()]) == {}
    assert [entry["log_level"] for entry in told] == ["warning", "warning"]
    assert "hushhush" not in repr(told)


async def test_a_full_redis_is_no_error_and_is_left_alone(tmp_path):
    with redis_server(tmp_path, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        async with copies_at(server.url) as copies:
            with capture_logs() as told:
                for _ in range(5):
                    await copies.keep(checkpoint())
    assert len(told) == 1


async def test_cancelling_whoever_asks_is_passed_on():
    async with answering(None) as (url, came), copies_at(url) as copies:
        asking = asyncio.create_task(copies.find([uuid.uuid4()]))
        await until_come(came, 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


@pytest.mark.parametrize(
    "url", ["redis://:hushhush@127.0.0.1:port/0", "redis://:hushhush@[::1/0", "redis://:hushhush@h/0?hushhush=1"]
)  # fmt: skip
def test_an_address_that_cannot_be_understood_stops_the_start_without_being_told(url):
    with pytest.raises(Invalid) as refused:
        RedisCheckpoints(url, secret=SECRET)
    assert refused.value.message.startswith("REDIS_URL: ")
    assert "hush" not in refused.value.message
    assert refused.value.__cause__ is None
