"""The pages on the way from a stranger to a signed-in user, and out again."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Self
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from tesigo.accounts import sign_in
from tesigo.accounts.cookies import set_cookies
from tesigo.accounts.errors import (
    AddressNotValid,
    CodeOfOtherBrowser,
    ConsentRequired,
    LinkCodeNotValid,
    SecondFactorNotValid,
    SecondFactorRequired,
)
from tesigo.accounts.identity import CameBy, NewUserConsents, Redeemer
from tesigo.accounts.origin import require_own_page
from tesigo.accounts.session import MaybeUser
from tesigo.kit.errors import Failure, LimitReached
from tesigo.kit.problems import retry_after, status_of
from tesigo.kit.requests import settings_of
from tesigo.web.addresses import own_path
from tesigo.web.browser_memory import forget, recall, remember
from tesigo.web.languages import language_of
from tesigo.web.pages import show_page

_ASKED = "asked"
_BROWSER = "browser"
_SECRET_LENGTH = 43
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
    """Have a link and a code mailed; the answer is the same for every address.

    The browser gets a secret, or keeps the one it has, by which it alone can redeem the code.
    """
    settings = settings_of(request)
    require_own_page(request, settings=settings)
    browser = _secret_of_browser(request) or secrets.token_urlsafe(32)
    try:
        await sign_in.send_link(request, email=email, language=language_of(request), browser=browser)
    except (AddressNotValid, LimitReached) as failure:
        return _show_form(request, email=email, goal=goal, failure=failure, status=status_of(failure))
    response = RedirectResponse("/sign-in/code", 303)
    asked = [email.strip(), goal]
    if not remember(response, _ASKED, asked, lifetime_s=_ASKED_LIFETIME_S, settings=settings):
        remember(response, _ASKED, [asked[0], _HOME], lifetime_s=_ASKED_LIFETIME_S, settings=settings)
    remember(response, _BROWSER, browser, lifetime_s=_ASKED_LIFETIME_S, settings=settings)
    return response


@router.get("/sign-in/code")
async def show_code_form(request: Request) -> Response:
    """Say that a mail is on its way, and take its code."""
    return _show_code_form(request, is_by_link=False)


@router.get("/sign-in/link")
async def show_link(request: Request) -> Response:
    """Show the button that signs in; the code stands behind `#`, so that only the page itself sees it.

    A browser that did not ask for the link is told so, and shows the code for being typed where it was asked for: a
    link that somebody else sent shall not sign anybody in with one click. Opening it uses nothing up.
    """
    return _show_code_form(request, is_by_link=True)


@router.post("/sign-in/code")
async def redeem_code(
    request: Request,
    *,
    code: _Text = "",
    by_link: _Box = False,
    second_factor: _Text = "",
    essential: _Box = False,
    analytics: _Box = False,
    marketing: _Box = False,
) -> Response:
    """Sign in; first ask for consents for a new account, or for the second factor: the code stays good.

    by_link: the page of the link has filled in the code, which has to be one of this browser then. After a refusal
    a code that nobody typed is not offered again.
    """
    settings = settings_of(request)
    require_own_page(request, settings=settings)
    consents = NewUserConsents(essential, analytics, marketing)
    try:
        signed_in = await sign_in.sign_in(
            request,
            code=code,
            redeemer=Redeemer(CameBy.LINK if by_link else CameBy.TYPED, _secret_of_browser(request)),
            consents=consents,
            second_factor=second_factor,
        )
    except ConsentRequired:
        return _show_code_form(request, code=code, is_by_link=by_link, asks_consent=True, consents=consents)
    except SecondFactorRequired:
        return _show_code_form(request, code=code, is_by_link=by_link, asks_factor=True)
    except (LinkCodeNotValid, CodeOfOtherBrowser) as failure:
        typed = "" if by_link else code
        return _show_code_form(request, code=typed, failure=failure, status=status_of(failure))
    except (SecondFactorNotValid, LimitReached) as failure:
        return _show_code_form(
            request,
            code=code,
            is_by_link=by_link,
            asks_factor=bool(second_factor),
            failure=failure,
            status=status_of(failure),
        )
    asked = _Asked.by(request)
    response = RedirectResponse(asked.goal if asked else _HOME, 303)
    set_cookies(response, signed_in.tokens, settings=settings)
    for name in (_ASKED, _BROWSER):
        forget(response, name, settings=settings)
    return response


@router.post("/sign-out")
async def leave(request: Request) -> Response:
    """End the sign-in of this browser."""
    require_own_page(request, settings=settings_of(request))
    response = RedirectResponse("/", 303)
    await sign_in.sign_out_browser(request, response)
    return response


def _secret_of_browser(request: Request) -> str | None:
    match recall(request, _BROWSER, settings=settings_of(request)):
        case str(secret) if len(secret) == _SECRET_LENGTH:
            return secret
        case _:
            return None


def _show_form(
    request: Request,
    *,
    email: str,
    goal: str,
    failure: AddressNotValid | LimitReached | None = None,
    status: int = 200,
) -> Response:
    response = show_page(
        request, "sign_in.html", user=None, status=status, email=email, goal=goal, failure=failure
    )
    if failure is not None:
        response.headers.update(retry_after(failure))
    return response


def _show_code_form(
    request: Request,
    *,
    code: str = "",
    is_by_link: bool = False,
    asks_consent: bool = False,
    asks_factor: bool = False,
    consents: NewUserConsents | None = None,
    failure: Failure | None = None,
    status: int = 200,
) -> Response:
    settings = settings_of(request)
    asked = _Asked.by(request)
    is_local_mail = settings.smtp_url is None and not settings.is_production
    response = show_page(
        request,
        "sign_in_code.html",
        user=None,
        status=status,
        code=code,
        asked=asked,
        is_by_link=is_by_link,
        asks_consent=asks_consent,
        asks_factor=asks_factor,
        consents=consents or NewUserConsents(),
        failure=failure,
        outbox=str(settings.data_dir / "outbox") if is_local_mail else "",
        again=f"/sign-in?next={quote(asked.goal, safe='/')}" if asked else "/sign-in",
    )
    if failure is not None:
        response.headers.update(retry_after(failure))
    return response
