"""Errands run beside the server's requests: a mail that was asked for arrives, whatever dies meanwhile."""

import asyncio
import signal
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs
from tests.fakes.smtp_server import SmtpServer, smtp_server
from tests.houses import HERE, client_of, opened_house
from tests.ports import kept_port
from tests.processes import served

from tesigo.accounts.links_service import SEND_LINK
from tesigo.entry.api import make_app
from tesigo.kit.queue import defer

EMAIL = "olena@example.com"
SUBJECTS = {
    "en": "Your link to sign in to TesiGo",
    "uk": "Ваше посилання для входу в TesiGo",
    "it": "Il tuo link per accedere a TesiGo",
}


async def ask(client: httpx.AsyncClient, language: str = "en") -> None:
    wanted = {"email": EMAIL, "language": language}
    answer = await client.post("/api/v1/auth/magic-link", json=wanted)
    assert answer.status_code == 202, answer.text


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def code_from(server: SmtpServer) -> str:
    mail = await server.until_taken(1)
    (code,) = (line for line in body(mail, "plain").splitlines() if line.count("-") == 6 and "/" not in line)
    return code


async def redeem(client: httpx.AsyncClient, code: str) -> None:
    redeemed = {"code": code, "gdpr_consent": True}
    answer = await client.post("/api/v1/auth/magic-link/verify", json=redeemed)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("language", SUBJECTS)
async def test_the_mail_brings_the_link_and_the_code_as_text_and_as_html_in_the_language_asked_for(
    tmp_path: Path, language: str
):
    async with smtp_server() as server:
        url = f"smtp://127.0.0.1:{server.port}"
        async with opened_house(tmp_path, smtp_url=url) as house, client_of(house) as client:
            await ask(client, language)
            code = await code_from(server)
            (mail,) = server.mails
            assert (mail["To"], mail["Subject"]) == (EMAIL, SUBJECTS[language])
            link = f"{house.settings.base_url}/sign-in/link#{code}"
            assert link in body(mail, "plain")
            assert f'href="{link}"' in body(mail, "html")
            assert f'lang="{language}"' in body(mail, "html")
            assert code in body(mail, "html").replace(link, "")
            await redeem(client, code)


async def test_a_mail_server_that_is_away_gets_the_mail_once_it_is_back(tmp_path: Path):
    with kept_port() as port:
        url = f"smtp://127.0.0.1:{port}"
        async with opened_house(tmp_path, smtp_url=url) as house, client_of(house) as client:
            with capture_logs() as logs:
                await ask(client)
                async with asyncio.timeout(20):
                    while "mail not sent" not in [log["event"] for log in logs]:  # noqa: ASYNC110 - nobody is called
                        await asyncio.sleep(0.01)
            async with smtp_server(port=port) as server:
                await redeem(client, await code_from(server))


async def test_a_mail_server_that_asks_to_come_again_later_is_asked_again(tmp_path: Path):
    async with smtp_server(to_recipients=["451 try again later"]) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        async with opened_house(tmp_path, smtp_url=url) as house, client_of(house) as client:
            await ask(client)
            await redeem(client, await code_from(server))
    assert [word.split()[0].upper() for word in server.words].count("RCPT") == 2
    assert len(server.mails) == 1


async def test_what_waits_to_be_mailed_is_no_document_that_waits_for_a_worker(tmp_path: Path):
    async with opened_house(tmp_path) as house:
        async with house.database.transaction() as tx:
            await defer(tx, SEND_LINK, {"code_id": 0, "language": "en"})
        transport = httpx.ASGITransport(make_app(house))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            measured = (await client.get("/metrics")).text
    assert "tesigo_queue_waiting_jobs 0.0" in measured


@pytest.mark.breakdown
async def test_a_mail_that_a_killed_server_owed_is_sent_by_the_next_one(tmp_path: Path):
    async with smtp_server(is_silent=True) as silent:
        environment = {"SMTP_URL": f"smtp://127.0.0.1:{silent.port}"}
        async with (
            served(tmp_path, "--no-worker", **environment) as (running, address),
            httpx.AsyncClient(base_url=address, timeout=30) as client,
        ):
            await ask(client)
            await silent.until_called(1)  # the mail is in its hands, and not taken
            running.send(signal.SIGKILL)
            await running.until_ended()
    async with smtp_server() as server:
        environment = {"SMTP_URL": f"smtp://127.0.0.1:{server.port}"}
        async with (
            served(tmp_path, "--no-worker", **environment) as (_, address),
            httpx.AsyncClient(base_url=address, timeout=30) as client,
        ):
            await redeem(client, await code_from(server))
