"""The front door."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tesigo.accounts.session import MaybeUser
from tesigo.web.pages import show_page

router = APIRouter()


@router.get("/")
async def show_landing(request: Request, current: MaybeUser) -> Response:
    """Tell a stranger what this is; bring whoever is signed in to their documents."""
    if current is not None:
        return RedirectResponse("/documents", 303)
    return show_page(request, "landing.html", user=None)
