"""How many jobs a process runs at a time: as many as the queue asks for, within the settings' bounds."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator

_MANY, _SOME = 20, 10
KEPT_S = 5.0
"""How long a size stays after the queue has ceased to ask for it."""


def jobs_wanted(waiting: int, *, least: int, most: int) -> int:
    """Return how many jobs to run at a time while so many wait: `most` above 20, half of it above 10."""
    if waiting > _MANY:
        return most
    if waiting > _SOME:
        return max(least, most // 2)
    return least


class Pool:
    """The jobs that this process may run at a time, and those that it runs.

    It grows as soon as more is wanted, and shrinks only to what was wanted at most in the last seconds: the
    jobs that it has just taken out of the queue must not make it smaller before it has taken them all.
    clock: seconds that only rise (`time.monotonic`).
    """

    def __init__(self, *, least: int, most: int, clock: Callable[[], float], kept_s: float = KEPT_S) -> None:
        self._least = least
        self._most = most
        self._clock = clock
        self._kept_s = kept_s
        self._seen: deque[tuple[float, int]] = deque([(clock(), least)])
        self._running = 0

    @property
    def size(self) -> int:
        """How many jobs may run at a time now; more may run for a while after it fell."""
        return max(wanted for _, wanted in self._seen)

    @property
    def running(self) -> int:
        """How many jobs run now."""
        return self._running

    def see(self, waiting: int) -> None:
        """Take note of how many jobs wait now. While nobody looks, the size stays."""
        now = self._clock()
        while self._seen and self._seen[0][0] < now - self._kept_s:
            self._seen.popleft()
        self._seen.append((now, jobs_wanted(waiting, least=self._least, most=self._most)))

    @contextlib.contextmanager
    def running_one(self) -> Iterator[None]:
        """Count a job as running for as long as the block lasts."""
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
