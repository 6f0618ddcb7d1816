import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from tests.kit.embedded_postgres.homes import IS_ROOT, Holder, ask, is_stopped, server_of, wait_until

from tesigo.kit.embedded_postgres import EmbeddedPostgres

warm = pytest.mark.usefixtures("warm_home")  # a first start takes long


def test_a_first_start_makes_an_empty_unicode_database(postgres: EmbeddedPostgres) -> None:
    url = postgres.acquire()

    assert url.startswith("postgresql://tesigo@/tesigo?host=/")
    assert ask(url, "select upper('їжак')") == "ЇЖАК"
    assert ask(url, "show fsync") == "on"
    assert ask(url, "select count(*) from pg_tables where schemaname = 'public'") == 0


@warm
def test_rows_are_still_there_after_a_stop_and_a_second_start(postgres: EmbeddedPostgres, home: Path) -> None:
    ask(postgres.acquire(), "create table kept (n int)", "insert into kept values (7) returning n")
    postgres.release()
    assert is_stopped(home)

    assert ask(postgres.acquire(), "select n from kept") == 7


@warm
def test_holders_in_several_processes_share_one_server_and_the_last_one_stops_it(
    postgres: EmbeddedPostgres, start_holder: Callable[..., Holder], home: Path
) -> None:
    first, second = start_holder(), start_holder()
    url = first.acquire()
    started = server_of(home).pid

    assert second.acquire() == postgres.acquire() == url
    first.release()
    postgres.release()
    assert server_of(home).pid == started
    assert ask(url, "select 1") == 1
    second.release()
    assert is_stopped(home)


@warm
def test_a_killed_holder_harms_no_other(
    postgres: EmbeddedPostgres, start_holder: Callable[..., Holder], home: Path
) -> None:
    starter = start_holder()
    url = starter.acquire()
    postgres.acquire()

    starter.kill()

    assert ask(url, "select 1") == 1
    postgres.release()
    assert is_stopped(home)


@warm
def test_a_server_whose_holders_were_all_killed_is_taken_over_and_stopped(
    postgres: EmbeddedPostgres, start_holder: Callable[..., Holder], home: Path
) -> None:
    starter = start_holder()
    url = starter.acquire()
    started = server_of(home).pid
    starter.kill()

    assert postgres.acquire() == url
    assert server_of(home).pid == started
    postgres.release()
    assert is_stopped(home)


def test_holders_that_start_at_the_same_instant_get_one_server(
    start_holder: Callable[..., Holder], home: Path
) -> None:
    holders = [start_holder() for _ in range(3)]

    for holder in holders:
        holder.tell()
    urls = {holder.heard()["url"] for holder in holders}

    assert len(urls) == 1
    assert ask(urls.pop(), "select 1") == 1
    for holder in holders:
        holder.release()
    assert is_stopped(home)


@warm
def test_ctrl_c_in_a_terminal_does_not_reach_the_server(
    postgres: EmbeddedPostgres, start_holder: Callable[..., Holder], home: Path
) -> None:
    starter = start_holder()
    url = starter.acquire()
    postgres.acquire()
    started = server_of(home).pid

    os.killpg(starter.process.pid, signal.SIGINT)
    starter.process.wait(timeout=20)

    assert server_of(home).pid == started
    assert ask(url, "select 1") == 1


@warm
def test_every_acknowledged_row_survives_a_killed_server(postgres: EmbeddedPostgres, home: Path) -> None:
    url = postgres.acquire()
    ask(url, "create table acknowledged (n int)", "select 1")
    written: list[int] = []

    async def write_until_killed() -> None:
        connection = await asyncpg.connect(url)
        with contextlib.suppress(
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError
        ):
            for n in range(1_000_000):
                await connection.execute("insert into acknowledged values ($1)", n)
                written.append(n)
                if n == 300:
                    os.kill(server_of(home).pid, signal.SIGKILL)
        connection.terminate()

    asyncio.run(write_until_killed())
    kept = ask(postgres.acquire(), "select array_agg(n order by n) from acknowledged")

    assert len(written) > 300
    assert kept[: len(written)] == written


@warm
def test_a_process_file_that_names_a_process_of_somebody_else_is_not_believed(
    postgres: EmbeddedPostgres, home: Path
) -> None:
    postgres.acquire()
    server = server_of(home)
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: is_stopped(home))
    process_file = home / "postgresql" / "data" / "postmaster.pid"
    stranger = {"user": process_file.stat().st_uid} if IS_ROOT else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **stranger) as other:
        lines = process_file.read_text().split("\n")
        process_file.write_text("\n".join([str(other.pid), *lines[1:]]))

        try:
            assert ask(postgres.acquire(), "select 1") == 1
            postgres.release()
            assert other.poll() is None
        finally:
            other.kill()


@pytest.mark.parametrize("with_its_child", [False, True])
def test_a_first_start_that_was_killed_leaves_no_broken_database(
    postgres: EmbeddedPostgres, start_holder: Callable[..., Holder], home: Path, with_its_child: bool
) -> None:
    starter = start_holder()
    starter.tell()
    wait_until(lambda: list(home.glob("postgresql/data.partial-*/base/1")))

    starter.kill()
    if with_its_child:
        unfinished = str(next(home.glob("postgresql/data.partial-*")))
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if unfinished in process.read_text():
                    os.kill(int(process.parent.name), signal.SIGKILL)

    assert ask(postgres.acquire(), "select count(*) from pg_database where datname = 'tesigo'") == 1
    assert not list(home.glob("postgresql/data.partial-*"))


def test_a_first_start_without_room_says_why_and_leaves_nothing_half_made(
    postgres: EmbeddedPostgres, start_holder: Callable[..., Holder], home: Path
) -> None:
    holder = start_holder("--file-bytes", "400000")
    holder.tell()
    heard = holder.heard()

    assert heard["code"] == "database_unavailable"
    assert "DATABASE_URL" in heard["failure"]
    assert "data.partial-" in heard["log_tail"]
    assert not list(home.glob("postgresql/data*"))
    assert ask(postgres.acquire(), "select 1") == 1


@warm
def test_a_release_during_a_start_leaves_no_server_behind(postgres: EmbeddedPostgres, home: Path) -> None:
    with ThreadPoolExecutor() as threads:
        acquired = threads.submit(postgres.acquire)
        wait_until(lambda: not is_stopped(home))
        postgres.release()
        acquired.result()

    assert is_stopped(home)


@warm
def test_a_holder_may_start_its_killed_server_anew(postgres: EmbeddedPostgres, home: Path) -> None:
    url = postgres.acquire()
    os.kill(server_of(home).pid, signal.SIGKILL)
    wait_until(lambda: is_stopped(home))

    assert postgres.acquire() == url
    assert ask(url, "select 1") == 1
    postgres.release()
    assert is_stopped(home)
