"""A mailer that keeps what it was given, and can be out of order."""

import re

from tesigo.accounts.errors import MailNotSent
from tesigo.accounts.ports import Mail


class FakeMailer:
    """Keeps mails in the order of sending."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.is_out_of_order = False

    async def send(self, mail: Mail) -> None:
        if self.is_out_of_order:
            raise MailNotSent("The mail could not be sent just now. Please try again later.")
        self.sent.append(mail)

    @property
    def last_code(self) -> str:
        """The code that stands on a line of its own in the newest mail."""
        found = re.search(r"^([A-Z2-7]{4}(?:-[A-Z2-7]{4})+)$", self.sent[-1].text, re.MULTILINE)
        assert found, self.sent[-1].text
        return found[1]
