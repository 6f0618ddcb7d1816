"""One command that serves everything: the web application, and a worker process beside it."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable

import structlog
import uvicorn

from tesigo.entry.api import make_app
from tesigo.entry.migrating import migrate
from tesigo.entry.wiring import open_house
from tesigo.kit.errors import Invalid
from tesigo.kit.settings import Settings

log = structlog.get_logger(__name__)

_LONGEST_PAUSE_S = 30.0
_WORKER_STOP_S = 15.0


async def serve(settings: Settings, *, with_worker: bool, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    with_worker: run a worker process too, started again whenever it dies.
    announce: gets what the person at the terminal should read: where to sign in, and mails in development.
    Raises Invalid when nothing can listen at the address.
    """
    _check_address(settings.host, settings.port)
    async with open_house(settings, announce_mail=announce) as house:
        await migrate(house.database)
        config = uvicorn.Config(
            make_app(house),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
            ws_ping_interval=20,
            ws_max_size=64 * 1024,
        )
        server = _AnnouncingServer(config, lambda address: announce(_welcome(settings, address)))
        worker = _worker_beside(settings.worker_grace_s) if with_worker else contextlib.nullcontext()
        async with worker:
            await server.serve()


def _check_address(host: str, port: int) -> None:
    """Try the address before anything is started that would have to be stopped again."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address, family=family).close()
    except OSError as error:
        raise Invalid(
            f"Nothing can be served at {host}, port {port} ({error.strerror}): "
            "choose another with --host and --port, or HOST and PORT."
        ) from error


class _AnnouncingServer(uvicorn.Server):
    """Says so when it answers; before that nothing is promised."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._on_ready(f"http://{host}:{port}")


@contextlib.asynccontextmanager
async def _worker_beside(grace_s: float) -> AsyncIterator[None]:
    keeping = asyncio.create_task(_keep_worker(grace_s))
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


async def _keep_worker(grace_s: float) -> None:
    """Run a worker process, again and again, until cancelled; then let it hand its jobs back."""
    pause_s = 0.5
    while True:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tesigo.entry.cli",
            "work",
            "--until-input-ends",
            stdin=asyncio.subprocess.PIPE,
        )
        began = asyncio.get_running_loop().time()
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            await _stop(child, grace_s)
            raise
        if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE_S:
            pause_s = 0.5
        log.warning("the worker ended, starting another", code=code, pause_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)


async def _stop(child: asyncio.subprocess.Process, grace_s: float) -> None:
    if child.stdin is not None:
        child.stdin.close()
    try:
        async with asyncio.timeout(grace_s + _WORKER_STOP_S):
            await child.wait()
    except TimeoutError:
        log.warning("the worker did not stop in time")
        child.kill()
        await child.wait()


def _welcome(settings: Settings, address: str) -> str:
    at = settings.public_url or address
    mail = (
        "The link comes by mail."
        if settings.smtp_url is not None or settings.is_production
        else f"The link appears here, and as a file in {settings.data_dir / 'outbox'}."
    )
    return (
        f"TesiGo is ready: open {at}/sign-in and give any e-mail address.\n{mail}\nCtrl-C stops everything."
    )
