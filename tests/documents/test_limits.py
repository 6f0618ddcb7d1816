"""How often a user may bring files, and ask for some."""

import pytest

from tesigo.documents.limits import EXPORTS, UPLOADS
from tesigo.kit.rates import WhenAway
from tesigo.kit.settings import load_settings


@pytest.mark.parametrize(
    ("limit", "amount"),
    [(UPLOADS, 4), (EXPORTS, 5)],
    ids=lambda given: getattr(given, "name", ""),
)
def test_in_an_hour_and_also_without_a_count(limit, amount):
    settings = load_settings(_env_file=None, upload_limit=4, export_limit=5)
    assert (limit.amount(settings), limit.window_s, limit.when_away) == (amount, 3600, WhenAway.GO_ON)
