"""The fake model server keeps its own promises: it is measured with, so that it has to be right."""

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.fakes.model_answers import make_instance
from tests.fakes.model_faults import PASSING, Fault, Faults
from tests.fakes.model_server import ModelServer
from tests.servers import answering

ROOT = Path(__file__).resolve().parents[2]
OPENAI = ("/v1/chat/completions", {"model": "gpt-test", "messages": [{"role": "user", "content": "Say it."}]})
ANTHROPIC = (
    "/v1/messages",
    {"model": "claude-test", "max_tokens": 50, "messages": [{"role": "user", "content": "Say it."}]},
)
BOTH = [OPENAI, ANTHROPIC]


async def post(client: httpx2.AsyncClient, call: tuple[str, dict[str, Any]]) -> httpx2.Response:
    return await client.post(call[0], json=call[1])


@pytest.mark.parametrize("call", BOTH)
async def test_whole_answers_are_given_to_those_who_want_no_stream(call):
    server = ModelServer(answer=lambda _: "It is said.")
    async with answering(server) as address, httpx2.AsyncClient(base_url=address) as client:
        told = (await post(client, call)).json()
    if call is OPENAI:
        (choice,) = told["choices"]
        assert (choice["message"]["content"], choice["finish_reason"]) == ("It is said.", "stop")
        assert told["usage"] == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
    else:
        assert told["content"] == [{"type": "text", "text": "It is said."}]
        assert (told["stop_reason"], told["usage"]["output_tokens"]) == ("end_turn", 2)


@pytest.mark.parametrize("call", BOTH)
async def test_calls_beyond_a_limit_are_told_how_long_to_wait(call):
    server = ModelServer(requests_a_minute=2)
    async with answering(server) as address, httpx2.AsyncClient(base_url=address) as client:
        answers = [await post(client, call) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 55 <= int(answers[-1].headers["retry-after"]) <= 60
    assert server.tally()["statuses"] == {"200": 2, "429": 1}


async def test_tokens_of_answers_count_against_the_limit_too():
    server = ModelServer(answer=lambda _: "word " * 100, tokens_a_minute=120)
    async with answering(server) as address, httpx2.AsyncClient(base_url=address) as client:
        answers = [await post(client, OPENAI) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert [answer.headers["x-ratelimit-remaining-tokens"] for answer in answers] == ["118", "0"]
    assert server.calls[0].completion_tokens == 125


async def test_more_calls_at_once_than_are_allowed_are_refused():
    server = ModelServer(first_token_s=0.5, at_once=5)
    async with answering(server) as address, httpx2.AsyncClient(base_url=address) as client:
        answers = await asyncio.gather(*(post(client, OPENAI) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 3
    assert (server.peak, server.now) == (8, 0)


async def test_a_hundred_streams_at_once_are_served_in_the_time_of_one():
    server = ModelServer(answer=lambda _: "word " * 80, first_token_s=0.2, tokens_a_second=100)
    streamed = (OPENAI[0], {**OPENAI[1], "stream": True})
    async with answering(server) as address, httpx2.AsyncClient(base_url=address, timeout=30) as client:
        began = time.monotonic()
        answers = await asyncio.gather(*(post(client, streamed) for _ in range(100)))
        took_s = time.monotonic() - began
    assert all(answer.text.endswith("data: [DONE]\n\n") for answer in answers)
    assert 1.2 <= took_s < 10  # alone, it takes 0.2 s and 100 tokens at 100 a second


def test_dice_draw_at_their_rate_and_the_same_again():
    def drawn(seed: int) -> list[Fault | None]:
        faults = Faults([Fault.EMPTY, None], rate=0.3, dice=random.Random(seed))
        return [faults.draw() for _ in range(1_000)]

    assert drawn(7) == drawn(7) != drawn(8)
    assert drawn(7)[:2] == [Fault.EMPTY, None]
    assert 250 < sum(fault is not None for fault in drawn(7)) < 350
    assert {*drawn(7)} == {None, *PASSING}


def test_an_instance_fits_its_schema():
    schema = {
        "type": "object",
        "properties": {
            "kind": {"enum": ["a", "b"]},
            "fixed": {"const": 7},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}, "minItems": 4, "maxItems": 6},
            "note": {"anyOf": [{"type": "string", "minLength": 200}, {"type": "null"}]},
            "short": {"type": ["string", "null"], "maxLength": 5},
            "share": {"type": "number", "minimum": 2, "maximum": 3},
            "yes": {"type": "boolean"},
            "no": {"type": "null"},
        },
        "$defs": {"Part": {"properties": {"pages": {"type": "integer", "minimum": 5}}}},
    }
    made = make_instance(schema, random.Random(1))
    assert made.keys() == schema["properties"].keys()
    assert (made["kind"] in ("a", "b"), made["fixed"], made["no"]) == (True, 7, None)
    assert 4 <= len(made["parts"]) <= 6
    assert all(part["pages"] >= 5 for part in made["parts"])
    assert (len(made["note"]) >= 200, len(made["short"]), 2 <= made["share"] <= 3) == (True, 5, True)
    assert isinstance(made["yes"], bool)


def test_it_runs_in_a_process_of_its_own_and_tells_what_it_saw():
    command = [
        sys.executable,
        "-m",
        "tests.fakes.model_server",
        "--fault-rate",
        "1",
        "--faults",
        "overloaded",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            with httpx2.Client(base_url=process.stdout.readline().strip()) as client:
                statuses = [client.post(path, json=body).status_code for path, body in BOTH]
                tally = client.get("/tally").json()
        finally:
            process.terminate()
    assert statuses == [503, 529]
    assert (tally["calls"], tally["faults"]) == (2, {"overloaded": 2})
