"""What erasure needs from outside: the mails that an installation without a mail server keeps."""

from collections.abc import Callable
from typing import Protocol


class KeptMails(Protocol):
    """Mails that are kept where somebody could still read them."""

    async def forget_mails(self, is_to: Callable[[str], bool]) -> int:
        """Remove the mails to every address of which this is true; return how many went. Raises OSError."""
        ...


class NoKeptMails:
    """Mails that were handed to a mail server: none is kept here."""

    async def forget_mails(self, is_to: Callable[[str], bool]) -> int:  # noqa: ARG002 - the port's
        """Return 0."""
        return 0
