"""A PostgreSQL that comes with us: whoever needs it first starts it, the last one stops it.

The web process, the workers and the commands of one data folder share one server. What keeps count are locks
of the kernel on files, so that a process that is killed harms no other: its lock goes with it. The server
itself is nobody's child and hears no Ctrl-C of ours.
"""

import os
import threading
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import structlog

from tesigo.kit.file_locks import locked, open_lock, try_exclusive, try_shared
from tesigo.kit.postgres_account import DatabaseUnavailable, ServerAccount
from tesigo.kit.postgres_data import DATABASE, OWNER, prepare_data
from tesigo.kit.postgres_install import copied_install, find_install, is_reachable
from tesigo.kit.postgres_place import (
    Place,
    clear_socket_folder,
    find_place,
    make_folder,
    make_socket_folder,
    own_folder,
)
from tesigo.kit.postgres_server import (
    PORT,
    RunningServer,
    answers,
    await_settled,
    find_server,
    start_server,
    stop_server,
)

SYSTEM_FOLDER = Path("/var/lib/tesigo")

_LOCK_TIME_S = 420.0  # the longest start, with its preparation, of somebody else

log = structlog.get_logger(__name__)


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
        self._place: Place | None = None
        self._turn = threading.Lock()

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
        with self._turn:
            return self._acquire()

    def revive(self) -> None:
        """Start the held server anew when its process is gone; harmless when it runs, or when home was removed.

        Raises DatabaseUnavailable when it cannot run.
        """
        with self._turn:
            if self._holders is None or self._place is None or not self._is_same_home(self._holders):
                return
            if find_server(self._place.data) is None:
                log.warning("the embedded database is gone, starting it anew", home=str(self._home))
                self._acquire()

    def release(self) -> None:
        """Hold the server no longer; it is stopped when nobody else holds it. Harmless when not held.

        Called while another thread still acquires, it waits and then releases.
        """
        with self._turn:
            self._release()

    def bin_folder(self) -> Path:
        """Return the folder of `pg_dump`, `pg_restore` and `psql` of the server's version."""
        return find_install(self._wheel_folder).programs

    def _acquire(self) -> str:
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            self._home = self._home.resolve()
            with locked(own_folder(self._home) / "lock", time_s=_LOCK_TIME_S) as lock:
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

    def _release(self) -> None:
        if self._holders is None or self._place is None:
            return
        place, holders = self._place, self._holders
        self._place = self._holders = None
        try:
            if not self._is_same_home(holders):
                self._release_removed(place, holders)
                return
            with locked(own_folder(self._home) / "lock", time_s=_LOCK_TIME_S):
                if try_exclusive(holders):
                    _stop(place)
        except OSError:
            log.exception("the embedded database could not be released", home=str(self._home))
        finally:
            os.close(holders)

    def _ensure_server(self, lock: int) -> tuple[Place, RunningServer]:
        began = time.perf_counter()
        place = find_place(self._home, self._system_folder)
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
            make_folder(self._system_folder, 0o755)
            runnable = copied_install(install, self._system_folder)
            if not is_reachable(runnable, place.account):
                raise _unreachable(place.account)
        is_new = not place.data.exists()
        prepare_data(runnable, place.account, place.data, lock=lock)
        server = start_server(runnable, place.account, place.data, make_socket_folder(place), place.log_file)
        log.info(
            "the embedded database started",
            seconds=_since(began),
            pid=server.pid,
            version=install.version,
            account=place.account.name,
            is_new=is_new,
        )
        return place, server

    def _hold(self) -> None:
        if self._holders is not None and self._is_same_home(self._holders):
            return
        if self._holders is not None:
            os.close(self._holders)
        self._holders = open_lock(own_folder(self._home) / "holders")
        if not try_shared(self._holders):
            raise TimeoutError("somebody holds the holders' file alone without the lock")

    def _is_same_home(self, holders: int) -> bool:
        """Say whether the home is still the one in which we hold the server, not removed meanwhile."""
        try:
            return os.path.samestat(os.fstat(holders), (self._home / "postgresql" / "holders").stat())
        except FileNotFoundError:
            return False

    def _release_removed(self, place: Place, holders: int) -> None:
        """Stop the server of a home that was removed, if its data is outside; else it notices by itself."""
        is_outside = place.folder.parent == self._system_folder
        if is_outside and try_exclusive(holders):
            _stop(place)


def _stop(place: Place) -> None:
    began = time.perf_counter()
    if stop_server(place.data):
        clear_socket_folder(place)
        log.info("the embedded database stopped", seconds=_since(began))
    else:
        log.error("the embedded database did not stop", seconds=_since(began))


def _unreachable(account: ServerAccount) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The account {account.name}, which runs PostgreSQL under root, cannot reach its programs or data. "
        "Name another account in TESIGO_PG_USER, start TesiGo as an ordinary user, or set DATABASE_URL."
    )


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 3)
