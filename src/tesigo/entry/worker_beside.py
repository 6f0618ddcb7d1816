"""A worker process beside the server: started again whenever it dies, and stopped with it."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator

import structlog

log = structlog.get_logger(__name__)

_LONGEST_PAUSE_S = 30.0
_STOP_S = 15.0


@contextlib.asynccontextmanager
async def worker_beside(*, grace_s: float, stop: asyncio.Event, hurry: asyncio.Event) -> AsyncIterator[None]:
    """Run a worker process for as long as the block lasts; then wait until it has ended its jobs or handed them back.

    grace_s: how long its jobs may go on once it is told to stop. stop: setting it tells so, and the end of the block
    sets it. hurry: once it is set the jobs are handed back at once.
    """
    keeping = asyncio.create_task(_keep_worker(grace_s, stop, hurry))
    try:
        yield
    finally:
        stop.set()
        await keeping


async def _keep_worker(grace_s: float, stop: asyncio.Event, hurry: asyncio.Event) -> None:
    """Run a worker process, again and again, until it is told to stop."""
    pause_s = 0.5
    while not stop.is_set():
        began = asyncio.get_running_loop().time()
        try:
            code = await _run_worker(grace_s, stop, hurry)
        except OSError as failure:
            log.warning("no worker can be started, trying again", reason=repr(failure), pause_s=pause_s)
        else:
            if stop.is_set():
                return
            if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE_S:
                pause_s = 0.5
            log.warning("the worker ended, starting another", code=code, pause_s=pause_s)
        with contextlib.suppress(TimeoutError):
            # `wait_for` loses a cancellation that comes at the same moment
            async with asyncio.timeout(pause_s):
                await stop.wait()
        pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)


async def _run_worker(grace_s: float, stop: asyncio.Event, hurry: asyncio.Event) -> int | None:
    """Run a worker process until it ends, or is told to; return its exit code. Raises OSError when none can be started.

    It has a process group of its own: Ctrl-C in a terminal reaches this process alone, which tells the worker.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tesigo.entry.cli", "work", "--until-input-ends"),
        stdin=asyncio.subprocess.PIPE,
        process_group=0,
    )
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({asyncio.create_task(child.wait()), stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if child.returncode is None:
        await _stop(child, grace_s, hurry)
    return child.returncode


async def _stop(child: asyncio.subprocess.Process, grace_s: float, hurry: asyncio.Event) -> None:
    if child.stdin is not None:
        child.stdin.close()
    hurrying = asyncio.create_task(_terminate_when(hurry, child))
    try:
        async with asyncio.timeout(grace_s + _STOP_S):
            await child.wait()
    except TimeoutError:
        log.warning("the worker did not stop in time")
        child.kill()
        await child.wait()
    finally:
        hurrying.cancel()


async def _terminate_when(hurry: asyncio.Event, child: asyncio.subprocess.Process) -> None:
    """Make the worker hand its jobs back: by two signals, of which it must see one after it was told to stop."""
    await hurry.wait()
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        child.send_signal(signal.SIGINT)
        child.terminate()
