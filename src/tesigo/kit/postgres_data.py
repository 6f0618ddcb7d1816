"""The data folder of a PostgreSQL server: made once and whole, and of the version that is installed."""

import os
import shutil
from pathlib import Path
from uuid import uuid4

from tesigo.kit.postgres_account import DatabaseUnavailable, ServerAccount, run_to_end, server_failed
from tesigo.kit.postgres_install import PostgresInstall

OWNER = "tesigo"
DATABASE = "tesigo"

_PREPARATION_TIME_S = 120.0
_TAIL_LINES = 15


def prepare_data(install: PostgresInstall, account: ServerAccount, data: Path, *, lock: int) -> None:
    """Make the data folder when it is not there; afterwards it is whole.

    It is made beside its place and then renamed, so that a kill at any moment leaves nothing half-made there.
    lock: the number of a held lock, which a preparation that outlives us keeps until it ends.
    Raises DatabaseUnavailable when it cannot be made or was made by another major version.
    """
    for leftover in data.parent.glob(f"{data.name}.partial-*"):
        shutil.rmtree(leftover)
    if data.exists():
        _require_version(install, data)
        return
    unfinished = data.with_name(f"{data.name}.partial-{uuid4().hex[:8]}")
    unfinished.mkdir()
    account.own(unfinished)
    try:
        _run_preparation(install, account, unfinished, lock)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    unfinished.rename(data)
    _flush_folder(data.parent)


def _run_preparation(install: PostgresInstall, account: ServerAccount, folder: Path, lock: int) -> None:
    initdb: list[str | Path] = [
        install.programs / "initdb", "-D", folder, "-U", OWNER, "--auth=trust", "-E", "UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--wal-segsize=4",
    ]  # fmt: skip
    create: list[str | Path] = [install.programs / "postgres", "--single", "-D", folder, "postgres"]
    for command, stdin in ((initdb, ""), (create, f"CREATE DATABASE {DATABASE}\n")):
        try:
            code, output = run_to_end(
                command, account, time_s=_PREPARATION_TIME_S, stdin=stdin, keep_open=[lock]
            )
        except OSError as failure:
            raise server_failed("could not be prepared", folder.parent, str(failure)) from failure
        if code != 0 or "ERROR:" in output:
            tail = "\n".join(output.splitlines()[-_TAIL_LINES:])
            raise server_failed("could not be prepared", folder.parent, tail)


def _require_version(install: PostgresInstall, data: Path) -> None:
    try:
        made_by = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        made_by = "an unknown version"
    if made_by != str(install.major):
        raise DatabaseUnavailable(
            f"The database in DATA_DIR was made by PostgreSQL {made_by}, but PostgreSQL {install.major} "
            "is installed now. With the release of TesiGo that made it, write a backup; then move DATA_DIR "
            "away, start this release and restore the backup.",
            code="database_version",
        )


def _flush_folder(folder: Path) -> None:
    """Make a rename in the folder survive a loss of power."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
