"""What a fake model server does wrong, and when: by a script, call by call, or by dice at a rate."""

import random
from collections.abc import Sequence
from enum import StrEnum


class Fault(StrEnum):
    """One thing that goes wrong with a call."""

    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_WITHOUT_WAIT = "rate_limited_without_wait"
    QUOTA_EXHAUSTED = "quota_exhausted"
    SERVER_ERROR = "server_error"
    OVERLOADED = "overloaded"
    TIME_OUT = "time_out"
    SLOW_FIRST_TOKEN = "slow_first_token"
    CUT_STREAM = "cut_stream"
    CUT_CLEAN = "cut_clean"
    ERROR_EVENT = "error_event"
    NO_STREAM = "no_stream"
    MALFORMED_CHUNK = "malformed_chunk"
    MALFORMED_ANSWER = "malformed_answer"
    WRONG_SCHEMA = "wrong_schema"
    EMPTY = "empty"
    CUT_SHORT = "cut_short"
    REFUSED = "refused"
    REFUSED_IN_WORDS = "refused_in_words"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"


FOR_GOOD = frozenset({Fault.QUOTA_EXHAUSTED, Fault.BAD_REQUEST, Fault.UNAUTHORIZED, Fault.NOT_FOUND})
"""What the same call meets again."""

PASSING = tuple(fault for fault in Fault if fault not in FOR_GOOD)
"""What another attempt may not meet. TIME_OUT is among them: the caller waits as long as it can bear."""


class Faults:
    """Gives each call its fault, None for most.

    script: for the first calls, in their order; after them, dice decide at `rate` which of `kinds` it is.
    """

    def __init__(
        self,
        script: Sequence[Fault | None] = (),
        *,
        rate: float = 0.0,
        kinds: Sequence[Fault] = PASSING,
        dice: random.Random | None = None,
    ) -> None:
        self.script = list(script)
        self._rate = rate
        self._kinds = tuple(kinds)
        self._dice = dice or random.Random(0)

    def draw(self) -> Fault | None:
        """Return the fault of the next call."""
        if self.script:
            return self.script.pop(0)
        return self._dice.choice(self._kinds) if self._dice.random() < self._rate else None
