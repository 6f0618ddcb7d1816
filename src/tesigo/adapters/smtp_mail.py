"""Mails by way of an SMTP server."""

import asyncio
import contextlib
import smtplib
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from tesigo.accounts.errors import MailNotSent, MailRefused
from tesigo.accounts.ports import Mail
from tesigo.adapters.mail_message import build_message
from tesigo.kit.clock import Clock
from tesigo.kit.errors import Invalid

log = structlog.get_logger(__name__)

_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
_FOR_GOOD = 500
_END_OF_MAIL = b"\r\n.\r\n"
_AT_A_TIME = 4
_GRACE_S = 1.0
"""What a conversation may take after its deadline, to notice it."""


class SmtpMail:
    """Hands mails to one server.

    url: `smtp://user:password@host:port`, which changes to TLS when the server offers it, or `smtps://…`,
    which begins with it; user and password are percent-encoded, and may be left out.
    tls: whom to trust; by default the authorities that the machine knows.
    timeout_s: for the whole conversation, which is broken off then, so that its thread is free again.
    Raises Invalid for a user or password that is not ASCII: Python's smtplib cannot send it.
    """

    def __init__(
        self, url: str, *, sender: str, clock: Clock, tls: ssl.SSLContext | None = None, timeout_s: float = 15
    ) -> None:
        parts = urlsplit(url)
        self._is_tls_first = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or _DEFAULT_PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        if not (self._user + self._password).isascii():
            raise Invalid("SMTP_URL: the user and the password must be ASCII.", code="wrong_setting")
        self._sender = sender
        self._clock = clock
        self._tls = tls or ssl.create_default_context()
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="smtp")

    async def send(self, mail: Mail) -> None:
        """Hand the mail to the server.

        Returns also when the server was given the whole mail and then said nothing: it may have taken it, and a second
        one would be one too many. Raises MailNotSent when it does not answer in time or refuses; the log has its
        reason. Raises MailRefused when it refuses the address itself for good (5yz in RFC 5321, section 4.2.1), or
        cannot carry its letters.
        """
        message = build_message(mail, sender=self._sender, now=self._clock())
        deadline = _Deadline(self._timeout_s)
        try:
            await self._converse(message, deadline)
        except smtplib.SMTPRecipientsRefused as error:
            smtp_code = max((code for code, _ in error.recipients.values()), default=0)
            log.warning("mail not sent", reason="the address is refused", smtp_code=smtp_code)
            if smtp_code >= _FOR_GOOD:
                raise MailRefused("no mail can be written to this address") from error
            raise _not_sent() from error
        except (OSError, smtplib.SMTPException) as error:
            reason, answer = type(error).__name__, getattr(error, "smtp_code", None)
            if deadline.is_mail_out and answer is None:
                log.warning("mail sent, but the server did not say that it took it", reason=reason)
                return
            log.warning("mail not sent", reason=reason, smtp_code=answer)
            raise _not_sent() from error

    async def _converse(self, message: EmailMessage, deadline: "_Deadline") -> None:
        loop = asyncio.get_running_loop()
        ending = loop.call_later(self._timeout_s, deadline.break_off)
        try:
            async with asyncio.timeout(self._timeout_s + _GRACE_S):
                await loop.run_in_executor(self._threads, self._deliver, message, deadline)
        finally:
            ending.cancel()
            deadline.break_off()  # also when nobody waits for it any more

    def _deliver(self, message: EmailMessage, deadline: "_Deadline") -> None:
        server = self._connect(deadline)
        try:
            server.ehlo_or_helo_if_needed()
            if not self._is_tls_first and server.has_extn("starttls"):
                server.starttls(context=self._tls)
            if self._user:
                server.login(self._user, self._password)
            try:
                server.send_message(message, to_addrs=[each.addr_spec for each in message["To"].addresses])
            except smtplib.SMTPNotSupportedError as error:  # for an address beyond ASCII, RFC 6531
                raise MailRefused("the mail server cannot carry mails to this address") from error
            with contextlib.suppress(OSError, smtplib.SMTPException):  # the mail is taken, whatever comes now
                server.quit()
        finally:
            server.close()

    def _connect(self, deadline: "_Deadline") -> smtplib.SMTP:
        if self._is_tls_first:
            return _TlsConversation(deadline, self._host, self._port, context=self._tls)
        return _Timed(deadline, self._host, self._port)


class _Deadline:
    """Until when one conversation may last, and how far it has come; used by its thread and by who waits for it."""

    def __init__(self, timeout_s: float) -> None:
        self._ends_at = time.monotonic() + timeout_s
        self._is_over = False
        self._server: smtplib.SMTP | None = None
        self.is_mail_out = False

    def watch(self, server: smtplib.SMTP) -> None:
        self._server = server

    def left_s(self) -> float:
        """Return the seconds that are left. Raises SMTPServerDisconnected when there are none."""
        left_s = self._ends_at - time.monotonic()
        if self._is_over or left_s <= 0:
            raise smtplib.SMTPServerDisconnected("the time is over")
        return left_s

    def break_off(self) -> None:
        """Wake the thread from whatever it waits for on its socket; no step is begun any more."""
        self._is_over = True
        connection: socket.socket | None = getattr(self._server, "sock", None)
        if connection is not None:
            with contextlib.suppress(OSError):  # it is closed already
                # the plain one: that of TLS would take the layer away under the thread's hands
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Timed(smtplib.SMTP):
    """A conversation of which no step, and no line within a step, outlasts the deadline."""

    def __init__(self, deadline: _Deadline, host: str, port: int, **more: Any) -> None:
        self._deadline = deadline
        deadline.watch(self)
        super().__init__(host, port, timeout=deadline.left_s(), **more)

    def getreply(self) -> tuple[int, bytes]:
        """Return the answer, as the library does."""
        self._limit()
        return super().getreply()

    def send(self, s: Any) -> None:
        """Send, as the library does, and note when the end of a mail is out."""
        self._limit()
        super().send(s)
        if isinstance(s, bytes) and s.endswith(_END_OF_MAIL):
            self._deadline.is_mail_out = True

    def _limit(self) -> None:
        left_s = self._deadline.left_s()
        if self.sock is not None:
            self.sock.settimeout(left_s)


class _TlsConversation(_Timed, smtplib.SMTP_SSL):
    """One that begins with TLS."""


def _not_sent() -> MailNotSent:
    return MailNotSent("the mail server did not take the mail")
