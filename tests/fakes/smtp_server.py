"""An SMTP server on loopback that keeps what it is given, and can refuse or stay silent."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

_WITHIN_S = 60


@dataclass
class SmtpServer:
    """What the server does, and what it has seen.

    to_recipients: how it answers to the first addresses that mails are for; it takes those that come after them.
    pause_s: before each answer. is_silent_after_mail: it takes mails, and does not say so.
    port: 0 for any that is free.
    """

    tls: ssl.SSLContext | None = None
    password: str = ""
    to_recipients: list[str] = field(default_factory=list)
    knows_unicode: bool = True
    is_silent: bool = False
    is_endless: bool = False
    pause_s: float = 0
    is_silent_after_mail: bool = False
    hangs_up_on_quit: bool = False
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    calls: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until_taken(self, count: int) -> EmailMessage:
        """Wait until so many mails were taken; return the last of them."""
        async with asyncio.timeout(_WITHIN_S), self._news:
            await self._news.wait_for(lambda: len(self.mails) >= count)
        return self.mails[count - 1]

    async def until_called(self, count: int) -> None:
        """Wait until so many conversations were begun."""
        async with asyncio.timeout(_WITHIN_S), self._news:
            await self._news.wait_for(lambda: self.calls >= count)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            self.words.append("(the client went away)")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._news:
            self.calls += 1
            self._news.notify_all()
        if self.is_silent:
            await reader.read()
            return
        while self.is_endless and not self.over.is_set():
            writer.write(b"220-one moment please\r\n")
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), 0.02)
        writer.write(b"220 fake ready\r\n")
        while line := await reader.readline():
            word = line.decode().strip()
            answer = self.answer(word)
            self.words.append(word)
            await asyncio.sleep(self.pause_s)
            if self.hangs_up_on_quit and answer.startswith("221"):
                return
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
            if answer.startswith("221"):
                return
            if answer.startswith("354"):
                content = await reader.readuntil(b"\r\n.\r\n")
                async with self._news:
                    self.mails.append(parse(content[:-3].replace(b"\r\n..", b"\r\n.")))
                    self._news.notify_all()
                if self.is_silent_after_mail:
                    await reader.read()
                    return
                writer.write(b"250 taken\r\n")
            if word == "STARTTLS" and self.tls:
                await writer.start_tls(self.tls)

    def answer(self, word: str) -> str:
        verb, _, rest = word.partition(" ")
        verb = verb.upper()
        if verb == "EHLO":
            offered = ["STARTTLS"] if self.tls and "STARTTLS" not in self.words else []
            letters = ["SMTPUTF8", "8BITMIME"] if self.knows_unicode else []
            lines = ["fake", *offered, *(["AUTH PLAIN"] if self.password else []), *letters]
            return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])
        if verb == "STARTTLS":
            return "220 go on"
        if verb == "AUTH":
            given = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")[2]
            return "235 welcome" if given == self.password else "535 wrong"
        if verb == "RCPT" and self.to_recipients:
            return self.to_recipients.pop(0)
        if verb == "DATA":
            return "354 go on"
        if verb == "QUIT":
            return "221 bye"
        return "250 fine" if verb in ("MAIL", "RCPT", "RSET") else "502 what?"


@asynccontextmanager
async def smtp_server(*, is_tls_first: bool = False, **given: object) -> AsyncIterator[SmtpServer]:
    """Serve on loopback until the block ends."""
    fake = SmtpServer(**given)
    context = fake.tls if is_tls_first else None
    if is_tls_first:
        fake.tls = None
    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        conversations.add(task)
        await fake.converse(reader, writer)

    server = await asyncio.start_server(converse, "127.0.0.1", fake.port, ssl=context)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        fake.over.set()
        if conversations:
            await asyncio.wait(conversations, timeout=5)


def parse(content: bytes) -> EmailMessage:
    """Return the message that the bytes are."""
    return message_from_bytes(content, policy=policy.default)
