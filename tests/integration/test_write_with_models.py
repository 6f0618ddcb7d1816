"""`tesigo write` with a language model: exit codes and sentences, as a script meets them."""

import json
from pathlib import Path

import pytest
from tests.fakes.model_faults import Fault
from tests.houses import ABSTRACTS
from tests.integration.model_houses import author, failing
from tests.processes import tesigo
from tests.servers import answering

TITLE = "Feedback on student essays"


async def write(folder: Path, address: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it printed."""
    (folder / "refs.jsonl").write_text("\n".join(map(json.dumps, ABSTRACTS)))
    settings = {
        "OPENAI_BASE_URL": f"{address}/v1",
        "DEFAULT_MODEL": "openai:made",
        "RETRY_DELAYS_S": "0.02,0.04",
        **environment,
    }
    asked = ("write", TITLE, "--pages", "5", "--source", "refs.jsonl", "--out", "out.md", *arguments)
    async with tesigo(*asked, folder=folder, **settings) as running:
        code = await running.until_ended(within_s=60)
        return code, running.printed


async def test_a_document_is_written_by_the_model_of_the_settings_which_it_names(tmp_path: Path):
    async with answering(author(faults=failing(Fault.RATE_LIMITED_WITHOUT_WAIT))) as address:
        code, printed = await write(tmp_path, address)
    assert code == 0, printed
    assert "Tokens: " in printed
    text = (tmp_path / "out.md").read_text()
    assert "openai:made" in text
    assert "Adams" in text


async def test_the_offline_writer_is_there_by_its_name_and_costs_nothing(tmp_path: Path):
    server = author()
    async with answering(server) as address:
        code, printed = await write(tmp_path, address, "--model", "offline:extractive")
    assert code == 0, printed
    assert "Tokens" not in printed
    assert server.calls == []


@pytest.mark.parametrize(
    ("environment", "arguments", "code", "said"),
    [
        ({"DAILY_TOKEN_LIMIT": "3000"}, (), 5, "may use 3,000 (DAILY_TOKEN_LIMIT)"),
        ({}, ("--model", "nobody-knows-it"), 2, "There is no model “nobody-knows-it” here"),
        ({}, ("--model", "anthropic:claude-opus-5-5"), 2, "no key is set for anthropic"),
        (
            {"DEFAULT_MODEL": "claude-opus-5-5"},
            (),
            2,
            "DEFAULT_MODEL: anthropic:claude-opus-5-5 cannot be used",
        ),
        ({"MODELS_FILE": "refs.jsonl"}, (), 2, "MODELS_FILE: refs.jsonl is no TOML"),
        (
            {"FALLBACK_MODELS": '{"made": ["gpt-5.6-luna"]}'},
            (),
            2,
            "FALLBACK_MODELS or MODELS_FILE: There is no model “made”",
        ),
    ],
)
async def test_what_cannot_be_is_told_before_anything_is_called(
    tmp_path: Path, environment: dict[str, str], arguments: tuple[str, ...], code: int, said: str
):
    server = author()
    async with answering(server) as address:
        got, printed = await write(tmp_path, address, *arguments, **environment)
    assert got == code, printed
    assert said in " ".join(printed.split())
    assert server.calls == []
    assert not (tmp_path / "out.md").exists()


async def test_a_provider_that_is_away_ends_the_command_with_4_and_no_file(tmp_path: Path):
    dead = author(faults=failing(rate=1.0, kinds=[Fault.OVERLOADED]))
    async with answering(dead) as address:
        code, printed = await write(tmp_path, address)
    assert code == 4, printed
    assert "No language model answers at the moment" in printed
    assert not (tmp_path / "out.md").exists()
