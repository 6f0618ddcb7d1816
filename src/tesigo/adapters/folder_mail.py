"""Mails as files in a folder, where there is no mail server."""

import asyncio
import os
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

import structlog

from tesigo.accounts.errors import MailNotSent
from tesigo.accounts.ports import Mail
from tesigo.adapters.mail_message import build_message
from tesigo.kit.clock import Clock

log = structlog.get_logger(__name__)

_KEPT_FOR = timedelta(days=7)
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_OURS = re.compile(r"\.?\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}\.(eml|part)")
_TO_LINE = re.compile(rb"^to:[ \t]*(.*?)\r?$", re.IGNORECASE | re.MULTILINE)


class FolderMail:
    """Writes each mail as an `.eml` file that a mail program opens; the names sort by time.

    folder: made when needed; the files are for the owner's eyes only, because a mail can carry a code.
    announce: gets each mail in words (development prints it), None where nobody else may read it.
    """

    def __init__(
        self, folder: Path, *, sender: str, clock: Clock, announce: Callable[[str], None] | None = None
    ) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock
        self._announce = announce

    async def send(self, mail: Mail) -> None:
        """Write the mail; the file appears whole or not at all.

        Raises MailNotSent when the folder cannot be written.
        """
        try:
            file = await asyncio.to_thread(self._write, mail)
        except OSError as error:
            raise MailNotSent("the mail could not be written") from error
        if self._announce is not None:
            self._announce(f"Mail to {mail.to}, kept in {file}:\n\n{mail.text}")

    async def forget_old(self, now: datetime) -> int:
        """Remove mails written more than 7 days ago; return how many. What is no mail of ours stays."""
        return await asyncio.to_thread(self._remove_before, f"{(now - _KEPT_FOR).astimezone(UTC):{_STAMP}}")

    async def forget_mails(self, is_to: Callable[[str], bool]) -> int:
        """Remove the mails to every address of which this is true; return how many went.

        Raises OSError for the first mail that could not be looked at or removed, once all others are done.
        """
        return await asyncio.to_thread(self._remove_to, is_to)

    def _remove_to(self, is_to: Callable[[str], bool]) -> int:
        removed = 0
        failures: list[OSError] = []
        for file in self._folder.glob("*"):
            if not _OURS.fullmatch(file.name):
                continue
            try:
                if any(is_to(address) for address in _addressees(file)):
                    file.unlink(missing_ok=True)
                    removed += 1
            except OSError as failure:
                log.warning("a kept mail cannot be read or removed", reason=type(failure).__name__)
                failures.append(failure)
        if failures:
            raise failures[0]
        return removed

    def _remove_before(self, stamp: str) -> int:
        written = [file for file in self._folder.glob("*") if _OURS.fullmatch(file.name)]
        old = [file for file in written if file.name.lstrip(".") < stamp]
        for file in old:
            file.unlink(missing_ok=True)
        return len(old)

    def _write(self, mail: Mail) -> Path:
        now = self._clock()
        content = build_message(mail, sender=self._sender, now=now).as_bytes()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{now.astimezone(UTC):{_STAMP}}-{secrets.token_hex(4)}"
        draft, file = self._folder / f".{name}.part", self._folder / f"{name}.eml"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        return draft.rename(file)


def _addressees(file: Path) -> Iterator[str]:
    """Yield to whom the mail is, as it is written and as it reads; nothing when it was removed meanwhile."""
    try:
        written = file.read_bytes()
    except FileNotFoundError:
        return
    yield from (line.decode(errors="replace") for line in _TO_LINE.findall(written.partition(b"\r\n\r\n")[0]))
    yield from _read_addressees(written)


def _read_addressees(written: bytes) -> list[str]:
    try:
        header = BytesHeaderParser(policy=default).parsebytes(written)["To"]
        if header is None:
            return []
        read = [str(header), *(address.addr_spec for address in header.addresses)]
        return [text.encode(errors="replace").decode() for text in read]
    except Exception as failure:  # noqa: BLE001 - the library fails in many ways at what is no address
        log.warning("a kept mail names nobody who can be read", reason=type(failure).__name__)
        return []
