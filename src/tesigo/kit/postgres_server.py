"""One PostgreSQL server over one data folder: prepare it, start it, recognise it, stop it.

Nothing here knows who uses the server or where its folder is; `embedded_postgres` does.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import structlog

from tesigo.kit.postgres_account import (
    DatabaseUnavailable,
    ServerAccount,
    run_to_end,
    start_detached,
)
from tesigo.kit.postgres_install import PostgresInstall

PORT = 5432
OWNER = "tesigo"
DATABASE = "tesigo"

_PROCESSES = Path("/proc")  # absent on macOS

_INITDB_TIME_S = 120.0
_START_TIME_S = 300.0  # replaying the log after a crash may take minutes
_STOP_TIME_S = 60.0
_GONE_TIME_S = 15.0  # orphans of a killed server end by themselves within seconds
_POLL_S = 0.01
_TAIL_BYTES = 4_000
_TAIL_LINES = 15
_LOG_BYTES = 2_000_000
_FULL_BYTES = 32_000_000  # a data folder that was just made takes more

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "min_wal_size": "32MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server as its own process file describes it. status: starting, ready, stopping."""

    pid: int
    socket_folder: Path
    status: str


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


def find_server(data: Path) -> RunningServer | None:
    """Return the server that runs on the data folder, None when there is none.

    The process file is not believed: its process id may belong to another program by now.
    """
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
        found = RunningServer(
            int(lines[0]), Path(lines[4]), lines[7].strip() if len(lines) > 7 else "starting"
        )
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if _is_server_of(found.pid, data) or answers(found.socket_folder):
        return found
    return None


def start_server(
    install: PostgresInstall, account: ServerAccount, data: Path, socket_folder: Path, log_file: Path
) -> RunningServer:
    """Start a server on a data folder that has none and return it once it takes connections.

    Raises DatabaseUnavailable when it ends instead or takes too long.
    """
    _clear_stale_locks(data, socket_folder)
    if log_file.exists() and log_file.stat().st_size > _LOG_BYTES:
        log_file.replace(log_file.with_suffix(".old.log"))
    log_file.touch()
    account.own(log_file)
    settings = {
        **_SETTINGS,
        "unix_socket_directories": f'"{str(socket_folder).replace(chr(34), chr(34) * 2)}"',
        "cluster_name": _cluster_name(data),
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    try:
        pid = start_detached(
            [install.programs / "postgres", "-D", data, "-p", str(PORT), *options], account, log_file
        )
    except (OSError, subprocess.SubprocessError) as failure:
        raise _failed("could not be started", data.parent, tail_of(log_file)) from failure

    def is_settled() -> bool:
        server = find_server(data)
        return (server is not None and server.status == "ready") or not _is_server_of(pid, data)

    settled = _wait_until(is_settled, _START_TIME_S)
    server = find_server(data)
    if server is not None and server.status == "ready":
        return server
    if not settled and _is_server_of(pid, data):
        os.kill(pid, signal.SIGQUIT)
    raise _failed("did not start" if settled else "took too long to start", data.parent, tail_of(log_file))


def await_settled(data: Path) -> RunningServer | None:
    """Return the server of the data folder once it is ready, None once there is none."""

    def is_settled() -> bool:
        server = find_server(data)
        return server is None or server.status == "ready"

    _wait_until(is_settled, _START_TIME_S)
    return find_server(data)


def stop_server(data: Path) -> bool:
    """Stop the server of the data folder, if there is one; say whether none runs afterwards.

    Open transactions are rolled back, what was committed is kept.
    """
    for stop_signal, time_s in ((signal.SIGINT, _STOP_TIME_S), (signal.SIGQUIT, _GONE_TIME_S)):
        server = find_server(data)
        if server is None or not _is_server_of(server.pid, data):
            break
        try:
            os.kill(server.pid, stop_signal)
        except ProcessLookupError:
            break
        if _wait_until(partial(_has_ended, server.pid, data), time_s):
            break
    return find_server(data) is None


def answers(socket_folder: Path) -> bool:
    """Say whether a server listens in the folder: true also for one in another container."""
    with socket.socket(socket.AF_UNIX) as attempt:
        attempt.settimeout(1)
        try:
            attempt.connect(str(socket_folder / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
    return True


def tail_of(log_file: Path) -> str:
    """Return the last lines of a log, an empty text when there is none."""
    try:
        with log_file.open("rb") as written:
            written.seek(max(0, log_file.stat().st_size - _TAIL_BYTES))
            text = written.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-_TAIL_LINES:])


def _run_preparation(install: PostgresInstall, account: ServerAccount, folder: Path, lock: int) -> None:
    initdb: list[str | Path] = [
        install.programs / "initdb", "-D", folder, "-U", OWNER, "--auth=trust", "-E", "UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    ]  # fmt: skip
    create: list[str | Path] = [install.programs / "postgres", "--single", "-D", folder, "postgres"]
    for command, stdin in ((initdb, ""), (create, f"CREATE DATABASE {DATABASE}\n")):
        try:
            code, output = run_to_end(command, account, time_s=_INITDB_TIME_S, stdin=stdin, keep_open=[lock])
        except OSError as failure:
            raise _failed("could not be prepared", folder.parent, str(failure)) from failure
        if code != 0 or "ERROR:" in output:
            tail = "\n".join(output.splitlines()[-_TAIL_LINES:])
            raise _failed("could not be prepared", folder.parent, tail)


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


def _clear_stale_locks(data: Path, socket_folder: Path) -> None:
    """Remove what a killed server left, so that its process id, reused or not yet buried, stops nobody.

    PostgreSQL guards data against a second server by these files: they go only once no process of the killed
    one is left.
    """
    process_file = data / "postmaster.pid"
    if not process_file.exists() or not _PROCESSES.exists():
        return
    title = f"postgres: {_cluster_name(data)}: ".encode()
    if not _wait_until(lambda: not any(line.startswith(title) for line in _command_lines()), _GONE_TIME_S):
        raise _failed("is still busy with what a killed server left", data.parent, "")
    log.warning("a killed embedded database is cleared away", left=process_file.read_text().split("\n", 1)[0])
    for left in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (socket_folder / left).unlink(missing_ok=True)
    process_file.unlink()


def _cluster_name(data: Path) -> str:
    """Return the name by which the data folder's processes are known; it stays when the folder is moved."""
    status = data.stat()
    return f"tesigo-{status.st_dev:x}-{status.st_ino:x}"


def _is_server_of(pid: int, data: Path) -> bool:
    """Say whether the process is the server that was started on this data folder.

    By its command line, which every account may read (its program and folder only the same account may).
    """
    parts = _command_line(pid).split(b"\0")
    try:
        name = f"cluster_name={_cluster_name(data)}".encode()
    except FileNotFoundError:
        return False
    return Path(os.fsdecode(parts[0])).name == "postgres" and name in parts


def _has_ended(pid: int, data: Path) -> bool:
    return not _is_server_of(pid, data)


def _command_line(pid: int) -> bytes:
    """Return a process's command line, its parts ended by NUL; empty when it is gone or a zombie."""
    if pid <= 0:
        return b""
    if _PROCESSES.exists():
        try:
            return (_PROCESSES / str(pid) / "cmdline").read_bytes()
        except OSError:
            return b""
    listed = subprocess.run(  # noqa: S603 - a number of ours
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, timeout=_GONE_TIME_S, check=False
    )
    return listed.stdout.strip().replace(b" ", b"\0")


def _command_lines() -> Iterator[bytes]:
    return (_command_line(int(entry.name)) for entry in _PROCESSES.glob("[0-9]*"))


def _wait_until(is_so: Callable[[], bool], time_s: float) -> bool:
    deadline = time.monotonic() + time_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _failed(what: str, folder: Path, tail: str) -> DatabaseUnavailable:
    log.error("the embedded database failed", what=what, log_tail=tail)
    if "No space left" in tail or shutil.disk_usage(folder).free < _FULL_BYTES:
        why = "the disk is full. Make room (64 MB are enough) and start again."
    else:
        why = "the last lines of its log say why. Mend that, or set DATABASE_URL to a server of your own."
    return DatabaseUnavailable(f"The embedded database {what}: {why}", log_tail=tail)


def _flush_folder(folder: Path) -> None:
    """Make a rename in the folder survive a loss of power."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
