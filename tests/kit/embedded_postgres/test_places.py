import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kit.embedded_postgres.homes import IS_ROOT, Holder, ask, server_of

from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.postgres_account import DatabaseUnavailable

warm = pytest.mark.usefixtures("warm_home")  # a first start takes long
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root runs the server under another account")


@warm
def test_only_the_owner_of_the_socket_folder_can_knock(postgres: EmbeddedPostgres, home: Path) -> None:
    url = postgres.acquire()

    assert stat.S_IMODE(server_of(home).socket_folder.stat().st_mode) == 0o700
    assert ask(url, "show listen_addresses") == ""


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
def test_a_removed_home_starts_with_an_empty_database(postgres: EmbeddedPostgres, home: Path) -> None:
    ask(postgres.acquire(), "create table old (n int)", "select 1")
    postgres.release()
    shutil.rmtree(home)

    assert ask(postgres.acquire(), "select to_regclass('old')") is None


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
