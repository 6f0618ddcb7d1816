"""No failure and no line of a log gives a key, a prompt or an answer away."""

import asyncio
import logging
import traceback

import pytest
from tests.adapters.model_callers import (
    ANSWER,
    BOTH,
    KEY,
    QUESTION,
    SYSTEM,
    Dialect,
    Plainly,
    calling,
    events,
    failure_of,
    listen,
    make_prompt,
)
from tests.fakes.model_faults import Fault, Faults
from tests.fakes.model_server import ModelServer

from tesigo.gateway.errors import ProviderFails
from tesigo.kit.errors import Invalid

pytestmark = pytest.mark.parametrize("dialect", BOTH, ids=lambda dialect: dialect.name)

SECRETS = (KEY, SYSTEM, QUESTION, ANSWER, "nobody may quote", "у лісі")


async def test_nothing_that_is_raised_or_logged_gives_a_secret_away(
    dialect: Dialect, caplog: pytest.LogCaptureFixture
):
    for logger in (None, "httpx2", "httpcore2"):  # a command that ran before in this process silenced them
        caplog.set_level(logging.DEBUG, logger=logger)
    server = ModelServer(answer=lambda _: ANSWER, faults=Faults([None, *Fault]))
    said: list[str] = []
    async with calling(dialect, server, silence_s=0.2) as models:
        said.append(repr(models))
        for _ in range(len(Fault) + 1):
            heard = await listen(models, dialect.model, make_prompt())
            said += [repr(heard.opened), repr(heard.ended)]
            if heard.failure:
                said += [str(heard.failure), repr(heard.failure), *traceback.format_exception(heard.failure)]
                assert heard.failure.__cause__ is None
                assert heard.failure.__suppress_context__ or heard.failure.__context__ is None
    assert len(said) > 3 * len(Fault)
    records = [record for record in caplog.records if record.name.startswith(("httpx2", "httpcore2"))]
    assert len(records) > 100
    told = "\n".join([*said, *(record.getMessage() + repr(record.args) for record in caplog.records)])
    assert [secret for secret in SECRETS if secret in told] == []


async def test_a_server_that_answers_with_the_call_itself_is_not_quoted(dialect: Dialect):
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readuntil(b"}"))
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        models = dialect.at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        heard = await listen(models, dialect.model, make_prompt())
        await models.aclose()
    assert isinstance(heard.failure, ProviderFails)
    told = "".join(traceback.format_exception(heard.failure))
    assert [secret for secret in (*SECRETS, "POST") if secret in told] == []


async def test_a_stream_that_cannot_be_read_is_not_quoted(dialect: Dialect):
    failure = await failure_of(dialect, Plainly(200, events(ANSWER)))
    told = "".join(traceback.format_exception(failure))
    assert ANSWER not in told
    assert (failure.__cause__, failure.__suppress_context__) == (None, True)


@pytest.mark.parametrize("key", ["sk-two words", "sk-line\nbreak", "sk-ключ"])
def test_a_key_that_no_header_can_carry_is_told_at_once_and_not_quoted(dialect: Dialect, key: str):
    with pytest.raises(Invalid) as caught:
        dialect.at("http://127.0.0.1:1", api_key=key)
    assert key not in caught.value.message
    assert f"{dialect.name.upper()}_API_KEY" in caught.value.message


def test_a_password_in_an_address_is_refused_and_not_quoted(dialect: Dialect):
    with pytest.raises(Invalid) as caught:
        dialect.at("https://me:hunter2@models.example")
    assert "hunter2" not in caught.value.message
    assert f"{dialect.name.upper()}_BASE_URL" in caught.value.message
