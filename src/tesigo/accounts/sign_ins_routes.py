"""The user's own sign-ins, over HTTP: seen and ended."""

import uuid

from fastapi import APIRouter, status

from tesigo.accounts import sign_ins_service
from tesigo.accounts.session import CurrentSignIn
from tesigo.accounts.sign_ins_schemas import SignInAnswer, SignInsAnswer
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Now, Tx

router = APIRouter(prefix="/user/sessions", tags=["user"])


@router.get("", summary="Where the user is signed in", responses=problem_responses(401))
async def list_sign_ins(current: CurrentSignIn, tx: Tx, now: Now) -> SignInsAnswer:
    """Return the user's sign-ins that hold, newest use first."""
    held = await sign_ins_service.list_sign_ins(tx, current.user.id, now=now)
    return SignInsAnswer(items=[SignInAnswer.of(each, current_id=current.sign_in_id) for each in held])


@router.delete(
    "/{sign_in_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out on one device",
    responses=problem_responses(401, 403, 404, 422),
)
async def end_sign_in(sign_in_id: uuid.UUID, current: CurrentSignIn, tx: Tx, now: Now) -> None:
    """End one of the user's sign-ins: its tokens stop at once, what it watches ends within a minute.

    404 is the same for a sign-in that is absent, has ended, or is somebody else's.
    """
    await sign_ins_service.end_sign_in(tx, sign_in_id, user_id=current.user.id, now=now)


@router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Sign out on all other devices",
    responses=problem_responses(401, 403),
)
async def end_other_sign_ins(current: CurrentSignIn, tx: Tx, now: Now) -> None:
    """End all of the user's sign-ins but the one that asks."""
    await sign_ins_service.end_other_sign_ins(
        tx, user_id=current.user.id, current_id=current.sign_in_id, now=now
    )
