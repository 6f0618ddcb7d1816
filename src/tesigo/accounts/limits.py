"""How often somebody may try to sign in; without a count nobody may."""

from tesigo.kit.rates import QUARTER_OF_AN_HOUR_S, Limit, WhenAway
from tesigo.kit.settings import Settings

_FACTORS_TRIED = 5
"""Of a million codes 3 are right at any time, with one step of drift either way."""


def _sign_ins(settings: Settings) -> int:
    return settings.sign_in_limit


LINKS_BY_CLIENT = Limit(
    "links-by-client",
    _sign_ins,
    QUARTER_OF_AN_HOUR_S,
    WhenAway.REFUSE,
    "Many links were asked for from your network address. The mail on its way to you works",
)
"""Requests for a link, by the client's address."""

LINKS_BY_EMAIL = Limit(
    "links-by-email",
    _sign_ins,
    QUARTER_OF_AN_HOUR_S,
    WhenAway.REFUSE,
    "Several links were sent to this address: look for them also among unwanted mail",
)
"""Requests for a link, by the e-mail address."""

WRONG_CODES = Limit(
    "wrong-codes",
    _sign_ins,
    QUARTER_OF_AN_HOUR_S,
    WhenAway.REFUSE,
    "Several wrong codes came from your network address",
)
"""Codes that were wrong, by the client's address; use it with `Rates.counting_failures`."""

WRONG_FACTORS = Limit(
    "wrong-second-factors",
    lambda _settings: _FACTORS_TRIED,
    QUARTER_OF_AN_HOUR_S,
    WhenAway.REFUSE,
    "The second factor of your account was wrong several times",
)
"""Codes of a second factor that were wrong, by user; use it with `Rates.holding_a_place`."""
