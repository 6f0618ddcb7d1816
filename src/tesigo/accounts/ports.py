"""What accounts need from the outside."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession


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


class TokensToday(Protocol):
    """Whoever knows how many tokens of language models a user has used today, by UTC."""

    async def __call__(self, tx: AsyncSession, user_id: int, now: datetime) -> int:
        """Return the tokens, in the transaction of whoever asks."""
        ...
