"""Pandoc in a child process that reads nothing but what it is given."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pypandoc

from tesigo.kit.confined import Limits, run_confined

_TIME_S = 20
_FILE_MIB = 64
_HEAP = "-M512M"
"""Pandoc's runtime reserves address space freely: its own limit holds, RLIMIT_AS would not."""


def run_pandoc(source_format: str, target_format: str, data: bytes, *, time_s: float = _TIME_S) -> bytes:
    """Return the conversion of `data`; see `pandoc --list-input-formats`.

    Raises LimitExceeded or ConfinedFailure: what that means, the caller knows. Raises ChildKilled, which says nothing
    of the data.
    """
    command = [
        *(pypandoc.get_pandoc_path(), "+RTS", _HEAP, "-RTS", "--sandbox"),
        *("--from", source_format, "--to", target_format, "--wrap=none"),
    ]
    limits = Limits(time_s=time_s, cpu_s=_TIME_S, file_mib=_FILE_MIB)
    with TemporaryDirectory(prefix="tesigo-") as folder:
        output, _ = run_confined(command, cwd=Path(folder), limits=limits, stdin=data)
    return output
