"""The second factor of an administrator: a picture to scan, put in force and switched off with a code."""

from collections.abc import Awaitable
from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request, Response

from tesigo.accounts import factor_service, second_factor
from tesigo.accounts.errors import (
    NoSecondFactor,
    SecondFactorInForce,
    SecondFactorNotValid,
)
from tesigo.accounts.session import CurrentUser, keys_of
from tesigo.kit.errors import LimitReached
from tesigo.kit.requests import Tx, database_of
from tesigo.web.notices import Notice
from tesigo.web.pages import show_page, words_of
from tesigo.web.sentences import sentence_of
from tesigo.web.settings_answers import back_to_settings

_HERE = "/settings/second-factor"
_LETTERS_IN_GROUP = 4
_PIXELS_OF_MODULE = 5

router = APIRouter(prefix=_HERE)
_Code = Annotated[str, Form(max_length=100)]


@router.get("")
async def show_factor(request: Request, current: CurrentUser, tx: Tx) -> Response:
    """Show what is to be done: begin, scan and confirm, or switch off with a code.

    Whoever can have no second factor is told so.
    """
    confirmed_at = await factor_service.get_factor(tx, current)
    begun = await factor_service.find_begun_factor(tx, current, keys=keys_of(request))
    return show_page(
        request,
        "settings_factor.html",
        user=current,
        confirmed_at=confirmed_at,
        picture=_picture(begun.uri) if begun else "",
        secret=_in_groups(begun.secret) if begun else "",
    )


@router.post("")
async def begin_factor(request: Request, current: CurrentUser) -> Response:
    """Make a secret; it is not in force before a code of it was typed."""

    async def begin() -> None:
        async with database_of(request).transaction() as tx:
            await factor_service.begin_factor(tx, current, keys=keys_of(request))

    return await _after(request, begin(), page=_HERE)


@router.post("/confirm")
async def confirm_factor(request: Request, current: CurrentUser, code: _Code = "") -> Response:
    """Put the factor in force when the code is right."""
    confirm = second_factor.confirm_factor(request, current, typed=code)
    return await _after(request, confirm, done=words_of(request)("factor.switched_on"))


@router.post("/remove")
async def remove_factor(request: Request, current: CurrentUser, code: _Code = "") -> Response:
    """Switch the factor off when the code is right."""
    remove = second_factor.remove_factor(request, current, typed=code)
    return await _after(request, remove, done=words_of(request)("factor.switched_off"))


async def _after(
    request: Request,
    work: Awaitable[object],
    *,
    done: str = "",
    page: str = "/settings",
) -> Response:
    """Return the way on once the work is done: to `page`, which says what was done.

    A refusal is said where the code is typed, to try again.
    """
    try:
        await work
    except (NoSecondFactor, SecondFactorInForce, SecondFactorNotValid, LimitReached) as failure:
        warning = Notice("warning", sentence_of(failure, words_of(request)))
        return back_to_settings(request, [warning], page=_HERE)
    return back_to_settings(request, [Notice("done", done)] if done else [], page=page)


def _picture(uri: str) -> str:
    """Return the QR code as the address of a picture; its paper is white, which readers need at night too."""
    code = segno.make(uri, error="m", micro=False)
    return code.svg_data_uri(scale=_PIXELS_OF_MODULE, light="#fff")


def _in_groups(secret: str) -> str:
    starts = range(0, len(secret), _LETTERS_IN_GROUP)
    return " ".join(secret[start : start + _LETTERS_IN_GROUP] for start in starts)
