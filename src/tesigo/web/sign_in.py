"""The pages on the way from a stranger to a signed-in user, and out again."""

from dataclasses import dataclass
from typing import Annotated, Self
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from tesigo.accounts import sign_in
from tesigo.accounts.cookies import set_cookies
from tesigo.accounts.errors import (
    AddressNotValid,
    ConsentRequired,
    LinkCodeNotValid,
    MailNotSent,
    TooManyLinks,
)
from tesigo.accounts.identity import NewUserConsents
from tesigo.accounts.origin import require_own_page
from tesigo.accounts.session import MaybeUser
from tesigo.kit.problems import status_of
from tesigo.kit.requests import settings_of
from tesigo.web.addresses import own_path
from tesigo.web.browser_memory import forget, recall, remember
from tesigo.web.languages import language_of
from tesigo.web.pages import show_page

_ASKED = "asked"
_ASKED_LIFETIME_S = 600
_HOME = "/documents"

router = APIRouter()
_Text = Annotated[str, Form(max_length=2_000)]
_Box = Annotated[bool, Form()]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What this browser asked for: a mail to `email`, and to get to `goal` afterwards."""

    email: str
    goal: str

    @classmethod
    def by(cls, request: Request) -> Self | None:
        """Return what the browser remembers, None when it did not ask here within 10 minutes."""
        match recall(request, _ASKED, settings=settings_of(request)):
            case [str(email), str(goal)]:
                return cls(email, own_path(goal, otherwise=_HOME))
            case _:
                return None


@router.get("/sign-in")
async def show_sign_in(
    request: Request,
    current: MaybeUser,
    goal: Annotated[str, Query(alias="next", max_length=2_000)] = "",
) -> Response:
    """Show the form for the address. goal: where to go afterwards."""
    if current is not None:
        return RedirectResponse(own_path(goal, otherwise=_HOME), 303)
    return _show_form(request, email="", goal=own_path(goal, otherwise=""))


@router.post("/sign-in")
async def send_link(request: Request, email: _Text = "", goal: _Text = "") -> Response:
    """Mail a link and a code; the answer is the same for every address."""
    settings = settings_of(request)
    require_own_page(request, settings=settings)
    try:
        await sign_in.send_link(request, email=email, language=language_of(request))
    except (AddressNotValid, TooManyLinks, MailNotSent) as failure:
        return _show_form(request, email=email, goal=goal, failure=failure, status=status_of(failure))
    response = RedirectResponse("/sign-in/code", 303)
    asked = [email.strip(), goal]
    if not remember(response, _ASKED, asked, lifetime_s=_ASKED_LIFETIME_S, settings=settings):
        remember(response, _ASKED, [asked[0], _HOME], lifetime_s=_ASKED_LIFETIME_S, settings=settings)
    return response


@router.get("/sign-in/code")
async def show_code_form(request: Request) -> Response:
    """Say that a mail is on its way, and take its code."""
    return _show_code_form(request, is_by_link=False)


@router.get("/sign-in/link")
async def show_link(request: Request) -> Response:
    """Show the button that signs in; the code stands behind `#`, so that only the page itself sees it.

    A browser that did not ask for the link is told so, and has to type the code: a link that somebody
    else sent shall not sign anybody in with one click.
    """
    return _show_code_form(request, is_by_link=True)


@router.post("/sign-in/code")
async def redeem_code(
    request: Request,
    code: _Text = "",
    essential: _Box = False,
    analytics: _Box = False,
    marketing: _Box = False,
) -> Response:
    """Sign in; for a new account ask for consents first, the code stays good."""
    settings = settings_of(request)
    require_own_page(request, settings=settings)
    consents = NewUserConsents(essential, analytics, marketing)
    try:
        signed_in = await sign_in.sign_in(request, code=code, consents=consents)
    except ConsentRequired:
        return _show_code_form(request, code=code, asks_consent=True, consents=consents)
    except LinkCodeNotValid as failure:
        return _show_code_form(request, code=code, failure=failure, status=status_of(failure))
    asked = _Asked.by(request)
    response = RedirectResponse(asked.goal if asked else _HOME, 303)
    set_cookies(response, signed_in.tokens, settings=settings)
    forget(response, _ASKED, settings=settings)
    return response


@router.post("/sign-out")
async def leave(request: Request) -> Response:
    """End the sign-in of this browser."""
    require_own_page(request, settings=settings_of(request))
    response = RedirectResponse("/", 303)
    await sign_in.sign_out_browser(request, response)
    return response


def _show_form(
    request: Request,
    *,
    email: str,
    goal: str,
    failure: AddressNotValid | TooManyLinks | MailNotSent | None = None,
    status: int = 200,
) -> Response:
    response = show_page(
        request, "sign_in.html", user=None, status=status, email=email, goal=goal, failure=failure
    )
    if isinstance(failure, TooManyLinks):
        response.headers["Retry-After"] = str(max(1, round(failure.retry_after_s)))
    return response


def _show_code_form(
    request: Request,
    *,
    code: str = "",
    is_by_link: bool = False,
    asks_consent: bool = False,
    consents: NewUserConsents | None = None,
    failure: LinkCodeNotValid | None = None,
    status: int = 200,
) -> Response:
    settings = settings_of(request)
    asked = _Asked.by(request)
    is_local_mail = settings.smtp_url is None and not settings.is_production
    return show_page(
        request,
        "sign_in_code.html",
        user=None,
        status=status,
        code=code,
        asked=asked,
        is_by_link=is_by_link,
        asks_consent=asks_consent,
        consents=consents or NewUserConsents(),
        failure=failure,
        outbox=str(settings.data_dir / "outbox") if is_local_mail else "",
        again=f"/sign-in?next={quote(asked.goal, safe='/')}" if asked else "/sign-in",
    )
