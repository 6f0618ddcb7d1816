"""What can be done with an account: sign in, renew, sign out, decide about consents.

Every function works in the transaction that it is given; times are `now`, so that a test can move them.
"""

import uuid
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import store, tokens
from tesigo.accounts.codes import keyed_hash
from tesigo.accounts.identity import (
    Consent,
    ConsentKind,
    SignedIn,
    Tokens,
    User,
    Visitor,
)
from tesigo.accounts.models import UserRow
from tesigo.kit.errors import NotSignedIn
from tesigo.kit.secret_keys import KeyPair

log = structlog.get_logger(__name__)

_SIGN_INS_KEPT_FOR = timedelta(days=1)
_BATCH = 1_000
_GRACE = timedelta(seconds=10)


async def begin_sign_in(
    tx: AsyncSession, row: UserRow, *, visitor: Visitor, keys: KeyPair, now: datetime
) -> SignedIn:
    """Return the user with the tokens of a new sign-in; who they are must have been proved before."""
    await store.delete_ended_sign_ins(tx, row.id, now=now)
    jti = tokens.first_jti()
    expires_at = now + tokens.REFRESH_LIFETIME
    sign_in = await store.add_sign_in(
        tx,
        user_id=row.id,
        refresh_hash=_jti_hash(jti, keys),
        visitor=visitor,
        now=now,
        expires_at=expires_at,
    )
    claims = tokens.Claims(user_id=row.id, sign_in_id=sign_in.id, jti=jti)
    refresh = tokens.write_token("refresh", claims, issued_at=now, expires_at=expires_at, keys=keys)
    pair = _with_access_token(refresh, claims, refresh_expires_at=expires_at, keys=keys, now=now)
    return SignedIn(_user(row), sign_in.id, pair)


async def refresh_tokens(
    tx: AsyncSession, *, refresh_token: str, keys: KeyPair, now: datetime
) -> SignedIn | None:
    """Return the next pair of tokens, None when this one is no longer good.

    A token that was spent before ends its sign-in, because two parties hold it: the transaction must be
    committed then too, hence None and no error. Within 10 s of being spent, and while its successor is the
    newest, it gives that same successor once more: that is a second tab.
    Raises TokenNotGood for what never was a refresh token of ours, or has expired.
    """
    claims = tokens.read_token("refresh", refresh_token, keys=keys, now=now)
    spent_hash = _jti_hash(claims.jti, keys)
    following = tokens.Claims(
        user_id=claims.user_id, sign_in_id=claims.sign_in_id, jti=tokens.next_jti(claims.jti, keys=keys)
    )
    issued_at, expires_at = now, now + tokens.REFRESH_LIFETIME
    is_rotated = await store.rotate_sign_in(
        tx,
        claims.sign_in_id,
        user_id=claims.user_id,
        spent_hash=spent_hash,
        next_hash=_jti_hash(following.jti, keys),
        now=now,
        expires_at=expires_at,
    )
    if not is_rotated:
        row = await store.lock_sign_in(tx, claims.sign_in_id, user_id=claims.user_id)
        if row is None or row.revoked_at is not None:
            return None
        if row.parent_hash != spent_hash or now - row.renewed_at > _GRACE:
            await store.revoke_sign_in(tx, row.id, now=now)
            log.warning("refresh token used again, sign-in revoked", user_id=row.user_id)
            return None
        issued_at, expires_at = row.renewed_at, row.expires_at
    user = await store.find_user(tx, claims.user_id)
    if user is None:
        return None
    refresh = tokens.write_token("refresh", following, issued_at=issued_at, expires_at=expires_at, keys=keys)
    pair = _with_access_token(refresh, following, refresh_expires_at=expires_at, keys=keys, now=now)
    return SignedIn(_user(user), claims.sign_in_id, pair)


async def sign_out(tx: AsyncSession, *, refresh_token: str, keys: KeyPair, now: datetime) -> None:
    """End the sign-in that the token belongs to, whichever of its tokens it is.

    Raises TokenNotGood for what is no refresh token of ours.
    """
    claims = tokens.read_token("refresh", refresh_token, keys=keys, now=now)
    await store.revoke_sign_in(tx, claims.sign_in_id, now=now)


async def get_signed_in_user(tx: AsyncSession, *, access_token: str, keys: KeyPair, now: datetime) -> User:
    """Return whom the token stands for, after a look whether the sign-in still holds.

    Raises TokenNotGood, also right after log-out or when the user was deleted.
    """
    claims = tokens.read_token("access", access_token, keys=keys, now=now)
    row = await store.find_signed_in_user(tx, user_id=claims.user_id, sign_in_id=claims.sign_in_id, now=now)
    if row is None:
        raise tokens.token_not_good()
    return _user(row)


async def is_signed_in(tx: AsyncSession, *, user_id: int, sign_in_id: uuid.UUID, now: datetime) -> bool:
    """Return whether the sign-in is this user's and holds: not ended, not expired, the user not deleted."""
    return (await store.find_signed_in_user(tx, user_id=user_id, sign_in_id=sign_in_id, now=now)) is not None


async def find_user(tx: AsyncSession, user_id: int) -> User | None:
    """Return the user unless it was deleted."""
    row = await store.find_user(tx, user_id)
    return None if row is None else _user(row)


async def hold_user(tx: AsyncSession, user_id: int) -> None:
    """Keep the account from being deleted before this transaction, which adds something to it, has ended.

    Raises NotSignedIn when it was deleted since the request came.
    """
    if not await store.hold_user(tx, user_id):
        raise NotSignedIn("This account was deleted.")


async def get_consents(tx: AsyncSession, user_id: int) -> dict[ConsentKind, Consent]:
    """Return what the user last decided about each kind."""
    return await store.get_consents(tx, user_id)


async def decide_consents(
    tx: AsyncSession, user_id: int, *, analytics: bool, marketing: bool, visitor: Visitor, now: datetime
) -> dict[ConsentKind, Consent]:
    """Return what holds now; what was decided the same way before keeps its time.

    The essential consent ends with the account only.
    """
    await hold_user(tx, user_id)
    wanted = {ConsentKind.ANALYTICS: analytics, ConsentKind.MARKETING: marketing}
    known = await store.get_consents(tx, user_id)
    changed = [
        (kind, is_given)
        for kind, is_given in wanted.items()
        if kind not in known or known[kind].is_given != is_given
    ]
    await store.add_consents(tx, user_id, changed, visitor=visitor, now=now)
    return await store.get_consents(tx, user_id)


async def forget_ended_sign_ins(tx: AsyncSession, now: datetime) -> int:
    """Remove sign-ins that expired or were revoked more than a day ago, at most 1,000; return how many went.

    Their tokens are refused as before: one whose sign-in is gone is no longer good.
    Call it again, in a transaction of its own, until nothing goes.
    """
    return await store.delete_some_sign_ins(tx, ended_before=now - _SIGN_INS_KEPT_FOR, limit=_BATCH)


def _with_access_token(
    refresh: str, claims: tokens.Claims, *, refresh_expires_at: datetime, keys: KeyPair, now: datetime
) -> Tokens:
    own = tokens.Claims(user_id=claims.user_id, sign_in_id=claims.sign_in_id, jti=str(uuid.uuid4()))
    access_expires_at = now + tokens.ACCESS_LIFETIME
    return Tokens(
        access=tokens.write_token("access", own, issued_at=now, expires_at=access_expires_at, keys=keys),
        refresh=refresh,
        access_expires_at=access_expires_at,
        refresh_expires_at=refresh_expires_at,
    )


def _user(row: UserRow) -> User:
    return User(
        id=row.id,
        email=row.email,
        full_name=row.full_name,
        is_premium=row.is_premium,
        is_admin=row.is_admin,
        daily_token_limit=row.daily_token_limit,
        created_at=row.created_at,
    )


def _jti_hash(jti: str, keys: KeyPair) -> str:
    return keyed_hash("refresh token", jti, secret_key=keys.secret_key)
