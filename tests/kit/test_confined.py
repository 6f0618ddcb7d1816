import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from tesigo.kit.confined import ChildKilled, ConfinedFailure, LimitExceeded, Limits, run_confined
from tesigo.kit.errors import Unavailable

PYTHON = [sys.executable, "-I", "-S", "-c"]


def run(code: str, tmp_path: Path, **more: object) -> tuple[bytes, str]:
    limits = more.pop("limits", Limits(time_s=20, cpu_s=10))
    return run_confined([*PYTHON, code], cwd=tmp_path, limits=limits, **more)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"  # killed, and only not yet collected by its new parent


def wait_until_dead(pid: int, within_s: float = 5) -> None:
    ends = time.monotonic() + within_s
    while is_alive(pid):
        assert time.monotonic() < ends, f"{pid} still runs"
        threading.Event().wait(0.01)


def test_what_the_child_writes_comes_back_and_what_it_is_given_comes_in(tmp_path):
    code = (
        "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read() * 2); print('a note', file=sys.stderr)"
    )
    assert run(code, tmp_path, stdin=b"\x00in") == (b"\x00in\x00in", "a note\n")


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("import threading; threading.Event().wait(60)", Limits(time_s=0.4)),
        ("while True: pass", Limits(time_s=20, cpu_s=1)),
        ("x = b'x' * (1 << 30)", Limits(time_s=20, memory_mib=300)),
        ("print('warning ' * 2_000, file=__import__('sys').stderr); x = b'x' * (1 << 30)",
         Limits(time_s=20, memory_mib=300)),
        ("open('large', 'wb').write(b'x' * (3 << 20))", Limits(time_s=20, file_mib=1)),
        ("print('x' * (3 << 20))", Limits(time_s=20, file_mib=1)),
    ],
    ids=["time", "processor", "memory", "memory-after-much-talk", "file", "output"],
)  # fmt: skip
def test_each_limit_stops_the_child(tmp_path, code, limits):
    with pytest.raises(LimitExceeded) as stopped:
        run(code, tmp_path, limits=limits)
    assert "too large or too intricate" in stopped.value.message
    assert str(tmp_path) not in stopped.value.message


@pytest.mark.parametrize("after", ["threading.Event().wait(60)", "pass", "sys.exit(3)"])
def test_nothing_that_the_child_started_outlives_it(tmp_path, after):
    """Whether it was stopped, ended well or failed."""
    code = (
        "import subprocess, sys, threading\n"
        "quiet = dict.fromkeys(('stdin', 'stdout', 'stderr'), subprocess.DEVNULL)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], **quiet)\n"
        f"open('pid', 'w').write(str(child.pid))\n{after}\n"
    )
    with contextlib.suppress(ConfinedFailure):
        run(code, tmp_path, limits=Limits(time_s=1.5))
    wait_until_dead(int((tmp_path / "pid").read_text()))


def test_the_child_sees_nothing_of_our_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hush")
    out, _ = run(
        "import json, os; print(json.dumps(sorted(os.environ)))", tmp_path, environment={"GIVEN": "1"}
    )
    seen = set(json.loads(out))
    assert {"GIVEN", "HOME", "LANG", "PATH"} <= seen
    assert not {"SECRET_KEY", "PYTHONPATH", "VIRTUAL_ENV"} & seen


def test_another_exit_code_than_0_is_a_failure_with_the_end_of_what_the_child_said(tmp_path):
    code = "import sys; print('x' * 10_000, file=sys.stderr); sys.exit('cannot parse line 3')"
    with pytest.raises(ConfinedFailure) as failed:
        run(code, tmp_path)
    assert type(failed.value) is ConfinedFailure
    assert "code 1" in failed.value.message
    assert failed.value.stderr.endswith("cannot parse line 3\n")
    assert len(failed.value.stderr) <= 4_000


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_the_machine_ends_has_met_no_limit_and_may_be_tried_again(tmp_path, number):
    """Whatever it had said before: a warning about memory is no confession."""
    code = (
        "import os, signal, sys, threading\n"
        "print('short of memory', file=sys.stderr, flush=True)\n"
        "open('started', 'w').close()\nthreading.Event().wait(60)\n"
    )

    def kill_it_once_it_runs() -> None:
        ends = time.monotonic() + 20
        while not (tmp_path / "started").exists():
            assert time.monotonic() < ends
            threading.Event().wait(0.01)
        os.kill(int((tmp_path / "pid").read_text()), number)

    killer = threading.Thread(target=kill_it_once_it_runs)
    killer.start()
    with pytest.raises(ChildKilled) as killed:
        run(f"import os; open('pid', 'w').write(str(os.getpid()))\n{code}", tmp_path)
    killer.join()
    assert isinstance(killed.value, Unavailable)
    assert "try again" in killed.value.message
    assert "too large" not in killed.value.message


def test_a_child_that_ends_by_its_own_fault_is_no_success(tmp_path):
    with pytest.raises(ConfinedFailure):
        run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", tmp_path)
