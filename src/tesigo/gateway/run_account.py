"""The account of a run that nobody else pays with: a command that writes one document, without any database."""

import uuid

from tesigo.gateway.errors import TokenLimitReached
from tesigo.gateway.ports import Call, Outcome, Usage


class RunAccount:
    """Counts what one run uses, and ends it before it passes its limit; implements `Account`.

    limit: tokens of the whole run, None for any number. Nothing of it outlives the process, and neither does the run.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._used = 0
        self._reserved: dict[uuid.UUID, int] = {}

    @property
    def tokens_used(self) -> int:
        """All that was used so far, on failures too."""
        return self._used

    async def reserve(self, call: Call) -> None:
        """Set aside what the call can use. Raises TokenLimitReached when it could pass the limit."""
        most = call.most.tokens
        if self._limit is not None and self._used + sum(self._reserved.values()) + most > self._limit:
            raise TokenLimitReached(
                f"The next call of a model may need {most:,} tokens; this document has used {self._used:,}, and may "
                f"use {self._limit:,} (DAILY_TOKEN_LIMIT). Raise that, or ask for fewer pages.",
                retry_after_s=0,
            )
        self._reserved[call.id] = most

    def spend(self, call: Call, usage: Usage, outcome: Outcome, *, took_s: float) -> None:  # noqa: ARG002 - the port's
        """Count what the call used."""
        del self._reserved[call.id]
        self._used += usage.tokens

    async def release(self, call: Call) -> None:
        """Give back what was set aside."""
        del self._reserved[call.id]
