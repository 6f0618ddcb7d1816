"""How often somebody may try to sign in."""

import pytest

from tesigo.accounts.limits import LINKS_BY_CLIENT, LINKS_BY_EMAIL, WRONG_CODES, WRONG_FACTORS
from tesigo.kit.rates import WhenAway
from tesigo.kit.settings import load_settings


@pytest.mark.parametrize(
    ("limit", "amount"),
    [(LINKS_BY_CLIENT, 7), (LINKS_BY_EMAIL, 7), (WRONG_CODES, 7), (WRONG_FACTORS, 5)],
    ids=lambda given: getattr(given, "name", ""),
)
def test_in_a_quarter_of_an_hour_and_never_without_a_count(limit, amount):
    settings = load_settings(_env_file=None, sign_in_limit=7)
    assert (limit.amount(settings), limit.window_s, limit.when_away) == (amount, 900, WhenAway.REFUSE)
