"""What accounts need from the outside."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person; `text` and `html` say the same. Its body can carry a code: never log it."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class Mailer(Protocol):
    """Whoever carries mails away."""

    async def send(self, mail: Mail) -> None:
        """Hand the mail over; it was taken then, or nobody can know whether it was.

        Raises MailNotSent when it was not taken: the same call may work later. Raises MailRefused when no mail
        will ever be taken for this address.
        """
        ...
