"""The adapters understand a server that others wrote by the same protocols, and it understands them."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.adapters.model_callers import BOTH, SCHEMA, Dialect, Heard, listen, make_prompt
from tests.fakes.aimock_server import aimock_server

from tesigo.gateway.errors import ProviderFails, RateLimited, Trouble
from tesigo.gateway.ports import Finish, Message, Prompt, Usage

pytestmark = pytest.mark.parametrize("dialect", BOTH, ids=lambda dialect: dialect.name)


@pytest.fixture(scope="module")
def aimock() -> Iterator[str]:
    with aimock_server() as address:
        yield address


async def ask(dialect: Dialect, address: str, question: str, prompt: Prompt | None = None) -> Heard:
    models = dialect.at(address)
    try:
        asked = replace(prompt or make_prompt(), messages=(Message("user", question),))
        return await listen(models, dialect.model, asked)
    finally:
        await models.aclose()


async def test_an_answer_streams(dialect: Dialect, aimock: str):
    heard = await ask(dialect, aimock, "Describe the place.")
    assert (heard.text, heard.finish) == (
        "Two rivers meet below the old bridge: Дніпро і Десна.",
        Finish.STOP,
    )
    assert len(heard.pieces) > 3
    assert heard.ended[0].usage == Usage(7, 11)


async def test_an_answer_fits_a_schema(dialect: Dialect, aimock: str):
    heard = await ask(dialect, aimock, "Outline it.", make_prompt(schema=SCHEMA))
    assert heard.finish is Finish.STOP
    assert json.loads(heard.text) == {"title": "Rivers", "parts": [{"pages": 3}]}


async def test_its_failures_are_facts(dialect: Dialect, aimock: str):
    assert isinstance((await ask(dialect, aimock, "Hurry.")).failure, RateLimited)
    cut = (await ask(dialect, aimock, "Break off.")).failure
    assert isinstance(cut, ProviderFails)
    assert cut.trouble is Trouble.CUT_STREAM
