"""Locks that the kernel keeps on files: it frees them when their holder dies, however that happens."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_RETRY_S = 0.01


def open_lock(lock_file: Path) -> int:
    """Open a lock file, made when absent; under root it belongs to whom its folder belongs.

    Returns the open file's number; closing it frees what it holds.
    """
    number = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        folder = lock_file.parent.stat()
        os.fchown(number, folder.st_uid, folder.st_gid)
    return number


def try_exclusive(number: int) -> bool:
    """Take the lock for us alone, if nobody else holds it in any way; say whether it worked."""
    return _try_lock(number, fcntl.LOCK_EX)


def try_shared(number: int) -> bool:
    """Take the lock together with others, if nobody has it alone; say whether it worked."""
    return _try_lock(number, fcntl.LOCK_SH)


@contextmanager
def locked(lock_file: Path, *, time_s: float) -> Iterator[int]:
    """Hold the lock alone; yields the open file's number.

    A child process that keeps this file open keeps the lock, even when we die.
    Raises TimeoutError when somebody else holds it for longer than time_s. Blocks: call it in a thread.
    """
    number = open_lock(lock_file)
    try:
        deadline = time.monotonic() + time_s
        while not try_exclusive(number):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{lock_file.name} is held by another process")
            time.sleep(_RETRY_S)
        yield number
    finally:
        os.close(number)


def _try_lock(number: int, kind: int) -> bool:
    try:
        fcntl.flock(number, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
