"""How often a user may have something planned or written."""

from tesigo.kit.rates import HOUR_S, Limit, WhenAway

GENERATIONS = Limit(
    "generations",
    lambda settings: settings.generation_limit,
    HOUR_S,
    WhenAway.GO_ON,
    "Many texts were asked for in an hour",
)
"""Outlines and jobs, by user."""
