"""Installations whose documents are written by a fake model server, and what is asked of them."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import text
from tests.fakes.model_answers import Asked
from tests.fakes.model_author import answer as author_answer
from tests.fakes.model_faults import Fault, Faults
from tests.fakes.model_server import ModelServer
from tests.houses import ABSTRACTS, opened_house
from tests.servers import answering
from tests.writers import Writer, signed_in

from tesigo.entry.wiring import House

KEY = "sk-a-key-that-nobody-may-see"
QUICK = {
    "retry_delays_s": (0.02, 0.04, 0.08, 0.16, 0.32),
    "breaker_recovery_s": 0.3,
    "model_first_token_s": 0.5,
    "model_total_s": 3,
}
"""Settings by which a failure costs a test no time."""


def author(**given: Any) -> ModelServer:
    """Return a server that answers our prompts as a sensible model would."""
    return ModelServer(answer=write, **given)


def write(asked: Asked) -> str:
    """Return the whole answer, or the rest of one that was cut off."""
    turns = [(message.role, message.text) for message in asked.messages]
    whole = author_answer(asked.system, turns, asked.schema, asked.most_tokens)
    begun = turns[-2][1] if len(turns) > 1 and "cut off" in turns[-1][1] else ""
    return whole[len(begun) :].lstrip() if begun and whole.startswith(begun) else whole


def failing(*script: Fault | None, rate: float = 0.0, kinds: Any = None, seed: int = 1) -> Faults:
    dice = random.Random(seed)
    return Faults(script, rate=rate, dice=dice, **({"kinds": kinds} if kinds else {}))


@asynccontextmanager
async def writing_house(
    folder: Path, server: ModelServer, *, other: ModelServer | None = None, **given: Any
) -> AsyncIterator[House]:
    """Give a house whose first provider is this server by OpenAI's protocol, and the other one by Anthropic's."""
    async with answering(server) as first, answering(other or ModelServer()) as second:
        settings = {
            "openai_base_url": f"{first}/v1",
            "openai_api_key": KEY,
            "default_model": "openai:made",
            "section_concurrency": 4,
            **({"anthropic_base_url": second, "anthropic_api_key": KEY} if other else {}),
            **QUICK,
            **given,
        }
        async with opened_house(folder, **settings) as house:
            tools = replace(house.tools, count_pages=lambda manuscript: manuscript.words / 300)
            yield replace(house, tools=tools)


@asynccontextmanager
async def writer_in(house: House, *, pages: int = 5, **wanted: Any) -> AsyncIterator[tuple[Writer, int]]:
    """Give somebody who is signed in, and the id of their document, which has sources."""
    async with signed_in(house) as me:
        document_id = await me.create(pages=pages, **wanted)
        await me.add(document_id, *ABSTRACTS)
        yield me, document_id


async def rows(house: House, statement: str, **values: Any) -> list[Any]:
    async with house.database.transaction() as tx:
        return list((await tx.execute(text(statement), values)).all())


async def until_status(me: Writer, job_id: str, *statuses: str, within_s: float = 60) -> dict[str, Any]:
    """Wait until the job has one of these statuses; return what is told of it."""
    async with asyncio.timeout(within_s):
        while (told := await status(me, job_id))["status"] not in statuses:  # noqa: ASYNC110 - asked from outside
            await asyncio.sleep(0.05)
    return told


async def status(me: Writer, job_id: str) -> dict[str, Any]:
    answer = await me.ask("GET", f"/jobs/{job_id}/status")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def start(me: Writer, document_id: int) -> str:
    """Ask for the document; return the job's id."""
    answer = await me.ask("POST", "/generate/document-async", json={"document_id": document_id})
    assert answer.status_code == 202, answer.text
    return answer.json()["job_id"]
