"""The limits of a fake model server: requests and tokens a minute, and calls at once."""

import math
import time
from collections import deque
from dataclasses import dataclass, field

_WINDOW_S = 60


@dataclass
class Limit:
    """So many a minute, None for no limit; what was taken is free again after a minute."""

    amount: int | None
    taken: deque[tuple[float, int]] = field(default_factory=deque)

    def left(self) -> int:
        """Return how many may still be taken now."""
        now = time.monotonic()
        while self.taken and self.taken[0][0] <= now - _WINDOW_S:
            self.taken.popleft()
        return max(0, (self.amount or 0) - sum(count for _, count in self.taken))

    def take(self, count: int) -> None:
        """Take so many, also beyond the limit: a call is counted when it is known how long its answer was."""
        if self.amount is not None:
            self.taken.append((time.monotonic(), count))

    def wait_s(self, count: int) -> float:
        """Return the seconds until so many are free, 0 when they are."""
        if self.amount is None or self.left() >= min(count, self.amount):
            return 0
        missing, now = min(count, self.amount) - self.left(), time.monotonic()
        for at, freed in self.taken:
            missing -= freed
            if missing <= 0:
                return max(0.001, at + _WINDOW_S - now)
        return _WINDOW_S

    def reset_s(self) -> float:
        """Return the seconds until nothing is taken."""
        return max(0.0, self.taken[-1][0] + _WINDOW_S - time.monotonic()) if self.taken else 0.0


@dataclass
class Limits:
    """All limits of a server; `at_once` is kept by the server itself."""

    requests: Limit
    tokens: Limit
    at_once: int | None = None

    def refusal(self, tokens: int, now: int) -> str | None:
        """Return the Retry-After for a call that is one too many, None for one that is taken.

        tokens: of its prompt. now: how many calls there are at this moment, this one among them.
        """
        if self.at_once is not None and now > self.at_once:
            return "1"
        wait_s = max(self.requests.wait_s(1), self.tokens.wait_s(tokens))
        if wait_s:
            return str(math.ceil(wait_s))
        self.requests.take(1)
        self.tokens.take(tokens)
        return None
