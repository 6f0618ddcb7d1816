"""Addresses that a request brings, made safe to send a browser to."""

from urllib.parse import urlsplit


def own_path(wanted: str, *, otherwise: str) -> str:
    r"""Return the path when it leads to a page of this site, `otherwise` when it leads anywhere else.

    Browsers read a backslash as a slash and drop line ends, so that `/\evil.example` leads away.
    """
    is_plain = wanted.isprintable() and "\\" not in wanted and wanted.isascii()
    if not is_plain or not wanted.startswith("/") or wanted.startswith("//"):
        return otherwise
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return otherwise
    if parts.scheme or parts.netloc or parts.path.startswith(("/api/", "/static/")):
        return otherwise
    return wanted
