"""The OpenAPI document is kept: schemathesis asks every route for what the document allows, and for what it forbids.

All of its checks hold, with exceptions: those in `CONFIGURATION`, each with its reason, and one in `run_schemathesis`.
It runs in a process of its own, against a real server, with a few examples of each operation and without their
sequences; all of it, and more examples: `TESIGO_SCHEMA_EXAMPLES=100 pytest tests/integration/test_schema.py`.
"""

import asyncio
import os
import re
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.houses import client_of, opened_house, sign_in
from tests.servers import answering

from tesigo.entry.api import make_app

pytestmark = pytest.mark.breakdown

EXAMPLES = int(os.environ.get("TESIGO_SCHEMA_EXAMPLES", "3"))
PHASES = "examples,coverage,fuzzing"
ALL_PHASES = f"{PHASES},stateful" if "TESIGO_SCHEMA_EXAMPLES" in os.environ else PHASES
WITHIN_S = 300 + 30 * EXAMPLES
CONFIGURATION = """
# 422 says that a body breaks the document; 400 and 415 that it breaks a rule which no schema can tell
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "415", "429"]

# a document that was just made has no draft: 404 `no_draft` is what the contract promises
[checks.ensure_resource_availability]
enabled = false

# `format: email` allows addresses at which no mail arrives, such as those below .test
[[operations]]
include-path = "/api/v1/auth/magic-link"
checks.positive_data_acceptance.expected-statuses = ["2xx", "422", "429"]

# schemathesis drops the pattern of the name, as it says itself
[[operations]]
include-path = "/api/v1/user/me"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "422"]
"""
END_THE_SIGN_IN = ("/user/delete-account", "/user/sessions/{sign_in_id}")
NEVER_LET_IN = {
    "POST /api/v1/auth/refresh",  # nobody gives schemathesis a refresh token
    "POST /api/v1/auth/logout",
}


class Noted:
    """The application, and with which statuses each of its operations has answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.statuses: dict[str, set[int]] = defaultdict(set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.statuses[f"{scope['method']} {scope['path']}"].add(message["status"])
            await send(message)

        await self._app(scope, receive, send_and_note)

    def statuses_of(self, operation: str) -> set[int]:
        """Return all statuses that this operation has answered with, whatever its ids were."""
        address = re.compile(re.sub(r"{\w+}", "[^/]+", operation))
        found = (statuses for asked, statuses in self.statuses.items() if address.fullmatch(asked))
        return set().union(*found)


@asynccontextmanager
async def fuzzed(
    folder: Path, *arguments: str, is_signed_in: bool
) -> AsyncIterator[tuple[str, Noted, list[str]]]:
    """Give what schemathesis printed about an installation, what this answered, and its operations."""
    boss = "boss@example.com"
    async with opened_house(folder, admin_emails=(boss,)) as house, client_of(house) as client:
        noted = Noted(make_app(house))
        paths = (await client.get("/openapi.json")).json()["paths"]
        operations = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
        headers = await sign_in(client, folder / "outbox", boss) if is_signed_in else {}
        (folder / "schemathesis.toml").write_text(CONFIGURATION)
        async with answering(noted) as address:
            given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
            printed = await run_schemathesis(folder, f"{address}/openapi.json", *given, *arguments)
        yield printed, noted, operations


async def run_schemathesis(folder: Path, *arguments: str) -> str:
    """Return what it printed. Fails the test, with that, when one of its checks failed."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        *("--config-file", "schemathesis.toml", "run", "--no-color", "-c", "all", "--continue-on-failure"),
        *("-n", str(EXAMPLES), "--generation-database", "none", *arguments),
        # a pattern would say that no text takes U+0000, but makes texts of three million characters too dear
        *("--generation-allow-x00", "false"),
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = printed.decode()
    if process.returncode:
        pytest.fail(text[max(0, text.find("= FAILURES")) :], pytrace=False)
    return text


async def test_somebody_who_is_signed_in_is_answered_as_the_document_says(tmp_path: Path):
    kept_away = [part for path in END_THE_SIGN_IN for part in ("--exclude-path", f"/api/v1{path}")]
    chosen = (*kept_away, "--phases", ALL_PHASES)
    async with fuzzed(tmp_path, *chosen, is_signed_in=True) as (_, noted, operations):
        asked = [each for each in operations if not each.endswith(END_THE_SIGN_IN)]
        refused = {each for each in asked if noted.statuses_of(each) <= {401, 405, 422}}
    assert refused <= NEVER_LET_IN, "of these routes nothing was seen but the door"


async def test_nobody_is_answered_as_the_document_says(tmp_path: Path):
    async with fuzzed(tmp_path, "--phases", PHASES, is_signed_in=False) as (_, noted, operations):
        entered = {
            each
            for each in operations
            if {200, 201, 202, 204} & noted.statuses_of(each) and ("/documents" in each or "/user" in each)
        }
    assert entered == set()


@pytest.mark.parametrize("path", END_THE_SIGN_IN)
async def test_what_ends_the_sign_in_answers_as_the_document_says(path: str, tmp_path: Path):
    chosen = ("--include-path", f"/api/v1{path}", "--phases", PHASES)
    async with fuzzed(tmp_path, *chosen, is_signed_in=True) as (_, noted, _operations):
        assert noted.statuses_of(f"DELETE /api/v1{path}") & {200, 404}
