"""Small things that a browser keeps for us between two pages: a language, an address, a few sentences."""

import base64
import binascii
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tesigo.kit.settings import Settings

_LONGEST = 3_500
"""Browsers keep cookies of 4,096 bytes, the name and the attributes included."""


def remember(response: Response, name: str, value: Any, *, lifetime_s: int, settings: Settings) -> bool:
    """Let the browser keep a JSON value; return False, and keep nothing, when it is too long.

    Whoever has the browser can change it: never trust it with a decision.
    """
    text = base64.urlsafe_b64encode(json.dumps(value, ensure_ascii=False).encode()).decode().rstrip("=")
    if len(text) > _LONGEST:
        return False
    response.set_cookie(
        _full_name(name, settings),
        text,
        max_age=lifetime_s,
        path="/",
        secure=settings.is_production,
        httponly=True,
        samesite="lax",
    )
    return True


def recall(request: Request, name: str, *, settings: Settings) -> Any:
    """Return what the browser keeps under this name, None when there is nothing that can be read."""
    text = request.cookies.get(_full_name(name, settings), "")
    try:
        value = json.loads(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        json.dumps(
            value, ensure_ascii=False
        ).encode()  # half a surrogate pair would stop the page that shows it
    except (ValueError, RecursionError, binascii.Error):
        return None
    return value


def forget(response: Response, name: str, *, settings: Settings) -> None:
    """Make the browser forget what it keeps under this name."""
    response.delete_cookie(
        _full_name(name, settings), path="/", secure=settings.is_production, httponly=True, samesite="lax"
    )


def _full_name(name: str, settings: Settings) -> str:
    return f"{'__Host-' if settings.is_production else ''}tesigo_{name}"
