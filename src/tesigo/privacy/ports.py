"""What erasure needs from outside: the mails that an installation keeps while it has no mail server."""

from collections.abc import Callable
from typing import Protocol


class KeptMails(Protocol):
    """Mails that are kept where somebody could still read them."""

    async def forget_mails(self, is_to: Callable[[str], bool]) -> int:
        """Remove the mails to every address of which this is true; return how many went. Raises OSError."""
        ...
