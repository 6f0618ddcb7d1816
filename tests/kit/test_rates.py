"""What a limit does with a count: refuse and say when, let pass, or hold without one."""

import asyncio
from collections import Counter
from types import SimpleNamespace

import pytest
from starlette.requests import HTTPConnection

from tesigo.adapters.memory_rates import MemoryRates
from tesigo.kit.errors import HouseUnavailable, LimitReached
from tesigo.kit.rates import (
    Limit,
    Place,
    Rates,
    RatesAway,
    Wait,
    WhenAway,
    client_network,
    client_of,
    rates_of,
)
from tesigo.kit.settings import load_settings

SETTINGS = load_settings(_env_file=None, sign_in_limit=2)
SECRET = "an installation's own key of some length"
GUARDED = Limit("guarded", lambda settings: settings.sign_in_limit, 900, WhenAway.REFUSE, "Tried too often")
FREE = Limit("free", lambda _settings: 4, 3600, WhenAway.GO_ON, "Asked too often")


class Seen:
    """A store that remembers what it was asked, and answers what it is told to."""

    def __init__(self, answer: Place | Wait | None = None) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self._answer = answer

    async def take(self, key: str, *, amount: int, window_s: int) -> Place | Wait:
        self.asked.append((key, amount, window_s))
        return self._answer or Place(key, "token")

    async def find_wait(self, key: str, *, amount: int, window_s: int) -> Wait | None:
        answer = await self.take(key, amount=amount, window_s=window_s)
        return answer if isinstance(answer, Wait) else None

    async def give_back(self, place: Place) -> None:
        self.asked.append((place.key, 0, 0))


class Away:
    """A store that is away: always, or when a place is to be given back."""

    def __init__(self, *, takes: bool = False) -> None:
        self._takes = takes

    async def take(self, key: str, *, amount: int, window_s: int) -> Place | Wait:  # noqa: ARG002 - the port's
        if self._takes:
            return Place(key, "token")
        raise RatesAway(retry_after_s=4.2)

    async def find_wait(self, key: str, *, amount: int, window_s: int) -> Wait | None:  # noqa: ARG002 - the port's
        raise RatesAway(retry_after_s=4.2)

    async def give_back(self, place: Place) -> None:  # noqa: ARG002 - the port's
        raise RatesAway(retry_after_s=4.2)


def rates_over(store, *, secret: str = SECRET) -> Rates:
    return Rates(store, SETTINGS, secret=secret)


@pytest.mark.parametrize(("limit", "amount"), [(GUARDED, 2), (FREE, 4)])
async def test_a_limit_and_the_settings_say_how_many_pass(limit, amount):
    rates = rates_over(MemoryRates())
    for _ in range(amount):
        assert await rates.take(limit, "somebody") is not None
    with pytest.raises(LimitReached) as reached:
        await rates.take(limit, "somebody")
    assert limit.window_s - 5 < reached.value.retry_after_s <= limit.window_s
    assert reached.value.message.startswith(f"{limit.refusal}; ")
    assert await rates.take(limit, "somebody else") is not None


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "in a minute."), (60, "in a minute."), (61, "in 2 minutes.")]
)
async def test_the_sentence_says_how_long_to_wait(seconds, told):
    with pytest.raises(LimitReached) as reached:
        await rates_over(Seen(Wait(seconds))).take(FREE, 7)
    assert reached.value.message.endswith(told)
    assert reached.value.retry_after_s == seconds


async def test_a_key_says_nothing_about_whom_it_stands_for_without_the_secret():
    seen = Seen()
    for secret in (SECRET, SECRET, "the key of another installation, long"):
        await rates_over(seen, secret=secret).take(GUARDED, "olena@example.com")
    await rates_over(seen).take(FREE, "olena@example.com")
    keys = [key for key, _, _ in seen.asked]
    assert keys[0] == keys[1]
    assert len({key.partition(":")[2] for key in keys}) == 3
    assert not any("olena" in key for key in keys)


async def test_without_a_count_the_limit_says_whether_to_go_on():
    rates = rates_over(Away())
    with pytest.raises(HouseUnavailable) as away:
        await rates.take(GUARDED, "somebody")
    assert away.value.retry_after_s == 4.2
    assert await rates.take(FREE, 7) is None


@pytest.mark.parametrize("way", [Rates.counting_failures, Rates.holding_a_place])
async def test_only_the_failure_counts(way):
    rates = rates_over(MemoryRates())
    for _ in range(5):
        async with way(rates, KeyError, GUARDED, "somebody"):
            pass
        with pytest.raises(ValueError, match="something else"):
            async with way(rates, KeyError, GUARDED, "somebody"):
                raise ValueError("something else")
    for _ in range(2):
        with pytest.raises(KeyError):
            async with way(rates, KeyError, GUARDED, "somebody"):
                raise KeyError
    with pytest.raises(LimitReached):
        async with way(rates, KeyError, GUARDED, "somebody"):
            raise AssertionError("entered")


async def at_once(way, rates: Rates, *, number: int, failing: bool) -> Counter[str]:
    """Return what became of so many attempts, none of which ends before all have been let in or refused."""
    all_came = asyncio.Event()
    seen: Counter[str] = Counter()

    def note(what: str) -> None:
        seen[what] += 1
        if seen["tried"] + seen["refused"] == number:
            all_came.set()

    async def check_code() -> None:
        note("tried")
        await all_came.wait()
        if failing:
            raise KeyError

    async def attempt() -> None:
        try:
            async with way(rates, KeyError, GUARDED, "somebody"):
                await check_code()
            note("passed")
        except KeyError:
            note("failed")
        except LimitReached:
            note("refused")

    await asyncio.gather(*(attempt() for _ in range(number)))
    return seen


async def test_what_succeeds_passes_in_any_number_at_once_where_failures_alone_are_counted():
    rates = rates_over(MemoryRates())
    seen = await at_once(Rates.counting_failures, rates, number=9, failing=False)
    assert seen == {"tried": 9, "passed": 9}
    seen = await at_once(Rates.counting_failures, rates, number=9, failing=True)
    assert seen == {"tried": 9, "failed": 2, "refused": 7}


async def test_no_more_are_tried_at_once_than_may_fail_where_a_place_is_held():
    seen = await at_once(Rates.holding_a_place, rates_over(MemoryRates()), number=9, failing=True)
    assert seen == {"tried": 2, "failed": 2, "refused": 7}


@pytest.mark.parametrize("way", [Rates.counting_failures, Rates.holding_a_place])
async def test_what_needs_a_count_is_not_tried_without_one_and_all_else_is(way):
    with pytest.raises(RatesAway):
        async with way(rates_over(Away()), KeyError, GUARDED, "somebody"):
            raise AssertionError("entered")
    with pytest.raises(KeyError):
        async with way(rates_over(Away()), KeyError, FREE, 7):
            raise KeyError
    async with way(rates_over(Away()), KeyError, FREE, 7):
        pass  # nothing was taken, nothing is given back


async def test_what_was_done_stays_done_when_its_place_cannot_be_given_back():
    async with rates_over(Away(takes=True)).holding_a_place(KeyError, GUARDED, "somebody"):
        done = True
    assert done


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("a name", "unknown"),
        ("999.1.1.1", "unknown"),
        ("unix:", "unknown"),
    ],
)
def test_a_client_is_an_address_of_ipv4_or_a_network_of_ipv6(host, network):
    assert client_network(host) == network


def test_a_connection_says_whose_it_is():
    app = SimpleNamespace(state=SimpleNamespace(rates="the limits"))
    scope = {"type": "http", "app": app, "client": ("2001:db8::1", 5), "headers": []}
    assert client_of(HTTPConnection(scope)) == "2001:db8::/64"
    assert rates_of(HTTPConnection(scope)) == "the limits"
    assert client_of(HTTPConnection({**scope, "client": None})) == "unknown"
