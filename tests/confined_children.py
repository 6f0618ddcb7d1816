"""The machine ends our confined children: an OOM killer, or a supervisor that signals all processes of a service."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

_OURS = (b"confined_launcher.py", b"pandoc", b"pdf_worker.py", b"pdf_second_worker.py", b"typst_worker.py")


@contextlib.contextmanager
def killed_children(number: signal.Signals = signal.SIGKILL) -> Iterator[list[int]]:
    """Kill each child that this process confines, as soon as it is there; give their ids, as they are killed."""
    killed: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.001):
            for pid in _children():
                if pid not in killed and _is_confined(pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                        killed.append(pid)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield killed
    finally:
        over.set()
        watching.join()


def _children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def _is_confined(pid: int) -> bool:
    with contextlib.suppress(OSError):
        leads = os.getsid(pid) == pid  # unlike a pandoc that is only asked for its version
        return leads and any(word in Path(f"/proc/{pid}/cmdline").read_bytes() for word in _OURS)
    return False
