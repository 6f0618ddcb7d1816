"""The model of the harness: a real HTTP server that costs nothing, but counts every call."""

import asyncio
import json
import random
import time
from dataclasses import dataclass
from typing import Any

OUTLINE = "outline"
"""Stands for a section's number in a call that asks for the outline."""


@dataclass(slots=True)
class Call:
    """A call as the model saw it: times in seconds since 1970; ended: None when its caller went away before.

    label: what the caller's task says of the document; document_id: what its context says.
    """

    worker: str
    document_id: int
    label: str
    section: str
    began: float
    ended: float | None = None


class Model:
    """An ASGI application that answers each call after `latency_s` (from, to)."""

    def __init__(self, dice: random.Random, latency_s: tuple[float, float]) -> None:
        self.calls: list[Call] = []
        self._dice = dice
        self._latency_s = latency_s

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        call = Call(**json.loads(body), began=time.time())
        self.calls.append(call)
        gone = asyncio.ensure_future(receive())
        await asyncio.wait({gone}, timeout=self._dice.uniform(*self._latency_s))
        if gone.done():
            return
        gone.cancel()
        call.ended = time.time()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})
