"""Mails reach the server that SMTP_URL names, and a server in trouble is told as such."""

import asyncio
import shutil
import ssl
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.fakes.smtp_server import smtp_server

from tesigo.accounts.errors import MailNotSent, MailRefused
from tesigo.accounts.ports import Mail
from tesigo.adapters.smtp_mail import SmtpMail
from tesigo.kit.errors import Invalid

MAIL = Mail(
    to="olena@example.com",
    subject="Ваше посилання",
    text="Відкрийте:\n\nhttp://x/#AAAA\n\n.\nкрапка\n",
    html="<p>Відкрийте</p>",
)
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


def mailer(url: str, **more) -> SmtpMail:
    return SmtpMail(url, sender="TesiGo <no-reply@tesigo.example>", clock=lambda: NOW, **more)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, made now."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=fake", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(file), "-out", f"{file}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def client_tls(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=f"{certificate}.crt")


async def test_a_mail_arrives_whole_in_any_script():
    async with smtp_server() as server:
        await mailer(f"smtp://127.0.0.1:{server.port}").send(MAIL)
    message = server.mails[0]
    assert (message["To"], message["Subject"]) == (MAIL.to, MAIL.subject)
    assert message["From"] == "TesiGo <no-reply@tesigo.example>"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].endswith("@tesigo.example>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_body(("plain",)).get_content().splitlines() == MAIL.text.splitlines()
    assert message.get_body(("html",)).get_content().strip() == MAIL.html


async def test_the_conversation_changes_to_tls_when_the_server_offers_it(server_tls, client_tls):
    async with smtp_server(tls=server_tls, password="p@ss/word") as server:
        url = f"smtp://us%40er:p%40ss%2Fword@127.0.0.1:{server.port}"
        await mailer(url, tls=client_tls).send(MAIL)
    verbs = [word.split()[0].upper() for word in server.words]
    assert verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
    assert len(server.mails) == 1


async def test_smtps_begins_with_tls(server_tls, client_tls):
    async with smtp_server(tls=server_tls, is_tls_first=True) as server:
        await mailer(f"smtps://127.0.0.1:{server.port}", tls=client_tls).send(MAIL)
    assert "STARTTLS" not in server.words
    assert len(server.mails) == 1


async def test_a_server_with_a_certificate_of_nobody_we_trust_gets_no_mail(server_tls):
    async with smtp_server(tls=server_tls) as server:
        with pytest.raises(MailNotSent):
            await mailer(f"smtp://127.0.0.1:{server.port}").send(MAIL)
    assert server.mails == []


@pytest.mark.parametrize(
    ("trouble", "login", "refused"),
    [
        ({"to_recipients": ["451 nobody at home"]}, "", "RCPT"),
        ({"password": "another"}, "user:wrong@", "AUTH"),
    ],
)
async def test_a_refusal_for_now_is_told_as_not_sent_without_the_servers_words(trouble, login, refused):
    async with smtp_server(**trouble) as server:
        with pytest.raises(MailNotSent) as failure:
            await mailer(f"smtp://{login}127.0.0.1:{server.port}").send(MAIL)
    assert any(word.upper().startswith(refused) for word in server.words)
    assert "nobody" not in failure.value.message
    assert server.mails == []


async def test_an_address_that_is_refused_for_good_is_told_as_such_and_stands_in_no_log():
    async with smtp_server(to_recipients=["550 nobody here of the name olena@example.com"]) as server:
        with capture_logs() as logs, pytest.raises(MailRefused) as failure:
            await mailer(f"smtp://127.0.0.1:{server.port}").send(MAIL)
    assert "olena" not in failure.value.message + str(logs)
    assert logs[0]["smtp_code"] == 550
    assert server.mails == []


async def test_an_address_that_the_server_cannot_carry_is_refused_for_good():
    mail = replace(MAIL, to="олена@example.com")
    async with smtp_server(knows_unicode=False) as server:
        with pytest.raises(MailRefused):
            await mailer(f"smtp://127.0.0.1:{server.port}").send(mail)
    async with smtp_server() as server:
        await mailer(f"smtp://127.0.0.1:{server.port}").send(mail)
    assert len(server.mails) == 1


async def test_a_domain_beyond_ascii_reaches_a_server_that_knows_ascii_only():
    async with smtp_server(knows_unicode=False) as server:
        await mailer(f"smtp://127.0.0.1:{server.port}").send(replace(MAIL, to="olena@пошта.укр"))
    carried = "olena@xn--80a1acn3a.xn--j1amh"
    assert f"rcpt TO:<{carried}>" in server.words
    assert server.mails[0]["To"] == carried


@pytest.mark.parametrize("word", ["v=69ctim", "=3a=3b=20b", "", "=0d=0aBcc=3a"])
async def test_an_address_that_reads_as_another_one_gets_no_mail(word: str):
    async with smtp_server() as server:
        with pytest.raises(MailRefused):
            await mailer(f"smtp://127.0.0.1:{server.port}").send(
                replace(MAIL, to=f"=?utf-8?q?{word}?=@example.com")
            )
    assert server.mails == []


def test_a_password_that_cannot_be_sent_stops_the_start_without_being_told():
    with pytest.raises(Invalid) as failure:
        mailer("smtp://user:geheimn%C3%A4s@127.0.0.1")
    assert "SMTP_URL" in failure.value.message
    assert "geheim" not in failure.value.message


async def test_a_server_that_is_not_there_is_told_as_not_sent():
    async with smtp_server() as server:
        port = server.port
    with pytest.raises(MailNotSent):
        await mailer(f"smtp://127.0.0.1:{port}").send(MAIL)


@pytest.mark.parametrize("trouble", [{"is_silent": True}, {"is_endless": True}], ids=str)
async def test_a_server_that_stays_silent_or_never_ends_is_given_up_in_time(trouble):
    async with smtp_server(**trouble) as server, asyncio.timeout(3):
        with pytest.raises(MailNotSent):
            await mailer(f"smtp://127.0.0.1:{server.port}", timeout_s=0.2).send(MAIL)


async def test_a_slow_server_gets_no_mail_after_the_deadline_and_holds_no_thread():
    async with smtp_server(pause_s=0.08) as server:
        before = {*threading.enumerate()}
        slow = mailer(f"smtp://127.0.0.1:{server.port}", timeout_s=0.2)
        for _ in range(6):
            with pytest.raises(MailNotSent):
                await slow.send(MAIL)
        assert len({*threading.enumerate()} - before) <= 4
    assert server.calls == 6  # the fake has heard all of them to their end
    assert not any(word.upper() == "DATA" for word in server.words)
    assert server.mails == []


async def test_a_whole_mail_that_the_server_says_nothing_about_is_not_sent_again():
    async with smtp_server(is_silent_after_mail=True) as server, asyncio.timeout(3):
        with capture_logs() as logs:
            await mailer(f"smtp://127.0.0.1:{server.port}", timeout_s=0.3).send(MAIL)
    assert len(server.mails) == 1
    assert [log["event"] for log in logs] == ["mail sent, but the server did not say that it took it"]


async def test_a_mail_that_was_taken_is_sent_however_the_conversation_ends():
    async with smtp_server(hangs_up_on_quit=True) as server:
        with capture_logs() as logs:
            await mailer(f"smtp://127.0.0.1:{server.port}").send(MAIL)
    assert (len(server.mails), logs) == (1, [])
