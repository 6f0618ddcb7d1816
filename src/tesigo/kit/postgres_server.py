"""One PostgreSQL server over one data folder: start it, recognise it, stop it.

Nothing here knows who uses the server or where its folder is; `embedded_postgres` does.
"""

import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from tesigo.kit.postgres_account import (
    ServerAccount,
    server_failed,
    start_detached,
)
from tesigo.kit.postgres_install import PostgresInstall

PORT = 5432

_PROCESSES = Path("/proc")  # absent on macOS

_START_TIME_S = 300.0  # replaying the log after a crash may take minutes
_STOP_TIME_S = 60.0
_ANSWER_TIME_S = 10.0
_GONE_TIME_S = 15.0  # orphans of a killed server end by themselves within seconds
_POLL_S = 0.01
_TAIL_BYTES = 4_000
_TAIL_LINES = 15
_LOG_BYTES = 2_000_000

# What PostgreSQL answers before it asks who is there. From: its manual, "Message Formats", read 2026-11-23.
_ASK_FOR_TLS = struct.pack("!ii", 8, 80877103)

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
    # its log is a file that nobody erases: no statement, no value and no refused row may stand in it
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server as its own process file describes it. status: starting, ready, stopping."""

    pid: int
    socket_folder: Path
    status: str


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
        raise server_failed("could not be started", data.parent, tail_of(log_file)) from failure

    def is_settled() -> bool:
        server = find_server(data)
        return (server is not None and server.status == "ready") or not _is_server_of(pid, data)

    settled = _wait_until(is_settled, _START_TIME_S)
    server = find_server(data)
    if server is not None and server.status == "ready":
        return server
    if not settled and _is_server_of(pid, data):
        os.kill(pid, signal.SIGQUIT)
    raise server_failed(
        "did not start" if settled else "took too long to start", data.parent, tail_of(log_file)
    )


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
    """Say whether a server lives behind the folder's socket: true also for one in another container.

    A connection alone would not tell, because that to a server that is just dying still succeeds.
    """
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_ANSWER_TIME_S)
        try:
            asking.connect(str(socket_folder / f".s.PGSQL.{PORT}"))
            asking.sendall(_ASK_FOR_TLS)
            return asking.recv(1) != b""
        except TimeoutError:
            return True  # busy is not dead
        except OSError:
            return False


def tail_of(log_file: Path) -> str:
    """Return the last lines of a log, an empty text when there is none."""
    try:
        with log_file.open("rb") as written:
            written.seek(max(0, log_file.stat().st_size - _TAIL_BYTES))
            text = written.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-_TAIL_LINES:])


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
        raise server_failed("is still busy with what a killed server left", data.parent, "")
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
