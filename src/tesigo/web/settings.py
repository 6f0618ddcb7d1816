"""The settings: what a user can look at and change about their account."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import factor_service, service, sign_ins_service, users_service
from tesigo.accounts.errors import AdministratorsOnly
from tesigo.accounts.identity import ConsentKind, User
from tesigo.accounts.schemas import NameToSet
from tesigo.accounts.session import CurrentSignIn, CurrentUser, VisitorNow, keys_of
from tesigo.kit.requests import Now, Tx, database_of
from tesigo.kit.secret_keys import KeyPair
from tesigo.web.account_sign_ins import list_for_page
from tesigo.web.notices import Notice
from tesigo.web.pages import show_page, words_of
from tesigo.web.settings_answers import back_to_settings

router = APIRouter(prefix="/settings")
_Box = Annotated[bool, Form()]
_Text = Annotated[str, Form(max_length=2_000)]


@dataclass(frozen=True, slots=True)
class _Factor:
    """How far the second factor is. confirmed_at: since when it is in force, None before."""

    confirmed_at: datetime | None
    is_begun: bool


@router.get("")
async def show_settings(request: Request, current: CurrentSignIn, tx: Tx, now: Now) -> Response:
    """Show all of it, a section for each matter."""
    user = current.user
    consents = await service.get_consents(tx, user.id)
    held = await sign_ins_service.list_sign_ins(tx, user.id, now=now)
    return show_page(
        request,
        "settings.html",
        user=user,
        consents={kind.value: consent for kind, consent in consents.items()},
        optional_consents=(ConsentKind.ANALYTICS.value, ConsentKind.MARKETING.value),
        factor=await _find_factor(tx, user, keys_of(request)),
        sign_ins=list_for_page(held, current_id=current.sign_in_id, words=words_of(request)),
    )


@router.post("/name")
async def rename(request: Request, current: CurrentUser, name: _Text = "") -> Response:
    """Keep the name for title pages, or forget it when the field is empty."""
    words = words_of(request)
    try:
        wanted = NameToSet(full_name=name.strip() or None)
    except ValidationError:
        return back_to_settings(request, [Notice("warning", words("settings.name_fault"))])
    async with database_of(request).transaction() as tx:
        await users_service.rename_user(tx, current.id, wanted.full_name)
    return back_to_settings(request, [Notice("done", words("settings.name_saved"))])


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


async def _find_factor(tx: AsyncSession, user: User, keys: KeyPair) -> _Factor | None:
    """Return the state of the second factor, None for a user who has none and can have none."""
    try:
        confirmed_at = await factor_service.get_factor(tx, user)
    except AdministratorsOnly:
        return None
    begun = await factor_service.find_begun_factor(tx, user, keys=keys)
    return _Factor(confirmed_at, is_begun=begun is not None)
