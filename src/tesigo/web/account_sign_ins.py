"""Where a user is signed in, and signing out there from here."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from tesigo.accounts import sign_ins_service
from tesigo.accounts.errors import SignInNotFound
from tesigo.accounts.session import CurrentSignIn
from tesigo.accounts.sign_ins_service import SignIn
from tesigo.kit.requests import Now, database_of
from tesigo.web.device_names import device_name
from tesigo.web.notices import Notice
from tesigo.web.pages import words_of
from tesigo.web.settings_answers import back_to_settings
from tesigo.web.words import Words

router = APIRouter(prefix="/settings/sign-ins")


@dataclass(frozen=True, slots=True)
class ListedSignIn:
    """A sign-in as the settings show it. is_here: it is the one of the browser that asks."""

    held: SignIn
    device: str
    is_here: bool


def list_for_page(held: Iterable[SignIn], *, current_id: uuid.UUID, words: Words) -> list[ListedSignIn]:
    """Return the sign-ins with their devices named, this browser's first, the others as they came."""
    listed = [ListedSignIn(each, device_name(each.user_agent, words), each.id == current_id) for each in held]
    return sorted(listed, key=lambda each: not each.is_here)


@router.post("/{sign_in_id}/end")
async def end_sign_in(request: Request, current: CurrentSignIn, now: Now, sign_in_id: uuid.UUID) -> Response:
    """Sign out there; what has ended already, or was never the user's, is said to be gone."""
    words = words_of(request)
    try:
        async with database_of(request).transaction() as tx:
            await sign_ins_service.end_sign_in(tx, sign_in_id, user_id=current.user.id, now=now)
    except SignInNotFound:
        return back_to_settings(request, [Notice("warning", words("sign_ins.gone"))])
    return back_to_settings(request, [Notice("done", words("sign_ins.ended"))])


@router.post("/end-others")
async def end_other_sign_ins(request: Request, current: CurrentSignIn, now: Now) -> Response:
    """Sign out everywhere but in the browser that asks."""
    words = words_of(request)
    async with database_of(request).transaction() as tx:
        ended = await sign_ins_service.end_other_sign_ins(
            tx, user_id=current.user.id, current_id=current.sign_in_id, now=now
        )
    said = words.count("sign_ins.others_ended", ended) if ended else words("sign_ins.no_others")
    return back_to_settings(request, [Notice("done", said)])
