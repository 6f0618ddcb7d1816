"""Run a converter or parser in a child process that cannot take the machine with it.

The limits are set by a tiny launcher (`confined_launcher`) that then becomes the command: unlike `preexec_fn`
this is safe in a process with threads.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tesigo.kit.errors import Failure, HouseUnavailable

_LAUNCHER = Path(__file__).with_name("confined_launcher.py")
_STDERR_SHOWN = 4_000
_STOPPED = (-signal.SIGXCPU, -signal.SIGXFSZ)
_KILLED = (-signal.SIGKILL, -signal.SIGTERM)
"""How the machine ends a child: short of memory, or as a supervisor that stops all processes of a service."""
_SHORT_OF = ("emory", "heap", "File too large")
"""What runtimes say at their end when a limit was refused to them: of memory (libc, Python, GHC, Rust), of a file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use; each limit stops it.

    time_s: of the clock. cpu_s: of the processor.
    memory_mib: of address space, 0 for none (a garbage-collected runtime that reserves address space needs
    its own limit). file_mib: the size of any file that it writes.
    """

    time_s: float = 60
    cpu_s: int = 60
    memory_mib: int = 0
    file_mib: int = 256


class ConfinedFailure(Failure):
    """The child did not do its work; `message` says why in general words, `stderr` is for the log."""

    code = "child_failed"

    def __init__(self, message: str, *, stderr: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.stderr = stderr


class LimitExceeded(ConfinedFailure):
    """The child was stopped at one of its limits: the input is too large or too intricate."""

    code = "child_limit_exceeded"


class ChildKilled(HouseUnavailable):
    """Somebody else killed the child, which says nothing of its input: the same may work in a moment."""

    code = "child_killed"

    def __init__(self) -> None:
        super().__init__("The machine stopped this work before it was done: please try again in a moment.")


def run_confined(
    command: Sequence[str],
    *,
    cwd: Path,
    limits: Limits,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> tuple[bytes, str]:
    """Return what the command wrote: (standard output, standard error).

    The child sees none of our environment but `environment`, and leads a process group of its own, which is
    killed whole when it ends or time is up. Blocks: call it in a thread from asynchronous code.
    Raises LimitExceeded when a limit stopped it, ChildKilled when somebody else did, ConfinedFailure when it ended
    with another code than 0.
    """
    launched = [
        sys.executable,
        "-I",
        "-S",
        str(_LAUNCHER),
        str(limits.cpu_s),
        str(limits.memory_mib),
        str(limits.file_mib),
        *command,
    ]
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        child = subprocess.Popen(  # noqa: S603 - the command is ours, only its input is foreign
            launched,
            stdin=given,
            stdout=out,
            stderr=err,
            cwd=cwd,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", **(environment or {})},
            start_new_session=True,
        )
        try:
            code = child.wait(timeout=limits.time_s)
        except subprocess.TimeoutExpired:
            raise LimitExceeded(
                f"stopped after {limits.time_s:g} s: the input is too large or too intricate"
            ) from None
        finally:
            _kill_group(child)  # also what a child that has ended left running
        out.seek(0)
        stderr = _end_of(err).decode("utf-8", "replace")
        if code == 0:
            return out.read(), stderr
    if code in _KILLED:
        raise ChildKilled
    if code in _STOPPED or any(word in stderr for word in _SHORT_OF):
        raise LimitExceeded(
            "stopped at its limit of time or memory: the input is too large or too intricate", stderr=stderr
        )
    raise ConfinedFailure(f"the converter ended with code {code}", stderr=stderr)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _end_of(stream: IO[bytes]) -> bytes:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _STDERR_SHOWN))
    return stream.read()
