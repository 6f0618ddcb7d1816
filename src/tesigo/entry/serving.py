"""One command that serves everything: the web application, and a worker process beside it."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence

import uvicorn
from fastapi import FastAPI

from tesigo.entry.api import make_app
from tesigo.entry.errands import errands
from tesigo.entry.housekeeping import tidied_folders
from tesigo.entry.migrating import migrate
from tesigo.entry.web_socket import BoundedWebSocket
from tesigo.entry.wiring import open_house
from tesigo.entry.worker_beside import worker_beside
from tesigo.kit.errors import Invalid
from tesigo.kit.settings import Settings


async def serve(settings: Settings, *, with_worker: bool, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; the worker's jobs get WORKER_GRACE_S then, and none at a second signal.

    with_worker: run a worker process too, started again whenever it dies.
    announce: gets what the person at the terminal should read: where to sign in, and mails in development.
    Raises Invalid when nothing can listen at the address.
    """
    _check_address(settings.host, settings.port)
    async with open_house(settings, announce_mail=announce) as house:
        await migrate(house.database)
        app = make_app(house)
        stop, hurry = asyncio.Event(), asyncio.Event()
        config = server_config(
            app, host=settings.host, port=settings.port, trusted_proxies=settings.trusted_proxies
        )
        server = _AnnouncingServer(
            config,
            on_ready=lambda address: announce(_welcome(settings, address)),
            on_stop=app.state.hub.close,
            on_signal=stop.set,
            on_second_signal=hurry.set,
        )
        async with tidied_folders(house), errands(house), contextlib.AsyncExitStack() as beside:
            if with_worker:
                grace_s = settings.worker_grace_s
                await beside.enter_async_context(worker_beside(grace_s=grace_s, stop=stop, hurry=hurry))
            await server.serve()


def server_config(
    app: FastAPI, *, host: str, port: int, trusted_proxies: Sequence[str] = ()
) -> uvicorn.Config:
    """Return how the application is served; answers do not say by which server.

    A WebSocket is pinged every 20 s and given up when it has not answered for another 20; its messages are short
    and not compressed, which would cost each connection a compressor's memory.
    trusted_proxies: addresses and networks. Who is the client is said by X-Forwarded-For if one of them connects: the
    last address there that is none of them. Nobody else's headers are believed, whatever the environment says.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=5,
        ws=BoundedWebSocket,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        ws_max_size=4 * 1024,
    )


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
    """Says so when it answers, and lets the watchers be told before it closes their connections."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        on_ready: Callable[[str], None],
        on_stop: Callable[[], Awaitable[None]],
        on_signal: Callable[[], None],
        on_second_signal: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._on_signal = on_signal
        self._on_second_signal = on_second_signal

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGINT and SIGTERM, and hurry at a second one, also after the server has ended.

        uvicorn would raise the signal again once it has ended, before the worker beside has handed its jobs back.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._heed, number)
        yield

    def _heed(self, number: int) -> None:
        if self.should_exit:
            self._on_second_signal()
        else:
            self._on_signal()
        self.handle_exit(number, None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._on_ready(f"http://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what is being served."""
        await self._on_stop()
        await super().shutdown(sockets)


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
