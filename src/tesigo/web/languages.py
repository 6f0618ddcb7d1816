"""In which language the interface speaks to this browser, and the switch between them."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from tesigo.accounts.identity import Language
from tesigo.accounts.origin import require_own_page
from tesigo.kit.requests import settings_of
from tesigo.web.addresses import own_path
from tesigo.web.browser_memory import recall, remember
from tesigo.web.words import LANGUAGES

_NAME = "language"
_YEAR_S = 31_536_000

router = APIRouter()


def language_of(request: Request) -> Language:
    """Return the language that was chosen here, else the one that the browser likes best, else English."""
    chosen = recall(request, _NAME, settings=settings_of(request))
    for language in LANGUAGES:
        if chosen == language:
            return language
    return preferred_language(request.headers.get("accept-language", ""))


def preferred_language(accepted: str) -> Language:
    """Return our language that an Accept-Language header puts first."""
    wishes: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        wishes.append((weight, tag.strip().partition("-")[0].lower()))
    for weight, tag in sorted(wishes, key=lambda wish: -wish[0]):
        for language in LANGUAGES:
            if tag == language and weight > 0:
                return language
    return LANGUAGES[0]


@router.post("/language")
async def choose_language(
    request: Request,
    language: Annotated[str, Form(max_length=8)],
    back: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    """Keep the choice in the browser for a year, and show the page again."""
    settings = settings_of(request)
    require_own_page(request, settings=settings)
    response = RedirectResponse(own_path(back, otherwise="/"), 303)
    if language in LANGUAGES:
        remember(response, _NAME, language, lifetime_s=_YEAR_S, settings=settings)
    return response
