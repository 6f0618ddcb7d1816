"""The way back to the settings after something was done there."""

from collections.abc import Iterable

from fastapi import Request
from fastapi.responses import RedirectResponse

from tesigo.kit.requests import settings_of
from tesigo.web.notices import Notice, leave_notices
from tesigo.web.pages import words_of


def back_to_settings(
    request: Request, notices: Iterable[Notice] = (), *, page: str = "/settings"
) -> RedirectResponse:
    """Return the answer that leads to a page of the settings, which shows these notices."""
    response = RedirectResponse(page, 303)
    more = words_of(request)("notices.more")
    leave_notices(response, notices, more=more, settings=settings_of(request))
    return response
