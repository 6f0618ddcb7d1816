"""How often a user may have something planned or written."""

from tesigo.generation.limits import GENERATIONS
from tesigo.kit.rates import WhenAway
from tesigo.kit.settings import load_settings


def test_in_an_hour_and_also_without_a_count():
    settings = load_settings(_env_file=None, generation_limit=3)
    assert GENERATIONS.amount(settings) == 3
    assert (GENERATIONS.window_s, GENERATIONS.when_away) == (3600, WhenAway.GO_ON)
