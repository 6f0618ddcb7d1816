"""What a browser is called when a person is to know it again."""

from tesigo.web.words import Words

_LONGEST = 60
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""What stands in a user agent and whose it is. The order decides: nearly all call themselves Safari, and many Chrome.

From: MDN, "Browser detection using the user agent string", section on browser names, read 2026-11-23.
"""
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
"""The order decides here as well: Android calls itself Linux too."""


def device_name(user_agent: str | None, words: Words) -> str:
    """Return "Firefox on Windows" for a browser that is known, else what the program calls itself, shortened."""
    agent = (user_agent or "").strip()
    if not agent:
        return words("sign_ins.unknown")
    browser = _name_in(agent, _BROWSERS)
    system = _name_in(agent, _SYSTEMS)
    if browser and system:
        return words("sign_ins.device_on", browser=browser, system=system)
    return agent if len(agent) <= _LONGEST else f"{agent[: _LONGEST - 1].rstrip()}…"


def _name_in(agent: str, known: tuple[tuple[str, str], ...]) -> str | None:
    return next((name for mark, name in known if mark in agent), None)
