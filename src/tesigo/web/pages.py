"""How every page is made: one template environment, one frame, the reader's language."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tesigo.accounts.identity import User
from tesigo.kit.requests import settings_of
from tesigo.web.assets import Assets
from tesigo.web.languages import language_of
from tesigo.web.notices import read_notices, take_notices
from tesigo.web.sentences import sentence_of
from tesigo.web.words import LANGUAGES, Words, words_in

TEMPLATES = Path(__file__).resolve().parent / "templates"
BRAND = "TesiGo"


class Pages:
    """Turns a template and values into an answer."""

    def __init__(self, assets: Assets) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            asset=assets.address,
            brand=BRAND,
            languages=[(code, words_in(code)) for code in LANGUAGES],
            sentence_of=sentence_of,
        )

    def render(self, template: str, words: Words, values: Mapping[str, Any]) -> str:
        """Return the page's HTML; a value that the template names and nobody gave is an error."""
        return self._environment.get_template(template).render(t=words, **values)


def words_of(request: Request) -> Words:
    """Return the interface's texts in the language of this browser."""
    return words_in(language_of(request))


def show_page(
    request: Request, template: str, *, user: User | None, status: int = 200, **values: Any
) -> HTMLResponse:
    """Return a page for this request. user: who is signed in, for the frame around the page."""
    settings = settings_of(request)
    words = words_of(request)
    pages: Pages = request.app.state.pages
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    frame = {
        "user": user,
        "here": here if request.method == "GET" else request.url.path,
        "notices": read_notices(request, settings=settings),
    }
    response = HTMLResponse(pages.render(template, words, {**frame, **values}), status)
    take_notices(request, response, settings=settings)
    response.headers["Content-Language"] = words.language
    response.headers["Vary"] = "Accept-Language, Cookie"
    response.headers["Cache-Control"] = "no-store" if user else "private, no-cache"
    return response
