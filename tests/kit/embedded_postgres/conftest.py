"""What the tests of the embedded server share."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kit.embedded_postgres.homes import Holder, stop_all

from tesigo.kit.embedded_postgres import EmbeddedPostgres


@pytest.fixture
def around() -> Iterator[Path]:
    """Return a folder that every account can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    yield folder
    stop_all(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """Return a home whose first start is over."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o755)
    with EmbeddedPostgres(folder / "home", system_folder=folder / "system"):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(around: Path) -> Path:
    return around / "home"


@pytest.fixture
def warm_home(around: Path, template: Path) -> None:
    """Make the test's home one whose first start is over."""
    subprocess.run(["cp", "-a", template / "home", around], check=True)


@pytest.fixture
def system_folder(around: Path) -> Path:
    return around / "system"


@pytest.fixture
def postgres(home: Path, system_folder: Path) -> Iterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(home, system_folder=system_folder)
    yield postgres
    postgres.release()


@pytest.fixture
def start_holder(home: Path, system_folder: Path) -> Iterator[Callable[..., Holder]]:
    holders: list[Holder] = []

    def start(*options: str, **popen: Any) -> Holder:
        holders.append(Holder(home, system_folder, *options, **popen))
        return holders[-1]

    yield start
    for holder in holders:
        holder.kill()
        for pipe in (holder.process.stdin, holder.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
