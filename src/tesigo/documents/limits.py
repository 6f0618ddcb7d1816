"""How often a user may bring files, and ask for some."""

from tesigo.kit.rates import HOUR_S, Limit, WhenAway

UPLOADS = Limit(
    "uploads",
    lambda settings: settings.upload_limit,
    HOUR_S,
    WhenAway.GO_ON,
    "Many files were brought in an hour",
)
"""Files and records that are brought as sources, by user."""

EXPORTS = Limit(
    "exports",
    lambda settings: settings.export_limit,
    HOUR_S,
    WhenAway.GO_ON,
    "Many files were asked for in an hour",
)
"""Documents asked for as a file, by user."""
