"""Mails by way of an SMTP server."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
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


class SmtpMail:
    """Hands mails to one server.

    url: `smtp://user:password@host:port`, which changes to TLS when the server offers it, or `smtps://…`,
    which begins with it; user and password are percent-encoded, and may be left out.
    tls: whom to trust; by default the authorities that the machine knows.
    timeout_s: for each step of the conversation, and for the whole of it.
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

    async def send(self, mail: Mail) -> None:
        """Hand the mail to the server.

        Raises MailNotSent when it does not answer in time or refuses; the log has its reason. Raises MailRefused when
        it refuses the address itself for good (5yz in RFC 5321, section 4.2.1), or cannot carry its letters.
        """
        message = build_message(mail, sender=self._sender, now=self._clock())
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.to_thread(self._deliver, message)
        except smtplib.SMTPRecipientsRefused as error:
            smtp_code = max((code for code, _ in error.recipients.values()), default=0)
            log.warning("mail not sent", reason="the address is refused", smtp_code=smtp_code)
            if smtp_code >= _FOR_GOOD:
                raise MailRefused("no mail can be written to this address") from error
            raise _not_sent() from error
        except (OSError, smtplib.SMTPException) as error:
            log.warning(
                "mail not sent", reason=type(error).__name__, smtp_code=getattr(error, "smtp_code", None)
            )
            raise _not_sent() from error

    def _deliver(self, message: EmailMessage) -> None:
        with self._connect() as server:
            server.ehlo_or_helo_if_needed()
            if not self._is_tls_first and server.has_extn("starttls"):
                server.starttls(context=self._tls)
            if self._user:
                server.login(self._user, self._password)
            try:
                server.send_message(message)
            except smtplib.SMTPNotSupportedError as error:  # for an address beyond ASCII, RFC 6531
                raise MailRefused("the mail server cannot carry mails to this address") from error

    def _connect(self) -> smtplib.SMTP:
        if self._is_tls_first:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=self._tls)
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)


def _not_sent() -> MailNotSent:
    return MailNotSent("the mail server did not take the mail")
