import asyncio
import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.postgres_account import DatabaseUnavailable
from tesigo.kit.postgres_server import RunningServer, find_server

HOLDER = Path(__file__).with_name("postgres_holder.py")
IS_ROOT = os.geteuid() == 0
warm = pytest.mark.usefixtures("warm_home")  # a first start takes long
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root runs the server under another account")


class Holder:
    """A process that holds, or is about to hold, the server of a home."""

    def __init__(self, home: Path, system_folder: Path, *options: str, **popen: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HOLDER), str(home), str(system_folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            **popen,
        )
        self.heard()

    def heard(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {}

    def tell(self, word: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def acquire(self) -> str:
        self.tell()
        return str(self.heard().get("url"))

    def release(self) -> None:
        self.tell()
        assert self.heard() == {"released": True}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def around() -> Iterator[Path]:
    """Return a folder that every account can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    yield folder
    stop_all(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """Return a home whose first start is over."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    with EmbeddedPostgres(folder / "home", system_folder=folder / "system"):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(around: Path) -> Path:
    return around / "home"


@pytest.fixture
def warm_home(around: Path, template: Path) -> None:
    """Make the test's home one whose first start is over."""
    subprocess.run(["cp", "-a", template / "home", around], check=True)


@pytest.fixture
def system_folder(around: Path) -> Path:
    return around / "system"


@pytest.fixture
def postgres(home: Path, system_folder: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(home, system_folder=system_folder)
    yield postgres
    postgres.release()


@pytest.fixture
def start_holder(home: Path, system_folder: Path) -> Iterator[Callable[..., Holder]]:
    holders: list[Holder] = []

    def start(*options: str, **popen: Any) -> Holder:
        holders.append(Holder(home, system_folder, *options, **popen))
        return holders[-1]

    yield start
    for holder in holders:
        holder.kill()
        for pipe in (holder.process.stdin, holder.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def stop_all(folder: Path) -> None:
    for process_file in folder.rglob("postmaster.pid"):
        server = find_server(process_file.parent)
        if server is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGQUIT)
            wait_until(lambda data=process_file.parent: find_server(data) is None)


def wait_until(is_so: Callable[[], object], time_s: float = 20) -> None:
    deadline = time.monotonic() + time_s
    while not is_so():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.005)


def ask(url: str, *statements: str) -> Any:
    """Run the statements and return the last one's value."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


def server_of(home: Path) -> RunningServer:
    server = find_server(home / "postgresql" / "data")
    assert server is not None
    return server


def is_stopped(home: Path) -> bool:
    return find_server(home / "postgresql" / "data") is None


def test_a_first_start_makes_an_empty_unicode_database(postgres: EmbeddedPostgres) -> None:
    url = postgres.acquire()

    assert url.startswith("postgresql://tesigo@/tesigo?host=/")
    assert ask(url, "select upper('їжак')") == "ЇЖАК"
    assert ask(url, "show fsync") == "on"
    assert ask(url, "select count(*) from pg_tables where schemaname = 'public'") == 0


@warm
def test_only_the_owner_of_the_socket_folder_can_knock(postgres: EmbeddedPostgres, home: Path) -> None:
    url = postgres.acquire()

    assert stat.S_IMODE(server_of(home).socket_folder.stat().st_mode) == 0o700
    assert ask(url, "show listen_addresses") == ""


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
    starter.process.wait()

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
def test_data_of_another_major_version_is_refused_with_what_to_do(
    postgres: EmbeddedPostgres, home: Path
) -> None:
    postgres.acquire()
    postgres.release()
    (home / "postgresql" / "data" / "PG_VERSION").write_text("13\n")

    with pytest.raises(DatabaseUnavailable, match=r"made by PostgreSQL 13.*backup") as refused:
        postgres.acquire()
    assert refused.value.code == "database_version"


@warm
@pytest.mark.parametrize("name", ["long-" * 20, "with, a comma"])
def test_a_path_unfit_for_sockets_gets_its_socket_elsewhere_behind_a_closed_door(
    around: Path, home: Path, name: str
) -> None:
    home = home.rename(around / name)
    with EmbeddedPostgres(home, system_folder=around / "system") as url:
        assert ask(url, "select 1") == 1
        folder = server_of(home).socket_folder
        assert around not in folder.parents
        assert len(f"{folder}/.s.PGSQL.5432") < 107
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()
    with EmbeddedPostgres(home, system_folder=around / "system") as again:
        assert again == url


@warm
def test_a_socket_folder_that_somebody_made_open_to_others_is_refused(around: Path, home: Path) -> None:
    home = home.rename(around / ("long-" * 20))
    with EmbeddedPostgres(home, system_folder=around / "system"):
        folder = server_of(home).socket_folder
    folder.mkdir()
    folder.chmod(0o777)

    with pytest.raises(DatabaseUnavailable, match="belongs to somebody else or is open to others"):
        EmbeddedPostgres(home, system_folder=around / "system").acquire()
    folder.rmdir()


@warm
@pytest.mark.parametrize("name", ["with space", "$HOME `id`", "a\"b'c", "їжак%20?"])
def test_any_name_of_a_folder_will_do(around: Path, home: Path, name: str) -> None:
    with EmbeddedPostgres(home.rename(around / name), system_folder=around / "system") as url:
        assert ask(url, "select 1") == 1


@warm
def test_a_release_during_a_start_leaves_no_server_behind(postgres: EmbeddedPostgres, home: Path) -> None:
    with ThreadPoolExecutor() as threads:
        acquired = threads.submit(postgres.acquire)
        wait_until(lambda: not is_stopped(home))
        postgres.release()
        acquired.result()

    assert is_stopped(home)


@warm
def test_a_removed_home_starts_with_an_empty_database(postgres: EmbeddedPostgres, home: Path) -> None:
    ask(postgres.acquire(), "create table old (n int)", "select 1")
    postgres.release()
    shutil.rmtree(home)

    assert ask(postgres.acquire(), "select to_regclass('old')") is None


@warm
def test_a_holder_may_start_its_killed_server_anew(postgres: EmbeddedPostgres, home: Path) -> None:
    url = postgres.acquire()
    os.kill(server_of(home).pid, signal.SIGKILL)
    wait_until(lambda: is_stopped(home))

    assert postgres.acquire() == url
    assert ask(url, "select 1") == 1
    postgres.release()
    assert is_stopped(home)


def test_an_unreachable_home_keeps_its_mode_and_its_database(tmp_path: Path, system_folder: Path) -> None:
    home = tmp_path / "closed"
    home.mkdir(mode=0o700)
    with EmbeddedPostgres(home, system_folder=system_folder) as url:
        ask(url, "create table kept (n int)", "select 1")

    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    if IS_ROOT:
        assert len(list(system_folder.glob("*/data"))) == 1
        assert not (home / "postgresql" / "data").exists()
    with EmbeddedPostgres(home, system_folder=system_folder) as url:
        assert ask(url, "select to_regclass('kept')") == "kept"


@only_root
def test_a_removed_unreachable_home_starts_with_an_empty_database(
    tmp_path: Path, system_folder: Path
) -> None:
    home = tmp_path / "closed"
    for _ in range(3):
        with EmbeddedPostgres(home, system_folder=system_folder) as url:
            assert ask(url, "create table old (n int)", "select 1") == 1
        shutil.rmtree(home)

    assert len(list(system_folder.glob("*/data"))) == 2


@only_root
def test_a_home_that_was_copied_without_its_outside_database_is_refused(
    tmp_path: Path, system_folder: Path
) -> None:
    with EmbeddedPostgres(tmp_path / "closed", system_folder=system_folder):
        pass
    shutil.copytree(tmp_path / "closed", tmp_path / "copied")

    with pytest.raises(DatabaseUnavailable, match="moved or copied"):
        EmbeddedPostgres(tmp_path / "copied", system_folder=system_folder).acquire()


@warm
@only_root
def test_unreachable_programs_are_copied_once_to_where_the_account_reaches_them(
    tmp_path: Path, home: Path, system_folder: Path
) -> None:
    wheel = EmbeddedPostgres(home).bin_folder().parent.parent
    closed = tmp_path / wheel.name
    shutil.copytree(wheel / "pginstall18", closed / "pginstall18", ignore=shutil.ignore_patterns("include"))
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), tmp_path / f"{wheel.name}.libs")

    seen = []
    for _ in range(2):
        with EmbeddedPostgres(home, wheel_folder=closed, system_folder=system_folder) as url:
            assert ask(url, "select 1") == 1
            (copy,) = system_folder.glob("postgresql-18*")
            seen.append(copy.stat().st_ino)
    assert seen[0] == seen[1]


@only_root
def test_an_ordinary_user_keeps_all_in_home(home: Path, start_holder: Callable[..., Holder]) -> None:
    ordinary = {"user": 65534, "group": 65534, "extra_groups": []}
    try:
        subprocess.run([sys.executable, "-c", "import tesigo"], check=True, cwd="/", **ordinary)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no ordinary user can reach this Python or this copy of the project")
    home.mkdir()
    os.chown(home, 65534, 65534)
    holder = start_holder(**ordinary)

    url = holder.acquire()

    assert (home / "postgresql" / "data").stat().st_uid == 65534
    assert ask(url, "select current_user") == "tesigo"
    holder.release()


@warm
def test_the_programs_for_backups_match_the_server(postgres: EmbeddedPostgres) -> None:
    url = postgres.acquire()
    ask(url, "create table kept (n int)", "select 1")

    dump = subprocess.run(
        [postgres.bin_folder() / "pg_dump", "--schema-only", url], capture_output=True, text=True, check=True
    )
    assert "CREATE TABLE public.kept" in dump.stdout
