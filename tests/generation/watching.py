"""Watchers of documents over real WebSockets, and jobs of which there is something to tell at any time."""

import asyncio
import contextlib
import json
import socket
import uuid
from typing import Any
from urllib.parse import urlsplit

import websockets
from tests.generation.jobs import request
from tests.writers import Writer

from tesigo.generation import store
from tesigo.generation.service import end_job, tell
from tesigo.kit.db import DatabaseAway

LAST = ("completed", "failed")


def token_of(me: Writer) -> str:
    return me.client.headers["authorization"].removeprefix("Bearer ")


def connect(
    address: str, me: Writer, document_id: object, query: str = "", **more: Any
) -> websockets.connect:
    url = f"{address}/ws/generation/{document_id}{query}"
    return websockets.connect(url, subprotocols=["bearer", token_of(me)], **more)


def narrow_socket(address: str) -> socket.socket:
    """Return a connection for a client whose system takes little for it while it does not read."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.connect((urlsplit(address).hostname, urlsplit(address).port))
    return wire


async def receive(connection: websockets.ClientConnection, *, within_s: float = 20) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(connection.recv(), within_s))


async def receive_all(connection: websockets.ClientConnection) -> list[dict[str, Any]]:
    """Return all messages up to the one that tells the end of the job."""
    messages = [await receive(connection)]
    while messages[-1]["status"] not in LAST:
        messages.append(await receive(connection))
    return messages


async def receive_until(connection: websockets.ClientConnection, seq: int) -> list[int]:
    """Return the numbers of the messages up to the one with this number."""
    numbers = [(await receive(connection))["seq"]]
    while numbers[-1] < seq:
        numbers.append((await receive(connection))["seq"])
    return numbers


async def close_code(connection: websockets.connect) -> int:
    """Return with which code the server closes this connection instead of telling anything."""
    async with connection as client:
        with contextlib.suppress(websockets.ConnectionClosed):
            message = await asyncio.wait_for(client.recv(), 20)
            raise AssertionError(message)
        return client.close_code


async def make_job(me: Writer) -> tuple[int, uuid.UUID]:
    """Return (document, job) of a job that waits; its first event is told."""
    document_id = await me.create()
    return document_id, await request(me, document_id)


async def tell_of(me: Writer, job_id: uuid.UUID, times: int = 1, *, ends: str | None = None) -> None:
    """Have the job tell so many events in one transaction, and its end when `ends` names its last status."""
    async with me.house.database.transaction() as tx:
        job = await store.lock_job(tx, job_id)
        assert job
        for _ in range(times):
            job.progress = min(99, job.progress + 1)
            await tell(tx, job, "stage", at=me.house.clock())
        if ends:
            await end_job(tx, job, ends, at=me.house.clock())


async def tell_anyway(me: Writer, job_id: uuid.UUID) -> None:
    """Have the job tell an event, as soon as the database lets it."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(DatabaseAway):
                return await tell_of(me, job_id)
            await asyncio.sleep(0.05)


async def until(condition: Any, *, within_s: float = 20) -> None:
    """Wait until it holds: for what nobody announces."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
