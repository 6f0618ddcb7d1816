"""Whether a request that a browser sent with our cookie was made by a page of ours."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from tesigo.accounts.errors import CrossOrigin
from tesigo.kit.settings import Settings

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def require_own_page(connection: HTTPConnection, *, settings: Settings) -> None:
    """Refuse what a page of another site made the browser send; reading is always allowed.

    Sec-Fetch-Site decides where the browser sends it, for no page can set it, and it is right also where a
    strict Referrer-Policy turns Origin into "null"; browsers leave it out on plain HTTP.
    From: MDN, "Sec-Fetch-Site header" and its tests in web-platform-tests, read 2026-11-23.
    Raises CrossOrigin.
    """
    if connection.scope.get("method") in _SAFE_METHODS:
        return
    site = connection.headers.get("sec-fetch-site")
    if site is None:
        require_own_origin(connection, settings=settings)
    elif site not in ("same-origin", "none"):
        raise _cross_origin()


def require_own_origin(connection: HTTPConnection, *, settings: Settings) -> None:
    """Refuse a request whose Origin is absent or another than ours.

    Ours is PUBLIC_URL in production. In development it is also the host that was called, for the same
    program is reached as 127.0.0.1, as localhost and by the name of the machine. Raises CrossOrigin.
    """
    origin = connection.headers.get("origin", "")
    ours = {_origin(settings.base_url)}
    if not settings.is_production:
        ours.add(f"http://{connection.headers.get('host', '')}".lower())
    if origin.lower() not in ours:
        raise _cross_origin()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _cross_origin() -> CrossOrigin:
    return CrossOrigin(
        "This request did not come from a page of this site. Please open the site itself and try again."
    )
