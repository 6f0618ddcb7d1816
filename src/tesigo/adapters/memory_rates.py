"""Limits of rate counted in this process: for an installation without Redis; a restart forgets them.

The library `limits` (5.8) has such a store too, which looks at every key it has, each in a thread, whenever one is
counted: with 10,000 keys, 200 requests a second kept a whole processor busy (measured 2026-11-23). Here a request
looks at its own key, and at those that have run out.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from tesigo.kit.rates import Place, Wait

_MOST_KEYS = 50_000
_SWEPT_AT_ONCE = 10


@dataclass(slots=True)
class _Window:
    """The places taken under one key, oldest first: token and when it becomes free."""

    places: dict[str, float] = field(default_factory=dict)


class MemoryRates:
    """Counts in this process. now_s: seconds that only rise.

    Holds at most 50,000 keys of each limit; beyond that, those counted longest ago are forgotten. A limit is what a
    key names before its last colon, so that whoever has many addresses pushes nothing out but addresses.
    """

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._windows: dict[tuple[str, int], OrderedDict[str, _Window]] = {}

    def __len__(self) -> int:
        """Return how many keys are held."""
        return sum(len(windows) for windows in self._windows.values())

    async def take(self, key: str, *, amount: int, window_s: int) -> Place | Wait:
        """Take a place, unless that many are taken; nothing is awaited, hence none comes between."""
        now_s = self._now_s()
        windows = self._windows.setdefault(_limit_of(key, window_s), OrderedDict())
        _sweep(windows, now_s)
        window = windows.setdefault(key, _Window())
        if wait := _wait_for(window, amount, now_s):
            return wait
        token = secrets.token_hex(8)
        window.places[token] = now_s + window_s
        windows.move_to_end(key)
        if len(windows) > _MOST_KEYS:
            windows.popitem(last=False)
        return Place(key, token)

    async def find_wait(self, key: str, *, amount: int, window_s: int) -> Wait | None:
        """Return how long until a place is free, None when one is."""
        window = self._windows.get(_limit_of(key, window_s), OrderedDict()).get(key)
        return _wait_for(window, amount, self._now_s()) if window else None

    async def give_back(self, place: Place) -> None:
        """Free the place, if it is still taken."""
        for windows in self._windows.values():
            if place.key in windows:
                windows[place.key].places.pop(place.token, None)


def _wait_for(window: _Window, amount: int, now_s: float) -> Wait | None:
    _free(window, now_s)
    if len(window.places) < amount:
        return None
    first_free = list(window.places.values())[len(window.places) - amount]
    return Wait(first_free - now_s)


def _limit_of(key: str, window_s: int) -> tuple[str, int]:
    return key.rpartition(":")[0], window_s


def _sweep(windows: OrderedDict[str, _Window], now_s: float) -> None:
    """Forget some keys without a place taken. The longest uncounted stand first: all after a live one live too."""
    for _ in range(_SWEPT_AT_ONCE):
        if not windows:
            return
        key, window = next(iter(windows.items()))
        _free(window, now_s)
        if window.places:
            return
        del windows[key]


def _free(window: _Window, now_s: float) -> None:
    while window.places:
        token = next(iter(window.places))
        if window.places[token] > now_s:
            return
        del window.places[token]
