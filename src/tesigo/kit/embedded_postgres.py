"""A PostgreSQL that comes with us: whoever needs it first starts it, the last one stops it.

The web process, the workers and the commands of one data folder share one server. What keeps count are locks
of the kernel on files, so that a process that is killed harms no other: its lock goes with it. The server
itself is nobody's child and hears no Ctrl-C of ours.
"""

import hashlib
import os
import shutil
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote
from uuid import uuid4

import structlog

from tesigo.kit.file_locks import locked, open_lock, try_exclusive, try_shared
from tesigo.kit.postgres_account import DatabaseUnavailable, ServerAccount, can_write, choose_account
from tesigo.kit.postgres_install import copied_install, find_install, is_reachable
from tesigo.kit.postgres_server import (
    DATABASE,
    OWNER,
    PORT,
    RunningServer,
    answers,
    await_settled,
    find_server,
    prepare_data,
    start_server,
    stop_server,
)

SYSTEM_FOLDER = Path("/var/lib/tesigo")

_LOCK_TIME_S = 420.0  # the longest start, with its preparation, of somebody else
_SOCKET_PATH_BYTES = 107 - len(f"/.s.PGSQL.{PORT}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a home's database lives and who runs it."""

    folder: Path
    account: ServerAccount

    @property
    def data(self) -> Path:
        return self.folder / "data"


class EmbeddedPostgres:
    """The server of one home, held by this object from `acquire` to `release`.

    home: the folder (DATA_DIR) whose database this is; it is made when absent. Once it is removed, the next
    start makes a new, empty database.
    wheel_folder, system_folder: where the programs come from, and where copies and data are kept that must
    lie outside of an unreachable home under root; None and the default suit everybody but tests.
    All methods block, up to minutes when a crash is mended: call them in a thread from asynchronous code.
    """

    def __init__(
        self, home: Path, *, wheel_folder: Path | None = None, system_folder: Path = SYSTEM_FOLDER
    ) -> None:
        self._home = home.absolute()
        self._wheel_folder = wheel_folder
        self._system_folder = system_folder
        self._holders: int | None = None
        self._place: _Place | None = None

    def __enter__(self) -> str:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def acquire(self) -> str:
        """Return a `postgresql://` URL of a server that runs, started when it does not, and hold it.

        May be called again while held: it starts a server anew that was killed.
        Raises DatabaseUnavailable when it cannot run; the message says what to do.
        """
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            self._home = self._home.resolve()
            with locked(self._lock_folder() / "lock", time_s=_LOCK_TIME_S) as lock:
                place, server = self._ensure_server(lock)
                self._hold()
                self._place = place
        except TimeoutError as failure:
            raise DatabaseUnavailable(
                "The embedded database is being started or stopped by another process for too long. Stop the "
                "other TesiGo processes of this DATA_DIR, then start again."
            ) from failure
        except OSError as failure:
            log.exception("the embedded database failed", home=str(self._home))
            raise DatabaseUnavailable(
                f"The embedded database cannot run in DATA_DIR: {failure.strerror}. Give the account that "
                "starts TesiGo a DATA_DIR that it may write to, with room on the disk, or set DATABASE_URL.",
                log_tail=str(failure),
            ) from failure
        return (
            f"postgresql://{OWNER}@/{DATABASE}?host={quote(str(server.socket_folder), safe='/')}&port={PORT}"
        )

    def release(self) -> None:
        """Hold the server no longer; it is stopped when nobody else holds it. Harmless when not held."""
        if self._holders is None or self._place is None:
            return
        place, holders = self._place, self._holders
        self._place = self._holders = None
        try:
            if not self._is_same_home(holders):
                self._release_removed(place, holders)
                return
            with locked(self._lock_folder() / "lock", time_s=_LOCK_TIME_S):
                if try_exclusive(holders):
                    _stop(place)
        except OSError:
            log.exception("the embedded database could not be released", home=str(self._home))
        finally:
            os.close(holders)

    def bin_folder(self) -> Path:
        """Return the folder of `pg_dump`, `pg_restore` and `psql` of the server's version."""
        return find_install(self._wheel_folder).programs

    def _ensure_server(self, lock: int) -> tuple[_Place, RunningServer]:
        began = time.perf_counter()
        place = self._find_place()
        server = await_settled(place.data) if place.data.exists() else None
        if server is not None and answers(server.socket_folder):
            log.info("the embedded database is shared", seconds=_since(began), pid=server.pid)
            return place, server
        if server is not None and not stop_server(place.data):
            raise DatabaseUnavailable(
                "A PostgreSQL server runs on this DATA_DIR that cannot be reached or stopped. Stop the "
                f"process {server.pid}, then start again."
            )
        install = find_install(self._wheel_folder)
        runnable = install
        if not is_reachable(install, place.account):
            _make_folder(self._system_folder, 0o755)
            runnable = copied_install(install, self._system_folder)
            if not is_reachable(runnable, place.account):
                raise _unreachable(place.account)
        is_new = not place.data.exists()
        prepare_data(runnable, place.account, place.data, lock=lock)
        socket_folder = _socket_folder(place)
        server = start_server(runnable, place.account, place.data, socket_folder, place.folder / "server.log")
        log.info(
            "the embedded database started",
            seconds=_since(began),
            pid=server.pid,
            version=install.version,
            account=place.account.name,
            is_new=is_new,
        )
        return place, server

    def _find_place(self) -> _Place:
        """Return where the database is, or where a new one belongs.

        Once chosen it stays: a home that becomes reachable later does not get a second, empty database.
        """
        folder = self._lock_folder()
        marker = folder / "kept-outside"
        if marker.exists():
            kept = self._system_folder / f"{self._home_hash()}-{marker.read_text().strip()}"
            if not kept.exists():
                raise DatabaseUnavailable(
                    "The database of this DATA_DIR was kept outside of it, by the DATA_DIR's path, and is "
                    "not there: the folder was moved or copied. Move it back, or start with an empty "
                    "DATA_DIR and restore a backup.",
                    code="database_moved",
                )
            return _Place(kept, choose_account(kept / "data"))
        account = choose_account(folder / "data")
        if account.is_ours or (folder / "data").exists():
            return _Place(folder, account)
        probe = folder / "probe"
        _make_folder(probe, 0o700)
        account.own(probe)
        is_writable = can_write(probe, account)
        probe.rmdir()
        return _Place(folder, account) if is_writable else self._make_outside(marker, account)

    def _make_outside(self, marker: Path, account: ServerAccount) -> _Place:
        """Make the folder outside of home. Of the home's earlier databases the newest is spared.

        It is spared because a home that is not mounted looks like one that was removed.
        """
        _make_folder(self._system_folder, 0o755)
        earlier = sorted(
            self._system_folder.glob(f"{self._home_hash()}-*"), key=lambda folder: folder.stat().st_mtime
        )
        for folder in earlier[:-1]:
            if find_server(folder / "data") is None:
                shutil.rmtree(folder)
        name = uuid4().hex[:12]
        kept = self._system_folder / f"{self._home_hash()}-{name}"
        _make_folder(kept, 0o755)
        written = marker.with_suffix(".partial")
        written.write_text(name)
        written.replace(marker)
        log.info("the embedded database is kept outside of its home", home=str(self._home), folder=str(kept))
        return _Place(kept, account)

    def _lock_folder(self) -> Path:
        """Return our own folder in home; who may enter home may walk through it."""
        folder = self._home / "postgresql"
        _make_folder(folder, 0o755 if os.geteuid() == 0 else 0o700)
        return folder

    def _home_hash(self) -> str:
        return hashlib.sha256(os.fsencode(self._home)).hexdigest()[:16]

    def _hold(self) -> None:
        if self._holders is not None and self._is_same_home(self._holders):
            return
        if self._holders is not None:
            os.close(self._holders)
        self._holders = open_lock(self._lock_folder() / "holders")
        if not try_shared(self._holders):
            raise TimeoutError("somebody holds the holders' file alone without the lock")

    def _is_same_home(self, holders: int) -> bool:
        """Say whether the home is still the one in which we hold the server, not removed meanwhile."""
        try:
            return os.path.samestat(os.fstat(holders), (self._home / "postgresql" / "holders").stat())
        except FileNotFoundError:
            return False

    def _release_removed(self, place: _Place, holders: int) -> None:
        """Stop the server of a home that was removed, if its data is outside; else it notices by itself."""
        is_outside = place.folder.parent == self._system_folder
        if is_outside and try_exclusive(holders):
            _stop(place)


def _stop(place: _Place) -> None:
    began = time.perf_counter()
    if stop_server(place.data):
        log.info("the embedded database stopped", seconds=_since(began))
    else:
        log.error("the embedded database did not stop", seconds=_since(began))


def _socket_folder(place: _Place) -> Path:
    """Return a folder for the socket that the server's account alone may enter, its path short enough.

    In the shared temporary folder its name can be foreseen: what stands there is checked, not trusted.
    """
    folder = place.folder / "socket"
    if len(os.fsencode(folder)) > _SOCKET_PATH_BYTES:
        identity = place.data.stat()
        name = hashlib.sha256(os.fsencode(place.data) + f"{identity.st_dev}-{identity.st_ino}".encode())
        folder = Path(tempfile.gettempdir()).resolve() / f"tesigo-{name.hexdigest()[:16]}"
    try:
        folder.mkdir(mode=0o700)
        place.account.own(folder)
    except FileExistsError:
        found = folder.lstat()
        if (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid != place.account.uid
            or stat.S_IMODE(found.st_mode) != 0o700
        ):
            raise DatabaseUnavailable(
                "The folder for the embedded database's socket belongs to somebody else or is open to "
                "others. Choose a DATA_DIR with a shorter path, or set TMPDIR to a folder of your own.",
                log_tail=str(folder),
            ) from None
    return folder


def _make_folder(folder: Path, mode: int) -> None:
    """Make a folder of ours with exactly this mode; one that is there stays as it is."""
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(mode)


def _unreachable(account: ServerAccount) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The account {account.name}, which runs PostgreSQL under root, cannot reach its programs or data. "
        "Name another account in TESIGO_PG_USER, start TesiGo as an ordinary user, or set DATABASE_URL."
    )


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 3)
