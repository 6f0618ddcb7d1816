"""A circuit breaker: a model whose provider fails again and again is left alone for a while.

Own code, because none of the libraries that were looked at lets exactly one of many calls at once through to try.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from tesigo.gateway.errors import AttemptFailed, ProviderFails, Trouble


class BreakerState(StrEnum):
    """CLOSED: calls pass. OPEN: none does. HALF_OPEN: one passes, to see whether the provider is back."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerOpen(AttemptFailed):
    """No call was made: the provider failed too often just now. It is tried again after `retry_after_s`."""

    retry_after_s: float

    def __init__(self, model: str, *, retry_after_s: float) -> None:
        super().__init__(
            f"{model} failed several times in a row and is left alone",
            Trouble.BREAKER_OPEN,
            retry_after_s=retry_after_s,
        )


@dataclass(frozen=True, slots=True)
class _Permit:
    era: int


class Breaker:
    """Opens after so many failures in a row; `recovery_s` later one trial passes, and its success closes it.

    A failure is a provider that is not reached, fails or breaks off. Any answer, also a refusal or a 429, shows that
    it lives. Of calls that began before the last change of state, the result does not count any more.
    now_s: a monotonic clock.
    """

    def __init__(self, model: str, *, failures: int, recovery_s: float, now_s: Callable[[], float]) -> None:
        self._model = model
        self._most_failures = failures
        self._recovery_s = recovery_s
        self._now_s = now_s
        self._failures = 0
        self._opened_s: float | None = None
        self._is_tried = False
        self._era = 0

    @property
    def state(self) -> BreakerState:
        """How it stands now; an open one is half-open as soon as a trial may pass."""
        if self._opened_s is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._left_s() > 0 and not self._is_tried else BreakerState.HALF_OPEN

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let a call pass, and learn from how it ends. Raises BreakerOpen at once when none may pass now."""
        self.require_passable()
        permit = self._admit()
        try:
            yield
        except ProviderFails:
            self._failed(permit)
            raise
        except Exception:
            self._answered(permit)
            raise
        except BaseException:
            self._abandoned(permit)
            raise
        else:
            self._answered(permit)

    def require_passable(self) -> None:
        """Raise BreakerOpen when no call may pass now."""
        if self._opened_s is None:
            return
        if self._is_tried:
            raise BreakerOpen(self._model, retry_after_s=self._recovery_s)  # the trial may take as long
        if self._left_s() > 0:
            raise BreakerOpen(self._model, retry_after_s=max(1.0, self._left_s()))

    def _left_s(self) -> float:
        return 0.0 if self._opened_s is None else self._opened_s + self._recovery_s - self._now_s()

    def _admit(self) -> _Permit:
        if self._opened_s is not None:
            self._is_tried = True
            self._era += 1
        return _Permit(self._era)

    def _answered(self, permit: _Permit) -> None:
        if permit.era != self._era:
            return
        self._failures = 0
        if self._opened_s is not None:
            self._opened_s, self._is_tried = None, False
            self._era += 1

    def _failed(self, permit: _Permit) -> None:
        if permit.era != self._era:
            return
        self._failures += 1
        if self._opened_s is not None or self._failures >= self._most_failures:
            self._opened_s, self._is_tried, self._failures = self._now_s(), False, 0
            self._era += 1

    def _abandoned(self, permit: _Permit) -> None:
        """Learn nothing from a call that was cancelled: where it was the trial, the next one is."""
        if permit.era == self._era:
            self._is_tried = False
