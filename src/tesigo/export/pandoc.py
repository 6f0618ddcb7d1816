"""Pandoc as a confined child: it reads what stands in the job's folder and reaches nothing else."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pypandoc

from tesigo.kit.confined import Limits, run_confined

_HEAP_MIB = 1_000
_LIMITS = Limits(time_s=60, cpu_s=60, memory_mib=3_000, file_mib=256)


def run_pandoc(arguments: Sequence[str], *, folder: Path, stdin: bytes = b"") -> bytes:
    """Return what pandoc wrote to its standard output; in its sandbox it has no clock, so that bytes are fixed.

    arguments: after `pandoc --sandbox`; relative paths are looked for in `folder`.
    Raises LimitExceeded when the text is too intricate for time or memory, ChildKilled when somebody else stopped
    it, ConfinedFailure on any other end.
    """
    command = [_pandoc_path(), "+RTS", f"-M{_HEAP_MIB}m", "-RTS", "--sandbox", *arguments]
    out, _ = run_confined(command, cwd=folder, limits=_LIMITS, stdin=stdin)
    return out


@cache
def _pandoc_path() -> str:
    return str(pypandoc.get_pandoc_path())
