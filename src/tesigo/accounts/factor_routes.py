"""The second factor of an administrator, over HTTP."""

from fastapi import APIRouter, Request, Response, status

from tesigo.accounts import factor_service, second_factor
from tesigo.accounts.factor_schemas import FactorAnswer, FactorCodeToCheck, NewFactorAnswer
from tesigo.accounts.session import CurrentUser, keys_of
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Tx

router = APIRouter(prefix="/user/second-factor", tags=["user"])


@router.get("", summary="Whether sign-in asks for a second factor", responses=problem_responses(401, 403))
async def read_factor(current: CurrentUser, tx: Tx) -> FactorAnswer:
    """Return whether a second factor is in force, and since when.

    403 `administrators_only` for a user who has none and can have none.
    """
    confirmed_at = await factor_service.get_factor(tx, current)
    return FactorAnswer(is_set_up=confirmed_at is not None, confirmed_at=confirmed_at)


@router.post("", summary="Begin to set up a second factor", responses=problem_responses(401, 403, 409))
async def begin_factor(request: Request, response: Response, current: CurrentUser, tx: Tx) -> NewFactorAnswer:
    """Return the secret for the device, this once. It is not in force until a code of it is confirmed.

    409 `second_factor_in_force` when there is one already.
    """
    new = await factor_service.begin_factor(tx, current, keys=keys_of(request))
    response.headers["Cache-Control"] = "no-store"
    return NewFactorAnswer(secret=new.secret, uri=new.uri)


@router.post(
    "/confirm",
    summary="Put the second factor in force",
    responses=problem_responses(400, 401, 403, 404, 409, 422, 429, 503),
)
async def confirm_factor(request: Request, current: CurrentUser, shown: FactorCodeToCheck) -> FactorAnswer:
    """Ask for the second factor from the next sign-in on, because the device shows the right code.

    400 `second_factor_not_valid`; 404 `no_second_factor` when none is being set up.
    """
    confirmed_at = await second_factor.confirm_factor(request, current, typed=shown.code)
    return FactorAnswer(is_set_up=True, confirmed_at=confirmed_at)


@router.delete(
    "",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Remove the second factor",
    responses=problem_responses(400, 401, 403, 404, 422, 429, 503),
)
async def remove_factor(request: Request, current: CurrentUser, shown: FactorCodeToCheck) -> None:
    """Ask for it no longer; a current code of it is needed.

    400 `second_factor_not_valid`; 404 `no_second_factor`. Whoever lost the device resets the factor on the
    machine, with `tesigo users reset-second-factor`.
    """
    await second_factor.remove_factor(request, current, typed=shown.code)
