"""Limits of rate: how often something may be done in which time, counted for whom, and what holds without a count.

Each feature names its own, in its `limits`.
"""

import hmac
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Protocol

from starlette.requests import HTTPConnection

from tesigo.kit.errors import HouseUnavailable, LimitReached
from tesigo.kit.settings import Settings

QUARTER_OF_AN_HOUR_S = 15 * 60
HOUR_S = 60 * 60
_CUSTOMER_BITS = 64
_NOBODY_KNOWN = "unknown"
_KEYED_FOR = b"tesigo: whom a limit counts, form 1"


class WhenAway(StrEnum):
    """What holds while nothing can be counted."""

    REFUSE = "refuse"
    GO_ON = "go on"


@dataclass(frozen=True, slots=True)
class Limit:
    """What is counted. name: part of the key under which it is; another name is another count.

    amount: so many pass in any `window_s` seconds, by the settings. refusal: the sentence before the time to wait.
    """

    name: str
    amount: Callable[[Settings], int]
    window_s: int
    when_away: WhenAway
    refusal: str


class RatesAway(HouseUnavailable):
    """Nothing can be counted just now, and what is asked for must not go on without."""

    code = "rates_away"

    def __init__(self, *, retry_after_s: float) -> None:
        super().__init__("This cannot be done just now: please try again in a moment.")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Place:
    """One of the places of a window, taken: it becomes free by itself, or by `give_back`."""

    key: str
    token: str


@dataclass(frozen=True, slots=True)
class Wait:
    """No place is free. seconds: until the first one is, above 0."""

    seconds: float


class RateStore(Protocol):
    """Counts places; of any number of requests at once, exactly as many pass as there are places."""

    async def take(self, key: str, *, amount: int, window_s: int) -> Place | Wait:
        """Take a place, unless `amount` were taken in the last `window_s` seconds: a refusal counts as nothing.

        Decides within 0.25 s. Raises RatesAway when it cannot.
        """
        ...

    async def find_wait(self, key: str, *, amount: int, window_s: int) -> Wait | None:
        """Return how long until a place is free, None when one is; nothing is taken.

        Decides as fast as `take`. Raises RatesAway when it cannot.
        """
        ...

    async def give_back(self, place: Place) -> None:
        """Free a place before its time; one that is gone already is no error. Raises RatesAway."""
        ...


class _Question(Protocol):
    """What a store is asked about a key."""

    async def __call__(self, key: str, *, amount: int, window_s: int) -> Place | Wait | None: ...


class Rates:
    """The limits of one installation over a store. secret: whom a key stands for is hashed with it."""

    def __init__(self, store: RateStore, settings: Settings, *, secret: str) -> None:
        self._store = store
        self._settings = settings
        self._key = hmac.digest(secret.encode(), _KEYED_FOR, "sha256")

    async def take(self, limit: Limit, whom: str | int) -> Place | None:
        """Count one for whoever this is; None when nothing can be counted and the limit lets that pass.

        Raises LimitReached; RatesAway, where the limit refuses then.
        """
        return await self._ask(self._store.take, limit, whom)

    @asynccontextmanager
    async def counting_failures(
        self, failure: type[Exception], limit: Limit, whom: str | int
    ) -> AsyncIterator[None]:
        """Count what is done in the block once it has ended in this failure; raises as `take` does.

        Nothing is held meanwhile: of any number at once all that succeed pass, as of a lecture hall behind one
        address. Of those that fail at once more than the limit are tried, and those above it end in LimitReached:
        harmless only where guessing is hopeless, as with the 140 bits of a link's code. Else: `holding_a_place`.
        """
        await self._ask(self._store.find_wait, limit, whom)
        try:
            yield
        except failure:
            await self.take(limit, whom)
            raise

    @asynccontextmanager
    async def holding_a_place(
        self, failure: type[Exception], limit: Limit, whom: str | int
    ) -> AsyncIterator[None]:
        """Hold a place for what is done in the block, and keep it only if it ends in this failure.

        So no more can be tried at once than may fail, for what can be guessed; the price is that those who would
        succeed are refused while the places are held. Raises as `take` does.
        """
        place = await self.take(limit, whom)
        try:
            yield
        except failure:
            raise
        except Exception:
            await self._give_back(place)
            raise
        await self._give_back(place)

    async def _ask(self, question: _Question, limit: Limit, whom: str | int) -> Place | None:
        """Return the place if one was asked for; None also when the limit lets pass what cannot be counted."""
        try:
            answer = await question(
                f"{limit.name}:{self._hash(limit.name, whom)}",
                amount=limit.amount(self._settings),
                window_s=limit.window_s,
            )
        except RatesAway:
            if limit.when_away is WhenAway.REFUSE:
                raise
            return None
        if isinstance(answer, Wait):
            minutes = math.ceil(answer.seconds / 60)
            again = "a minute" if minutes == 1 else f"{minutes} minutes"
            raise LimitReached(f"{limit.refusal}; try again in {again}.", retry_after_s=answer.seconds)
        return answer

    async def _give_back(self, place: Place | None) -> None:
        if place is None:
            return
        try:
            await self._store.give_back(place)
        except RatesAway:
            return  # the store has said so in the log; the place becomes free by itself

    def _hash(self, name: str, whom: str | int) -> str:
        return hmac.new(self._key, f"{name}:{whom}".encode("utf-8", "replace"), "sha256").hexdigest()[:32]


def rates_of(connection: HTTPConnection) -> Rates:
    """Return the application's limits (`app.state.rates`)."""
    rates: Rates = connection.app.state.rates
    return rates


def client_of(connection: HTTPConnection) -> str:
    """Return the address that counts as one client; the server resolves the headers of trusted proxies.

    Of IPv6 the first 64 bits, which one customer has to themselves. What is no address is one client for all.
    """
    return client_network(connection.client.host if connection.client else "")


def client_network(host: str) -> str:
    """Return the address of IPv4, the network of IPv6, or one word for all that is neither."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return _NOBODY_KNOWN
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((int(address), _CUSTOMER_BITS), strict=False))
        address = address.ipv4_mapped
    return str(address)
