"""The second factor: set up, asked for at sign-in, removed.

Administrators alone can set one up. Whoever has one in force is asked for it, and can remove it: a user who
is no administrator any more keeps it until then, because losing rights shall make no account easier to enter.
"""

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import factor_store, totp
from tesigo.accounts.errors import (
    AdministratorsOnly,
    NoSecondFactor,
    SecondFactorInForce,
    SecondFactorNotValid,
    SecondFactorRequired,
)
from tesigo.accounts.identity import User
from tesigo.kit.secret_keys import KeyPair

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewFactor:
    """What a device needs, told until it is in force. secret: base 32, to be typed; uri: the same for a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


async def get_factor(tx: AsyncSession, user: User) -> datetime | None:
    """Return since when the user's factor is in force, None without one.

    Raises AdministratorsOnly for a user who has none and can have none.
    """
    _, confirmed_at = await factor_store.get_factor(tx, user.id)
    if confirmed_at is None:
        _require_administrator(user)
    return confirmed_at


async def begin_factor(tx: AsyncSession, user: User, *, keys: KeyPair) -> NewFactor:
    """Return a new secret; it is not in force before `confirm_factor`, and replaces one that is not either.

    Raises AdministratorsOnly; SecondFactorInForce when there is one, which has to be removed first.
    """
    _require_administrator(user)
    seed = totp.generate_seed()
    if not await factor_store.begin_factor(tx, user.id, seed=seed):
        raise _in_force()
    secret = totp.derive_secret(seed, keys=keys)
    return NewFactor(secret, totp.provisioning_uri(secret, email=user.email))


async def find_begun_factor(tx: AsyncSession, user: User, *, keys: KeyPair) -> NewFactor | None:
    """Return the factor that is being set up, so that a page can show it again; None when none is.

    Once it is in force its secret is told no more.
    """
    seed, confirmed_at = await factor_store.get_factor(tx, user.id)
    if seed is None or confirmed_at is not None:
        return None
    secret = totp.derive_secret(seed, keys=keys)
    return NewFactor(secret, totp.provisioning_uri(secret, email=user.email))


async def confirm_factor(
    tx: AsyncSession, user: User, *, typed: str, keys: KeyPair, now: datetime
) -> datetime:
    """Put the factor in force, because the device shows the right code; return since when it is.

    Raises AdministratorsOnly, NoSecondFactor before `begin_factor`, SecondFactorInForce, SecondFactorNotValid.
    """
    _require_administrator(user)
    seed, confirmed_at = await factor_store.get_factor(tx, user.id)
    if seed is None:
        raise NoSecondFactor("No second factor is being set up: begin with a new secret.")
    if confirmed_at is not None:
        raise _in_force()
    await _take_code(tx, user.id, seed, typed, keys=keys, now=now)
    await factor_store.confirm_factor(tx, user.id, now=now)
    log.info("second factor in force", user_id=user.id)
    return now


async def remove_factor(tx: AsyncSession, user: User, *, typed: str, keys: KeyPair, now: datetime) -> None:
    """Remove the factor that is in force: sign-in asks for it no longer.

    Raises SecondFactorNotValid; NoSecondFactor, and AdministratorsOnly for a user who can have none.
    """
    seed, confirmed_at = await factor_store.get_factor(tx, user.id)
    if seed is None or confirmed_at is None:
        _require_administrator(user)
        raise NoSecondFactor("There is no second factor to remove.")
    await _take_code(tx, user.id, seed, typed, keys=keys, now=now)
    await factor_store.remove_factor(tx, user.id)
    log.info("second factor removed", user_id=user.id)


async def require_factor(
    tx: AsyncSession, user_id: int, *, typed: str | None, keys: KeyPair, now: datetime
) -> None:
    """Return when the user has no factor in force, or when this is its code and was not taken before.

    Raises SecondFactorRequired when nothing was typed; SecondFactorNotValid. The transaction must be rolled
    back then, so that the code of the link stays good.
    """
    seed, confirmed_at = await factor_store.get_factor(tx, user_id)
    if seed is None or confirmed_at is None:
        return
    if typed is None or not typed.strip():
        raise SecondFactorRequired(
            "Your account asks for a second factor: give the six digits that your device shows "
            "(second_factor). The code from the mail can still be used."
        )
    await _take_code(tx, user_id, seed, typed, keys=keys, now=now)


async def reset_factor(tx: AsyncSession, user_id: int) -> bool:
    """Remove the factor without a code, for a device that was lost; return whether one was in force."""
    _, confirmed_at = await factor_store.get_factor(tx, user_id)
    await factor_store.remove_factor(tx, user_id)
    log.info("second factor reset", user_id=user_id)
    return confirmed_at is not None


async def _take_code(
    tx: AsyncSession, user_id: int, seed: str, typed: str, *, keys: KeyPair, now: datetime
) -> None:
    step = totp.find_step(totp.derive_secret(seed, keys=keys), typed, now=now)
    if step is None or not await factor_store.take_step(tx, user_id, seed=seed, step=step):
        raise SecondFactorNotValid(
            "These six digits are wrong or were used before. Wait for the next ones of your device; "
            "if they are refused too, set the clock of the device."
        )


def _require_administrator(user: User) -> None:
    if not user.is_admin:
        raise AdministratorsOnly("A second factor can be set up by administrators only.")


def _in_force() -> SecondFactorInForce:
    return SecondFactorInForce("A second factor is in force already. Remove it first, with a code of it.")
