"""Mails as files in a folder, where there is no mail server."""

import asyncio
import os
import secrets
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

from tesigo.accounts.errors import MailNotSent
from tesigo.accounts.ports import Mail
from tesigo.adapters.mail_message import build_message
from tesigo.kit.clock import Clock


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
            raise MailNotSent("The mail could not be stored. Please try again later.") from error
        if self._announce is not None:
            self._announce(f"Mail to {mail.to}, kept in {file}:\n\n{mail.text}")

    def _write(self, mail: Mail) -> Path:
        now = self._clock()
        content = build_message(mail, sender=self._sender, now=now).as_bytes()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
        draft, file = self._folder / f".{name}.part", self._folder / f"{name}.eml"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        return draft.rename(file)
