"""The settings: what a user tells about themselves, and what they agree to."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from tesigo.accounts import service
from tesigo.accounts.identity import ConsentKind
from tesigo.accounts.session import CurrentUser, VisitorNow
from tesigo.kit.requests import Now, Tx, database_of, settings_of
from tesigo.web.notices import Notice, leave_notices
from tesigo.web.pages import show_page, words_of

router = APIRouter(prefix="/settings")
_Box = Annotated[bool, Form()]


@router.get("")
async def show_settings(request: Request, current: CurrentUser, tx: Tx) -> Response:
    """Show all that a user can look at and change about their account."""
    return show_page(
        request,
        "settings.html",
        user=current,
        consents={kind.value: held for kind, held in (await service.get_consents(tx, current.id)).items()},
        optional_consents=(ConsentKind.ANALYTICS.value, ConsentKind.MARKETING.value),
    )


@router.post("/consents")
async def decide_consents(
    *,
    request: Request,
    current: CurrentUser,
    now: Now,
    visitor: VisitorNow,
    analytics: _Box = False,
    marketing: _Box = False,
) -> Response:
    """Keep what the boxes say from now on."""
    async with database_of(request).transaction() as tx:
        await service.decide_consents(
            tx, current.id, analytics=analytics, marketing=marketing, visitor=visitor, now=now
        )
    return back_to_settings(request, [Notice("done", words_of(request)("settings.consents_saved"))])


def back_to_settings(
    request: Request, notices: Iterable[Notice] = (), *, page: str = "/settings"
) -> RedirectResponse:
    """Return the answer that leads to a page of the settings, which shows these notices."""
    response = RedirectResponse(page, 303)
    more = words_of(request)("notices.more")
    leave_notices(response, notices, more=more, settings=settings_of(request))
    return response
