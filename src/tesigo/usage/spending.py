"""The values by which the ledger speaks: who pays, what was spent, and how much may be spent in a day."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from tesigo.gateway.ports import Call, Outcome, Usage


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose tokens they are. document_id, job_id: None where there is none, and of what is gone by now."""

    user_id: int | None
    document_id: int | None = None
    job_id: uuid.UUID | None = None

    def without_document(self) -> Self:
        """Return the payer of what was spent for a document that is gone."""
        return replace(self, document_id=None)


NOBODY = Payer(user_id=None)
"""Who pays for what was spent in the name of somebody who was erased since."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call really used. called_at: when it was reserved, which decides the day that it counts for."""

    call: Call
    usage: Usage
    outcome: Outcome
    called_at: datetime
    took_ms: int


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """How many tokens may be used in a day: by all together, and by one user. None: as many as they like."""

    service: int | None
    user: int | None


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens of one day. reserved: set aside for calls of that day that are under way, at most so many more."""

    used: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day by UTC, from its first moment to that of the next."""

    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, time: datetime) -> Self:
        """Return the day that this moment belongs to, whatever zone it is told in."""
        begins = time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(begins, begins + timedelta(days=1))
