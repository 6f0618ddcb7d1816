"""Servers that answer otherwise than they should are facts too."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr
from tests.adapters.model_callers import (
    ANSWER,
    ANTHROPIC,
    BOTH,
    KEY,
    OPENAI,
    Dialect,
    Plainly,
    calling,
    events,
    failure_of,
    listen,
    make_prompt,
)
from tests.fakes.model_server import ModelServer
from tests.ports import kept_port
from tests.servers import answering

from tesigo.gateway.errors import AttemptFailed, CallRefused, ProviderFails, RateLimited, Trouble
from tesigo.gateway.ports import Finish

both = pytest.mark.parametrize("dialect", BOTH, ids=lambda dialect: dialect.name)


@both
@pytest.mark.parametrize(
    ("status", "kind", "trouble"),
    [
        (400, CallRefused, Trouble.REFUSED),
        (401, CallRefused, Trouble.REFUSED),
        (402, CallRefused, Trouble.REFUSED),
        (403, CallRefused, Trouble.REFUSED),
        (404, CallRefused, Trouble.REFUSED),
        (408, ProviderFails, Trouble.TIMED_OUT),
        (413, CallRefused, Trouble.REFUSED),
        (418, CallRefused, Trouble.REFUSED),
        (422, CallRefused, Trouble.REFUSED),
        (429, RateLimited, Trouble.RATE_LIMITED),
        (500, ProviderFails, Trouble.SERVER_ERROR),
        (502, ProviderFails, Trouble.SERVER_ERROR),
        (503, ProviderFails, Trouble.OVERLOADED),
        (504, ProviderFails, Trouble.TIMED_OUT),
        (529, ProviderFails, Trouble.OVERLOADED),
    ],
)
async def test_a_status_means_the_same_with_any_body(
    dialect: Dialect, status: int, kind: type[AttemptFailed], trouble: Trouble
):
    body = "<html>" + "sorry " * 30_000
    failure = await failure_of(
        dialect, Plainly(status, body, {"retry-after": "Sat, 1 Jan 2000 00:00:00 GMT"})
    )
    assert (type(failure), failure.trouble) == (kind, trouble)
    assert failure.retry_after_s == (None if kind is CallRefused else 0)


@pytest.mark.parametrize(
    ("dialect", "status", "error"),
    [
        (OPENAI, 429, {"type": "insufficient_quota", "code": "insufficient_quota"}),
        (OPENAI, 429, {"type": "billing_not_active", "code": None}),
        (
            ANTHROPIC,
            429,
            {"type": "rate_limit_error", "details": {"error_code": "enforced_spend_limit_reached"}},
        ),
        (
            ANTHROPIC,
            400,
            {"type": "invalid_request_error", "message": "You have reached your specified API usage limits."},
        ),
        (
            ANTHROPIC,
            400,
            {"type": "invalid_request_error", "message": "Your credit balance is too low to go on."},
        ),
        (ANTHROPIC, 402, {"type": "billing_error", "message": "?"}),
    ],
)
async def test_what_no_waiting_mends_is_refused(dialect: Dialect, status: int, error: dict[str, Any]):
    failure = await failure_of(dialect, Plainly(status, json.dumps({"error": error}), {"retry-after": "1"}))
    assert isinstance(failure, CallRefused)
    assert "quota" in failure.message


@both
async def test_a_server_may_not_send_a_call_on_to_another(dialect: Dialect):
    elsewhere = Plainly(200, "")
    async with answering(elsewhere) as address:
        failure = await failure_of(dialect, Plainly(307, "", {"location": address}))
    assert isinstance(failure, CallRefused)
    assert "307" in failure.message
    assert elsewhere.paths == []


@both
async def test_a_server_that_is_not_there_is_not_reached(dialect: Dialect):
    with kept_port() as port:
        models = dialect.at(f"http://127.0.0.1:{port}")
        heard = await listen(models, dialect.model, make_prompt())
        await models.aclose()
    assert isinstance(heard.failure, ProviderFails)
    assert heard.failure.trouble is Trouble.NOT_REACHED


@both
async def test_a_server_that_takes_no_connection_is_given_up_in_time(dialect: Dialect):
    with socket.socket() as listening, contextlib.ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):  # Linux drops who knocks when the queue is full
            knocking = waiting.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(listening.getsockname())
        models = dialect.at(f"http://127.0.0.1:{listening.getsockname()[1]}", connect_s=0.3)
        async with asyncio.timeout(5):
            heard = await listen(models, dialect.model, make_prompt())
        await models.aclose()
    assert heard.failure
    assert heard.failure.trouble is Trouble.NOT_REACHED


@both
async def test_a_server_that_speaks_no_tls_is_not_reached(dialect: Dialect):
    async with answering(Plainly(200, "")) as address:
        models = dialect.at(address.replace("http:", "https:"))
        heard = await listen(models, dialect.model, make_prompt())
        await models.aclose()
    assert heard.failure
    assert heard.failure.trouble is Trouble.NOT_REACHED


@both
@pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", ""])
async def test_a_200_that_is_no_stream_of_events_is_malformed(dialect: Dialect, kind: str):
    async with calling(dialect, Plainly(200, "{}", {"content-type": kind})) as models:
        heard = await listen(models, dialect.model, make_prompt())
    assert heard.failure
    assert (heard.opened, heard.failure.trouble) == ([], Trouble.MALFORMED)


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        (OPENAI, "{"),
        (OPENAI, "[]"),
        (OPENAI, {"id": "nothing that is known"}),
        (OPENAI, {"choices": "many"}),
        (OPENAI, {"choices": [{"delta": {"content": 7}}]}),
        (OPENAI, {"choices": [{"delta": {}, "finish_reason": "bored"}]}),
        (OPENAI, {"choices": [], "usage": {"prompt_tokens": -1, "completion_tokens": 1}}),
        (ANTHROPIC, "{"),
        (ANTHROPIC, "[]"),
        (ANTHROPIC, {"id": "nothing that is known"}),
        (ANTHROPIC, {"type": "message_start"}),
        (ANTHROPIC, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}),
        (ANTHROPIC, {"type": "message_delta", "delta": {"stop_reason": "bored"}, "usage": {}}),
        (ANTHROPIC, {"type": "message_delta", "delta": {"stop_reason": 1}, "usage": {}}),
        (OPENAI, "x" * 2_000_000),
    ],
)
async def test_events_of_an_unforeseen_shape_are_malformed(dialect: Dialect, told: Mapping[str, Any] | str):
    failure = await failure_of(dialect, Plainly(200, events(told)))
    assert isinstance(failure, ProviderFails)
    assert failure.trouble is Trouble.MALFORMED


async def test_the_many_servers_that_speak_like_openai_are_understood():
    said = events(
        {"choices": [], "prompt_filter_results": []},
        {"choices": [{"delta": {"role": "assistant", "content": None, "reasoning_content": "hm"}}]},
        {"choices": [{"delta": {"content": "yes"}, "finish_reason": None, "logprobs": None}]},
        {"choices": [{"delta": {"content": ", no"}, "finish_reason": "stop"}]},
        {"choices": None, "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}},
        {"choices": [], "usage": None},
    )
    async with calling(OPENAI, Plainly(200, ": a comment to keep alive\n\n" + said)) as models:
        heard = await listen(models, OPENAI.model, make_prompt())
    assert heard.pieces == ["", "yes", ", no"]
    assert heard.ended[0].usage
    assert heard.ended[0].usage.tokens == 5


async def test_events_that_are_yet_to_be_invented_are_passed_over():
    said = events(
        {"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "weather", "weather": "fine"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "yes"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "song_delta", "song": "la"}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "model_context_window_exceeded"},
            "usage": {"input_tokens": 9, "output_tokens": 4},
        },
    )
    async with calling(ANTHROPIC, Plainly(200, said)) as models:
        heard = await listen(models, ANTHROPIC.model, make_prompt())
    assert (heard.pieces, heard.finish) == (["", "yes", ""], "length")
    assert heard.ended[0].usage
    assert heard.ended[0].usage.prompt_tokens == 9


@both
async def test_a_server_that_does_not_hang_up_after_its_answer_is_not_waited_for(dialect: Dialect):
    served = ModelServer(answer=lambda _: ANSWER)

    async def lingering(scope: Any, receive: Any, send: Any) -> None:
        async def send_but_the_end(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await asyncio.sleep(30)
            await send(message)

        await served(scope, receive, send_but_the_end)

    async with calling(dialect, lingering, silence_s=20) as models, asyncio.timeout(10):
        heard = await listen(models, dialect.model, make_prompt())
    assert (heard.text, heard.finish) == (ANSWER, Finish.STOP)


@pytest.mark.parametrize(
    ("error", "kind", "trouble"),
    [
        ({"type": "rate_limit_error"}, RateLimited, Trouble.RATE_LIMITED),
        ({"type": "timeout_error"}, ProviderFails, Trouble.TIMED_OUT),
        ({"type": "something_new"}, ProviderFails, Trouble.SERVER_ERROR),
        ({"code": 503}, ProviderFails, Trouble.OVERLOADED),
        ({"type": "invalid_request_error"}, CallRefused, Trouble.REFUSED),
        ({"type": "insufficient_quota"}, CallRefused, Trouble.REFUSED),
        ("no object at all", ProviderFails, Trouble.SERVER_ERROR),
    ],
)
@both
async def test_an_error_event_is_what_its_status_would_have_been(
    dialect: Dialect, error: Any, kind: type[AttemptFailed], trouble: Trouble
):
    failure = await failure_of(dialect, Plainly(200, events({"type": "error", "error": error})))
    assert (type(failure), failure.trouble) == (kind, trouble)


@both
async def test_an_empty_address_is_the_providers_own(dialect: Dialect):
    models = dialect.adapter("", SecretStr(KEY))
    own = models._http._base_url
    await models.aclose()
    assert (
        own == {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}[dialect.name]
    )
