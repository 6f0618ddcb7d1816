import asyncio
import contextlib
import signal
import socket
from urllib.parse import urlsplit

import httpx
import websockets
from tests.houses import sign_in
from tests.processes import served
from tests.servers import answering

from tesigo.entry.web_socket import BoundedWebSocket

PIECE = "x" * 1024
MANY = 5_000
PLAIN = {"lifespan": "off", "ws_per_message_deflate": False}


class Hasty(BoundedWebSocket):
    """Lingers shortly, and says when its connection is gone."""

    linger_s = 0.3
    gone: asyncio.Event

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.gone.set()


class Talker:
    """An application that sends until nobody takes it any more; then it closes, or waits for the client to go."""

    def __init__(self, *, closes: bool) -> None:
        self.closes = closes
        self.sent = 0
        self.is_stuck = asyncio.Event()
        self.last: dict = {}

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "websocket":
            raise RuntimeError
        await receive()
        await send({"type": "websocket.accept"})
        for _ in range(MANY):
            try:
                async with asyncio.timeout(0.5):
                    await send({"type": "websocket.send", "text": PIECE})
            except TimeoutError:
                break
            self.sent += 1
        self.is_stuck.set()
        if self.closes:
            await asyncio.wait_for(send({"type": "websocket.close", "code": 4408}), 5)
        self.last = await asyncio.wait_for(receive(), 20)


async def deaf_client(address: str) -> websockets.ClientConnection:
    """Return a client that never reads what comes after the hand-shake."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.connect((urlsplit(address).hostname, urlsplit(address).port))
    client = await websockets.connect(address.replace("http", "ws"), sock=wire, ping_interval=None)
    client.transport.pause_reading()
    return client


async def test_a_client_that_reads_nothing_takes_little_memory_and_is_dropped_after_the_close():
    talker, Hasty.gone = Talker(closes=True), asyncio.Event()
    async with answering(talker, ws=Hasty, ws_ping_interval=None, **PLAIN) as address:
        client = await deaf_client(address)
        await asyncio.wait_for(talker.is_stuck.wait(), 20)
        assert talker.sent < 200  # KiB, in both processes and all of the system
        await asyncio.wait_for(Hasty.gone.wait(), 20)
        client.transport.abort()
        await client.wait_closed()


async def test_a_client_that_reads_late_still_learns_why_it_was_closed():
    talker = Talker(closes=True)
    async with answering(talker, ws=BoundedWebSocket, ws_ping_interval=None, **PLAIN) as address:
        client = await deaf_client(address)
        await asyncio.wait_for(talker.is_stuck.wait(), 20)
        client.transport.resume_reading()
        received = []
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                received.append(await asyncio.wait_for(client.recv(), 20))
        assert client.close_code == 4408
        assert len(received) == talker.sent


async def test_a_client_that_answers_no_ping_is_dropped_whatever_it_was_to_be_sent():
    talker = Talker(closes=False)
    pings = {"ws_ping_interval": 0.7, "ws_ping_timeout": 0.7}
    async with answering(talker, ws=BoundedWebSocket, **pings, **PLAIN) as address:
        client = await deaf_client(address)
        await asyncio.wait_for(talker.is_stuck.wait(), 20)
        async with asyncio.timeout(20):
            while not talker.last:  # noqa: ASYNC110 - only the application knows
                await asyncio.sleep(0.01)
        assert talker.last["type"] == "websocket.disconnect"
        client.transport.abort()
        await client.wait_closed()


async def test_a_server_that_stops_tells_its_watchers_and_is_not_held_up_by_a_deaf_one(tmp_path):
    async with served(tmp_path, "--no-worker") as (running, address):
        async with httpx.AsyncClient(base_url=address, timeout=30) as client:
            headers = await sign_in(client, tmp_path / "data" / "outbox", "watcher@example.com")
            answer = await client.post("/api/v1/documents", json={"title": "Essays"}, headers=headers)
        url = f"{address.replace('http', 'ws')}/ws/generation/{answer.json()['id']}"
        offered = [websockets.Subprotocol("bearer"), websockets.Subprotocol(headers["Authorization"][7:])]
        deaf = await websockets.connect(url, subprotocols=offered, ping_interval=None)
        async with websockets.connect(url, subprotocols=offered) as watcher:
            await asyncio.gather(watcher.recv(), deaf.recv())
            deaf.transport.pause_reading()
            running.send(signal.SIGTERM)
            await asyncio.wait_for(watcher.wait_closed(), 20)
            assert watcher.close_code == 1001
        await running.until_ended(within_s=60)
        assert "exceeded" not in running.printed  # the server did not have to cancel what it was serving
        deaf.transport.abort()
        await deaf.wait_closed()
