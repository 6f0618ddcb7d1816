"""What the gateway of this process counts, for metrics."""

from collections import Counter
from dataclasses import dataclass

ANSWERED = "answered"
"""The outcome of an attempt that gave a whole and usable answer; the others are those of `Trouble`."""


@dataclass(frozen=True, slots=True)
class ModelMeasured:
    """One model, as this process knows it. attempts: by outcome; window: how many calls may run at once."""

    model: str
    breaker: str
    window: int
    at_work: int
    attempts: dict[str, int]


class Tally:
    """Counts the attempts at one model."""

    def __init__(self) -> None:
        self._attempts: Counter[str] = Counter()

    def add(self, outcome: str) -> None:
        """Count one attempt."""
        self._attempts[outcome] += 1

    @property
    def attempts(self) -> dict[str, int]:
        """How many there were, by outcome."""
        return dict(self._attempts)
