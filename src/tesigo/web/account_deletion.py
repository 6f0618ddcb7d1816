"""Deleting an account: what goes and what stays is told first, and the address has to be typed."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from tesigo.accounts.addresses import normalise_address
from tesigo.accounts.cookies import clear_cookies
from tesigo.accounts.errors import AddressNotValid
from tesigo.accounts.identity import User
from tesigo.accounts.session import CurrentUser, keys_of
from tesigo.kit.requests import Now, SettingsNow, database_of
from tesigo.privacy.erasure_service import erase_user
from tesigo.web.notices import Notice
from tesigo.web.pages import show_page, words_of
from tesigo.web.settings_answers import back_to_settings

router = APIRouter(prefix="/settings/delete")


@router.get("")
async def ask_to_delete(request: Request, current: CurrentUser) -> Response:
    """Tell what goes and what stays, and ask for the address."""
    return show_page(request, "settings_delete.html", user=current, typed="", is_wrong=False)


@router.post("")
async def delete_account(
    *,
    request: Request,
    current: CurrentUser,
    settings: SettingsNow,
    now: Now,
    email: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Erase the account when its address was typed, and say goodbye on the start page."""
    if not _is_address_of(current, email):
        return show_page(
            request, "settings_delete.html", user=current, status=400, typed=email, is_wrong=True
        )
    async with database_of(request).transaction() as tx:
        await erase_user(tx, current.id, keys=keys_of(request), now=now)
    response = back_to_settings(request, [Notice("done", words_of(request)("erasure.done"))], page="/")
    clear_cookies(response, settings=settings)
    return response


def _is_address_of(user: User, typed: str) -> bool:
    try:
        return normalise_address(typed) == user.email
    except AddressNotValid:
        return False
