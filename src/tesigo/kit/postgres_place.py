"""Where a home's database lives, and who runs it.

In home, unless the account that runs the server cannot reach it: that is so under root in a folder that only
root may enter. Then it lives in a folder of the system, and a mark in home says which.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import structlog

from tesigo.kit.postgres_account import DatabaseUnavailable, ServerAccount, can_write, choose_account
from tesigo.kit.postgres_server import PORT, find_server

log = structlog.get_logger(__name__)

_SOCKET_PATH_BYTES = 107 - len(f"/.s.PGSQL.{PORT}")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a home's database, and the account that runs its server."""

    folder: Path
    account: ServerAccount

    @property
    def data(self) -> Path:
        """The data folder; it need not be there yet."""
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        """What the server writes about itself."""
        return self.folder / "server.log"


def find_place(home: Path, system_folder: Path) -> Place:
    """Return where the database is, or where a new one belongs.

    Once chosen it stays: a home that becomes reachable later does not get a second, empty database.
    Call it while nobody else does. Raises DatabaseUnavailable when the database is not where it was.
    """
    folder = own_folder(home)
    marker = folder / "kept-outside"
    if marker.exists():
        kept = system_folder / f"{_home_hash(home)}-{marker.read_text().strip()}"
        if not kept.exists():
            raise DatabaseUnavailable(
                "The database of this DATA_DIR was kept outside of it, by the DATA_DIR's path, and is "
                "not there: the folder was moved or copied. Move it back, or start with an empty "
                "DATA_DIR and restore a backup.",
                code="database_moved",
            )
        return Place(kept, choose_account(kept / "data"))
    account = choose_account(folder / "data")
    if account.is_ours or (folder / "data").exists():
        return Place(folder, account)
    probe = folder / "probe"
    make_folder(probe, 0o700)
    account.own(probe)
    is_writable = can_write(probe, account)
    probe.rmdir()
    return Place(folder, account) if is_writable else _make_outside(home, system_folder, marker, account)


def own_folder(home: Path) -> Path:
    """Return our own folder in home; who may enter home may walk through it."""
    folder = home / "postgresql"
    make_folder(folder, 0o755 if os.geteuid() == 0 else 0o700)
    return folder


def socket_folder(place: Place) -> Path:
    """Return where the socket of the place's server belongs: in the place, if its path can be used so."""
    folder = place.folder / "socket"
    if len(os.fsencode(folder)) <= _SOCKET_PATH_BYTES and "," not in str(folder):
        return folder
    identity = place.data.stat()
    name = hashlib.sha256(os.fsencode(place.data) + f"{identity.st_dev}-{identity.st_ino}".encode())
    return Path(tempfile.gettempdir()).resolve() / f"tesigo-{name.hexdigest()[:16]}"


def make_socket_folder(place: Place) -> Path:
    """Return the folder for the socket, made so that the server's account alone may enter it.

    In the shared temporary folder its name can be foreseen: what stands there is checked, not trusted.
    Raises DatabaseUnavailable when somebody else has it.
    """
    folder = socket_folder(place)
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


def clear_socket_folder(place: Place) -> None:
    """Remove the socket's folder of a stopped server, if it lies outside of the place."""
    folder = socket_folder(place)
    if folder.parent != place.folder and folder.exists():
        folder.rmdir()


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder of ours with exactly this mode; one that is there stays as it is."""
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(mode)


def _make_outside(home: Path, system_folder: Path, marker: Path, account: ServerAccount) -> Place:
    """Make the folder outside of home. Of the home's earlier databases the newest is spared.

    It is spared because a home that is not mounted looks like one that was removed.
    """
    make_folder(system_folder, 0o755)
    earlier = sorted(system_folder.glob(f"{_home_hash(home)}-*"), key=lambda folder: folder.stat().st_mtime)
    for folder in earlier[:-1]:
        if find_server(folder / "data") is None:
            shutil.rmtree(folder)
    name = uuid4().hex[:12]
    kept = system_folder / f"{_home_hash(home)}-{name}"
    make_folder(kept, 0o755)
    written = marker.with_suffix(".partial")
    written.write_text(name)
    written.replace(marker)
    log.info("the embedded database is kept outside of its home", home=str(home), folder=str(kept))
    return Place(kept, account)


def _home_hash(home: Path) -> str:
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
