"""A mailer that keeps what it was given, and can be out of order."""

import asyncio
import re

from tesigo.accounts.errors import MailNotSent, MailRefused
from tesigo.accounts.ports import Mail

_WITHIN_S = 20


class FakeMailer:
    """Keeps mails in the order of sending; counts also those that it did not take."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.tries = 0
        self.is_out_of_order = False
        self.refuses_for_good = False
        self.unforeseen: Exception | None = None
        self._news = asyncio.Condition()

    async def send(self, mail: Mail) -> None:
        async with self._news:
            self.tries += 1
            self._news.notify_all()
            if self.unforeseen is not None:
                raise self.unforeseen
            if self.refuses_for_good:
                raise MailRefused("no mail can be written to this address")
            if self.is_out_of_order:
                raise MailNotSent("the mail server did not take the mail")
            self.sent.append(mail)

    async def until_sent(self, count: int) -> Mail:
        """Wait until so many mails were sent; return the last of them."""
        async with asyncio.timeout(_WITHIN_S), self._news:
            await self._news.wait_for(lambda: len(self.sent) >= count)
        return self.sent[count - 1]

    async def until_tried(self, count: int) -> None:
        """Wait until so many mails were handed over, taken or not."""
        async with asyncio.timeout(_WITHIN_S), self._news:
            await self._news.wait_for(lambda: self.tries >= count)


def code_in(mail: Mail) -> str:
    """Return the code that stands on a line of its own."""
    found = re.search(r"^([A-Z2-7]{4}(?:-[A-Z2-7]{4})+)$", mail.text, re.MULTILINE)
    assert found, mail.text
    return found[1]
