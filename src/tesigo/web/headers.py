"""The headers by which a browser protects our users, on every answer of the application."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",  # the icons that Pico's styles bring as data
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_YEAR_S = 31_536_000


def security_headers(*, is_production: bool) -> dict[str, str]:
    """Return what every answer carries; in production also that only HTTPS is spoken from now on."""
    policy = (*_POLICY, "upgrade-insecure-requests") if is_production else _POLICY
    headers = {"Content-Security-Policy": "; ".join(policy), **_ALWAYS}
    if is_production:
        headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}; includeSubDomains"
    return headers


class SecurityHeaders:
    """Adds the headers to every HTTP answer that does not set them itself.

    Nothing is kept by a browser or on the way unless the answer says so: nearly all of it is somebody's own.
    """

    def __init__(self, app: ASGIApp, *, is_production: bool) -> None:
        self._app = app
        self._headers = security_headers(is_production=is_production)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
