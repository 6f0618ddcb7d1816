"""What a model answers comes through as it is, from either provider, and what goes wrong comes as a fact."""

import asyncio
import json
from dataclasses import replace
from itertools import repeat

import pytest
from tests.adapters.model_callers import (
    ANSWER,
    ANTHROPIC,
    BOTH,
    KEY,
    OPENAI,
    QUESTION,
    SCHEMA,
    SYSTEM,
    Dialect,
    calling,
    listen,
    make_prompt,
)
from tests.fakes.model_faults import Fault, Faults
from tests.fakes.model_server import ModelServer

from tesigo.gateway.errors import AttemptFailed, CallRefused, ProviderFails, RateLimited, Trouble
from tesigo.gateway.ports import Allowance, Finish, Opened, Piece, Usage

pytestmark = pytest.mark.parametrize("dialect", BOTH, ids=lambda dialect: dialect.name)


def tokens(text: str) -> int:
    return len(text.encode()) // 4


@pytest.fixture
def server() -> ModelServer:
    return ModelServer(answer=lambda _: ANSWER)


async def test_an_answer_comes_in_pieces_and_says_what_it_used(dialect: Dialect, server: ModelServer):
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert (heard.text, heard.finish, len(heard.opened)) == (ANSWER, Finish.STOP, 1)
    assert len(heard.pieces) > 1
    prompt = "\n".join([SYSTEM, "Begin.", "Gladly.", QUESTION])
    assert heard.ended[0].usage == Usage(tokens(prompt), tokens(ANSWER))


async def test_a_server_that_does_not_say_what_was_used_is_believed(dialect: Dialect, server: ModelServer):
    server.says_usage = False
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert (heard.text, heard.finish) == (ANSWER, Finish.STOP)
    assert heard.ended[0].usage is None


async def test_thoughts_come_as_empty_pieces_and_count_as_used(dialect: Dialect, server: ModelServer):
    server.thinking_tokens = 40
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert heard.text == ANSWER
    assert heard.pieces[:5] == [""] * 5
    usage = heard.ended[0].usage
    assert usage
    assert usage.completion_tokens > tokens(ANSWER)


async def test_the_call_is_what_the_protocol_wants(dialect: Dialect, server: ModelServer):
    async with calling(dialect, server) as models:
        await listen(models, dialect.model, make_prompt(most_tokens=321))
        await listen(models, replace(dialect.model, thinking_tokens=1_000, effort="low"), make_prompt())
    plain, thinking = (call.asked for call in server.calls)
    assert plain.system == SYSTEM
    assert [(turn.role, turn.text) for turn in plain.messages][1:] == [
        ("assistant", "Gladly."),
        ("user", QUESTION),
    ]
    assert (plain.model, plain.most_tokens, thinking.most_tokens) == (dialect.model.name, 321, 1_500)
    assert not {"temperature", "tools", "tool_choice"} & {*plain.body, *thinking.body}
    if dialect is OPENAI:
        assert plain.headers["authorization"] == f"Bearer {KEY}"
        assert plain.body["stream_options"] == {"include_usage": True}
        assert (plain.body["max_tokens"], "reasoning_effort" in plain.body) == (321, False)
        assert (thinking.body["max_completion_tokens"], "max_tokens" in thinking.body) == (1_500, False)
        assert thinking.body["reasoning_effort"] == "low"
    else:
        assert (plain.headers["x-api-key"], plain.headers["anthropic-version"]) == (KEY, "2023-06-01")
        assert (plain.body["system"], "output_config" in plain.body) == (SYSTEM, False)
        assert thinking.body["output_config"] == {"effort": "low"}


async def test_a_schema_goes_along_and_the_answer_fits_it(dialect: Dialect):
    server = ModelServer()
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt(schema=SCHEMA))
    answer = json.loads(heard.text)
    assert isinstance(answer["title"], str)
    assert all(isinstance(part["pages"], int) for part in answer["parts"])
    (call,) = server.calls
    body = call.asked.body
    form = body["response_format"]["json_schema"] if dialect is OPENAI else body["output_config"]["format"]
    assert form["schema"]["required"] == ["title", "parts"]
    assert form["schema"]["additionalProperties"] is False
    if dialect is OPENAI:
        assert (form["name"], form["strict"]) == ("section-1", True)
        assert form["schema"]["$defs"]["Part"]["properties"]["pages"] == {"type": "integer", "minimum": 1}
    else:
        assert form["schema"]["$defs"]["Part"]["properties"]["pages"] == {"type": "integer"}


async def test_a_server_that_wants_no_key_gets_none(dialect: Dialect, server: ModelServer):
    async with calling(dialect, server, api_key=None) as models:
        assert (await listen(models, dialect.model, make_prompt())).text == ANSWER
    (call,) = server.calls
    assert not {"authorization", "x-api-key"} & call.asked.headers.keys()


async def test_half_a_letter_in_a_prompt_does_no_harm(dialect: Dialect, server: ModelServer):
    prompt = replace(make_prompt(), system="half an emoji: \ud83d")
    async with calling(dialect, server) as models:
        assert (await listen(models, dialect.model, prompt)).text == ANSWER
    assert server.calls[0].asked.system == "half an emoji: ?"


@pytest.mark.parametrize(
    ("fault", "finish", "text"),
    [
        (Fault.CUT_SHORT, Finish.LENGTH, ANSWER[: len(ANSWER) // 2]),
        (Fault.REFUSED, Finish.REFUSED, ""),
        (Fault.REFUSED_IN_WORDS, Finish.REFUSED, ""),
        (Fault.EMPTY, Finish.STOP, ""),
        (Fault.WRONG_SCHEMA, Finish.STOP, '{"nobody": "asked for this"}'),
        (Fault.MALFORMED_ANSWER, Finish.STOP, '{"title": "An answer that was nev'),
    ],
)
async def test_how_an_answer_ended_is_told(
    dialect: Dialect, server: ModelServer, fault: Fault, finish: Finish, text: str
):
    server.faults = Faults([fault])
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert (heard.finish, heard.text) == (finish, text)


async def test_an_answer_longer_than_its_limit_says_so(dialect: Dialect, server: ModelServer):
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt(most_tokens=4))
    assert heard.finish is Finish.LENGTH
    assert 0 < len(heard.text) < len(ANSWER)


@pytest.mark.parametrize(
    ("fault", "kind", "trouble", "retry_after_s"),
    [
        (Fault.RATE_LIMITED, RateLimited, Trouble.RATE_LIMITED, 7),
        (Fault.RATE_LIMITED_WITHOUT_WAIT, RateLimited, Trouble.RATE_LIMITED, None),
        (Fault.OVERLOADED, ProviderFails, Trouble.OVERLOADED, 7),
        (Fault.SERVER_ERROR, ProviderFails, Trouble.SERVER_ERROR, None),
        (Fault.TIME_OUT, ProviderFails, Trouble.TIMED_OUT, None),
        (Fault.SLOW_FIRST_TOKEN, ProviderFails, Trouble.TIMED_OUT, None),
        (Fault.CUT_STREAM, ProviderFails, Trouble.CUT_STREAM, None),
        (Fault.CUT_CLEAN, ProviderFails, Trouble.CUT_STREAM, None),
        (Fault.MALFORMED_CHUNK, ProviderFails, Trouble.MALFORMED, None),
        (Fault.NO_STREAM, ProviderFails, Trouble.MALFORMED, None),
        (Fault.QUOTA_EXHAUSTED, CallRefused, Trouble.REFUSED, None),
        (Fault.BAD_REQUEST, CallRefused, Trouble.REFUSED, None),
        (Fault.UNAUTHORIZED, CallRefused, Trouble.REFUSED, None),
        (Fault.NOT_FOUND, CallRefused, Trouble.REFUSED, None),
    ],
)
async def test_every_fault_is_a_fact(
    dialect: Dialect, fault: Fault, kind: type[AttemptFailed], trouble: Trouble, retry_after_s: float | None
):
    server = ModelServer(faults=Faults([fault]), retry_after="7")
    async with calling(dialect, server, silence_s=0.3) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert type(heard.failure) is kind
    assert (heard.failure.trouble, heard.failure.retry_after_s) == (trouble, retry_after_s)
    assert not heard.ended
    assert heard.failure.message.startswith(dialect.model.full_name)
    if status := server.calls[0].status:
        assert status == 200 or str(status) in heard.failure.message


async def test_an_error_in_the_middle_of_an_answer_is_the_fact_that_it_names(
    dialect: Dialect, server: ModelServer
):
    server.faults = Faults([Fault.ERROR_EVENT])
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert isinstance(heard.failure, ProviderFails)
    assert heard.failure.trouble is (Trouble.OVERLOADED if dialect is ANTHROPIC else Trouble.SERVER_ERROR)
    assert heard.text


async def test_silence_in_the_middle_of_an_answer_has_a_limit(dialect: Dialect, server: ModelServer):
    server.tokens_a_second, server.answer = 80.0, lambda _: "so many words " * 20  # a second, all in all
    async with calling(dialect, server, silence_s=0.6) as models:
        assert (await listen(models, dialect.model, make_prompt())).finish is Finish.STOP
    server.tokens_a_second = 0.1
    async with calling(dialect, server, silence_s=0.3) as models, asyncio.timeout(10):
        heard = await listen(models, dialect.model, make_prompt())
    assert heard.opened
    assert heard.failure
    assert heard.failure.trouble is Trouble.TIMED_OUT


async def test_what_the_provider_says_of_its_limits_comes_with_the_opening(
    dialect: Dialect, server: ModelServer
):
    server = replace(server, requests_a_minute=90, tokens_a_minute=10_000)
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt())
    (opened,) = heard.opened
    said = opened.allowance
    assert (said.requests, said.requests_left, said.tokens) == (90, 89, 10_000)
    assert said.tokens_left == 10_000 - server.calls[0].prompt_tokens


async def test_a_provider_that_says_nothing_of_limits_is_not_guessed_at(
    dialect: Dialect, server: ModelServer
):
    async with calling(dialect, server) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert heard.opened == [Opened(Allowance())]


async def test_closing_the_stream_closes_the_connection(dialect: Dialect, server: ModelServer):
    server.tokens_a_second, server.answer = 20.0, lambda _: "word " * 2_000
    async with calling(dialect, server) as models:
        events = models.stream(dialect.model, make_prompt(most_tokens=5_000))
        while not isinstance(event := await anext(events), Piece) or not event.text:
            pass
        await events.aclose()
        await server.until(lambda seen: seen.calls[0].is_over)
    assert server.calls[0].has_client_left


async def test_cancelling_whoever_listens_closes_the_connection(dialect: Dialect, server: ModelServer):
    server.faults = Faults([Fault.TIME_OUT])
    async with calling(dialect, server) as models:
        listening = asyncio.create_task(listen(models, dialect.model, make_prompt()))
        await server.until(lambda seen: seen.now == 1)
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        await server.until(lambda seen: seen.calls[0].is_over)
    assert server.calls[0].has_client_left


async def test_a_hundred_calls_at_once_wait_for_no_connection(dialect: Dialect, server: ModelServer):
    server.first_token_s = 0.5
    async with calling(dialect, server) as models:
        heard = await asyncio.gather(*(listen(models, dialect.model, make_prompt()) for _ in range(120)))
    assert {each.text for each in heard} == {ANSWER}
    assert server.peak == 120


async def test_calls_one_after_the_other_share_a_connection(dialect: Dialect, server: ModelServer):
    clients = set()

    async def watched(scope, receive, send):
        clients.update([scope["client"]] if scope["type"] == "http" else [])
        await server(scope, receive, send)

    async with calling(dialect, watched) as models:
        for _ in repeat(None, 5):
            assert (await listen(models, dialect.model, make_prompt())).text == ANSWER
    assert len(clients) == 1
