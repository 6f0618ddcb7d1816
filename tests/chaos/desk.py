"""The users of the harness: they bring sources, and have documents written, over HTTP."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from tests.houses import ABSTRACTS, sign_in

TITLE = "Feedback on student essays"
_TRY_FOR_S = 60.0
_LINES = "\n".join(json.dumps(record) for record in ABSTRACTS).encode()


@dataclass
class Desk:
    """Some users, who take turns. documents: id → label, of those whose job was accepted."""

    client: httpx.AsyncClient
    users: list[dict[str, str]]
    pages: int
    documents: dict[int, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def request(self) -> tuple[int, str]:
        """Have another document written; return its id and the token of its user."""
        number = next(self._numbers)
        user = self.users[number % len(self.users)]
        label = f"This is document {number}."
        wanted = {"title": TITLE, "pages": self.pages, "requirements": label}
        document_id = (await self._send(user, "/documents", lambda: {"json": wanted}))["id"]
        files = {"file": ("papers.jsonl", _LINES)}
        await self._send(user, f"/documents/{document_id}/sources", lambda: {"files": files})
        await self._send(
            user, "/generate/document-async", lambda: {"json": {"document_id": document_id}}, known="job_runs"
        )
        self.documents[document_id] = label
        return document_id, user["Authorization"].removeprefix("Bearer ")

    async def _send(
        self,
        user: dict[str, str],
        path: str,
        content: Callable[[], Mapping[str, Any]],
        *,
        known: str | None = None,
    ) -> dict[str, Any]:
        """Ask until there is an answer; what was accepted by a request whose answer got lost is `known`."""
        async with asyncio.timeout(_TRY_FOR_S):
            while True:
                try:
                    answer = await self.client.post(f"/api/v1{path}", headers=user, **content())
                except httpx.TransportError:
                    pass
                else:
                    told = answer.json()
                    if answer.is_success or (known and told.get("code") == known):
                        return dict(told)
                    if answer.status_code < 500:
                        raise RuntimeError(f"{path} answers {answer.status_code}: {answer.text}")
                await asyncio.sleep(0.3)  # a client's own pause before it tries again


async def open_desk(client: httpx.AsyncClient, outbox: Path, *, users: int, pages: int) -> Desk:
    """Sign so many users in."""
    signed_in = [await sign_in(client, outbox, f"user{number}@example.com") for number in range(users)]
    return Desk(client, signed_in, pages)
