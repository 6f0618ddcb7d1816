"""A whole installation for a test: real tables, real adapters, and a client that talks to the application."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from tests.databases import EMBEDDED, admin_url, create_database, database

from tesigo.entry.api import make_app
from tesigo.entry.errands import errands
from tesigo.entry.migrating import migrate
from tesigo.entry.wiring import House, open_house
from tesigo.kit.clock import Clock, system_clock
from tesigo.kit.db import Database
from tesigo.kit.settings import load_settings

HERE = "http://127.0.0.1:8000"
_MAIL_WITHIN_S = 30
GENEROUS = {f"{name}_limit": 10_000 for name in ("sign_in", "generation", "upload", "export")}
"""Limits of rate that a test reaches only where it sets its own."""

_templates: dict[str, str] = {}
_read_mails: set[Path] = set()
ABSTRACTS = [
    {
        "id": "any",
        "type": "article-journal",
        "title": f"Feedback on essays, study {number}",
        "author": [{"family": family, "given": "A."}],
        "issued": {"date-parts": [[2015 + number]]},
        "container-title": "Journal of Essays",
        "abstract": (
            f"Automated feedback on essays helps students of group {number} to revise their drafts. "
            f"Teachers of group {number} report that rubric scores agree with those of human raters. "
            f"Students in class {number} trust comments on grammar more than comments on argument. "
            f"Peer feedback remains the strongest predictor of revision quality in cohort {number}. "
            f"Language models score the essays of cohort {number} with a moderate bias towards length. "
            f"Teachers in school {number} use the scores to plan their lessons for weak writers."
        ),
    }
    for number, family in enumerate(("Adams", "Brown", "Clark", "Davis", "Evans", "Frank", "Green", "Hill"))
]
"""Records with abstracts of our own, enough for a short document."""


@asynccontextmanager
async def opened_house(
    folder: Path, *, server: str = EMBEDDED, clock: Clock = system_clock, **given: Any
) -> AsyncIterator[House]:
    """Give a house over a new database on the named server, with its files in the folder."""
    async with database(server, template=await migrated(server)) as url:
        settings = load_settings(_env_file=None, data_dir=folder, database_url=url, **{**GENEROUS, **given})
        async with open_house(settings, clock=clock) as house:
            yield house


async def migrated(server: str) -> str:
    """Return the name of a database with all tables, which new ones are copies of."""
    if server not in _templates:
        url = await create_database(await asyncio.to_thread(admin_url, server))
        empty = Database(url)
        await migrate(empty)
        await empty.close()
        _templates[server] = urlsplit(url).path[1:]
    return _templates[server]


@asynccontextmanager
async def client_of(house: House, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the application over this house, in this process, which runs the errands besides."""
    transport = httpx.ASGITransport(make_app(house), raise_app_exceptions=False)
    async with (
        errands(house),
        httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers, timeout=30) as client,
    ):
        yield client


async def sign_in(client: httpx.AsyncClient, outbox: Path, email: str) -> dict[str, str]:
    """Sign somebody in by the mail that they get; return the headers of their requests."""
    answer = await client.post("/api/v1/auth/magic-link", json={"email": email})
    assert answer.status_code == 202, answer.text
    redeemed = {"code": await code_from_mail(outbox, email), "gdpr_consent": True}
    answer = await client.post("/api/v1/auth/magic-link/verify", json=redeemed)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def code_from_mail(outbox: Path, email: str) -> str:
    """Wait for the next mail to this address; return its code."""
    text = (await next_mail(outbox, email)).get_body(("plain",)).get_content()
    found = re.search(r"\b[A-Z2-7]{4}(?:-[A-Z2-7]{1,4})+\b", text)
    assert found, text
    return found[0]


async def link_from_mail(outbox: Path, email: str) -> str:
    """Wait for the next mail to this address; return its link, with the code behind `#`."""
    text = (await next_mail(outbox, email)).get_body(("plain",)).get_content()
    found = re.search(r"https?://\S+#[A-Z2-7-]+", text)
    assert found, text
    return found[0]


async def next_mail(outbox: Path, email: str) -> EmailMessage:
    """Wait for a mail to this address that nobody has read yet; return the newest, after which all count as read."""
    async with asyncio.timeout(_MAIL_WITHIN_S):
        while not (mails := _unread_mails(outbox, email)):  # noqa: ASYNC110 - only the folder knows
            await asyncio.sleep(0.01)
    return mails[-1]


def _unread_mails(outbox: Path, email: str) -> list[EmailMessage]:
    files = [file for file in sorted(outbox.glob("*.eml")) if file not in _read_mails]
    mails = {file: message_from_bytes(file.read_bytes(), policy=default) for file in files}
    own = {file: mail for file, mail in mails.items() if mail["To"] == email}
    _read_mails.update(own)
    return list(own.values())
