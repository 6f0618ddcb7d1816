"""The account that runs the embedded PostgreSQL, and commands run as that account.

PostgreSQL refuses to run as root, so under root an unprivileged account that already exists runs it.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from tesigo.kit.errors import Unavailable

_ACCOUNTS = ("postgres", "nobody")
_LAUNCH_TIME_S = 20.0
_FULL_BYTES = 32_000_000  # a data folder that was just made takes more

log = structlog.get_logger(__name__)


class DatabaseUnavailable(Unavailable):
    """The embedded database does not run: do what the message says.

    log_tail: the last lines that PostgreSQL wrote, for the log and for the operator; may hold paths.
    """

    code = "database_unavailable"

    def __init__(self, message: str, *, log_tail: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.log_tail = log_tail


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """The account that runs the server and owns its files. is_ours: it is that of this process."""

    name: str
    uid: int
    gid: int
    is_ours: bool

    def own(self, path: Path) -> None:
        """Give a folder or file that we made to this account, for it alone."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)


def our_account() -> ServerAccount:
    """Return the account of this process."""
    return ServerAccount(_name_of(os.geteuid()), os.geteuid(), os.getegid(), is_ours=True)


def choose_account(owner_of: Path | None = None) -> ServerAccount:
    """Return the account that runs the server: ours, or under root an unprivileged one that exists.

    owner_of: data that is already there; under root its owner runs the server, when that is not root.
    Under root without such data: TESIGO_PG_USER, else `postgres`, else `nobody`.
    Raises DatabaseUnavailable when no such account exists.
    """
    if os.geteuid() != 0:
        return our_account()
    if owner_of is not None and owner_of.exists():
        owner = owner_of.stat()
        if owner.st_uid != 0:
            return ServerAccount(_name_of(owner.st_uid), owner.st_uid, owner.st_gid, is_ours=False)
    asked = os.environ.get("TESIGO_PG_USER")
    for name in (asked,) if asked else _ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return ServerAccount(name, found.pw_uid, found.pw_gid, is_ours=False)
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and no other account was found for it. Name an existing "
        "unprivileged account in TESIGO_PG_USER, start TesiGo as an ordinary user, or set DATABASE_URL."
    )


def run_to_end(
    command: Sequence[str | Path],
    account: ServerAccount,
    *,
    time_s: float,
    stdin: str = "",
    keep_open: Sequence[int] = (),
) -> tuple[int, str]:
    """Return (exit code, all that the command wrote), run as `account` in a session of its own.

    keep_open: files of ours that the command keeps open, so that their locks outlive us while it runs.
    Raises TimeoutError after time_s, when the command and its children have been killed; OSError when it
    could not be started, PermissionError among them when the account cannot reach it.
    """
    with subprocess.Popen(  # noqa: S603 - programs of the wheel and the shell, no input of users
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        cwd="/",
        env=clean_environment(),
        start_new_session=True,
        pass_fds=keep_open,
        **_as_account(account),
    ) as child:
        try:
            output, _ = child.communicate(stdin, timeout=time_s)
        except BaseException as failure:
            os.killpg(child.pid, signal.SIGKILL)
            if isinstance(failure, subprocess.TimeoutExpired):
                raise TimeoutError(f"{Path(command[0]).name} took more than {time_s:.0f} s") from None
            raise
        return child.returncode, output


def start_detached(command: Sequence[str | Path], account: ServerAccount, log_file: Path) -> int:
    """Start a command that outlives us and is nobody's child; return its process id.

    It has a session of its own, so that Ctrl-C in our terminal does not reach it, and writes to log_file.
    """
    with log_file.open("ab") as log:
        launched = subprocess.run(  # noqa: S603 - a fixed script, the command comes as its arguments
            ["/bin/sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env=clean_environment(),
            start_new_session=True,
            timeout=_LAUNCH_TIME_S,
            check=True,
            **_as_account(account),
        )
    return int(launched.stdout)


def server_failed(what: str, folder: Path, tail: str) -> DatabaseUnavailable:
    """Return the failure of a server that did `what`, logged, with what the operator can do.

    folder: where its data is. tail: the last lines that it wrote.
    """
    log.error("the embedded database failed", what=what, log_tail=tail)
    if "No space left" in tail or shutil.disk_usage(folder).free < _FULL_BYTES:
        why = "the disk is full. Make room (64 MB are enough) and start again."
    else:
        why = "the last lines of its log say why. Mend that, or set DATABASE_URL to a server of your own."
    return DatabaseUnavailable(f"The embedded database {what}: {why}", log_tail=tail)


def clean_environment() -> dict[str, str]:
    """Return what PostgreSQL may see: no PG* setting and no locale of ours reaches it."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def can_write(folder: Path, account: ServerAccount) -> bool:
    """Say whether the account can work in the folder: it is tried."""
    try:
        code, _ = run_to_end(
            ["/bin/sh", "-c", 'cd -- "$1" && test -w .', "sh", folder], account, time_s=_LAUNCH_TIME_S
        )
    except OSError:
        return False
    return code == 0


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _as_account(account: ServerAccount) -> dict[str, Any]:
    if account.is_ours:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}
