"""What can be done with an account: ask for a link, redeem it, renew, sign out, decide about consents.

Every function works in the transaction that it is given; times are `now`, so that a test can move them.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import store, tokens
from tesigo.accounts.addresses import normalise_address
from tesigo.accounts.codes import generate_code, keyed_hash, plain_code
from tesigo.accounts.errors import ConsentRequired, LinkCodeNotValid, TooManyLinks
from tesigo.accounts.identity import (
    Consent,
    ConsentKind,
    Language,
    NewUserConsents,
    SignedIn,
    Tokens,
    User,
    Visitor,
)
from tesigo.accounts.mails import compose_link_mail
from tesigo.accounts.models import UserRow
from tesigo.accounts.ports import Mail
from tesigo.kit.secret_keys import KeyPair

log = structlog.get_logger(__name__)

CODE_LIFETIME = timedelta(minutes=10)
_CODES_COUNTED_FOR = timedelta(hours=1)
_MOST_UNUSED_CODES = 5
_CODES_KEPT_FOR = timedelta(days=1)
_SIGN_INS_KEPT_FOR = timedelta(days=1)
_BATCH = 1_000
_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class LinkToSend:
    """A code that is stored, and the mail that must bring it."""

    code_id: int
    mail: Mail


async def request_link(
    tx: AsyncSession, *, email: str, language: Language, base_url: str, keys: KeyPair, now: datetime
) -> LinkToSend:
    """Return the mail to send once this transaction is committed.

    Whether a user has the address is not even looked up: there is nothing to be told by answer or time.
    Raises AddressNotValid; TooManyLinks when 5 codes of the last hour were not used.
    """
    address = normalise_address(email)
    await store.lock_address(tx, address)
    unused = await store.find_unused_code_times(tx, address, since=now - _CODES_COUNTED_FOR)
    if len(unused) >= _MOST_UNUSED_CODES:
        wait = unused[-_MOST_UNUSED_CODES] + _CODES_COUNTED_FOR - now
        raise TooManyLinks(
            "Several links were sent to this address and none was used. Look for them also among unwanted "
            "mail, or ask again later.",
            retry_after_s=wait.total_seconds(),
        )
    code = generate_code()
    row = await store.add_link_code(
        tx, code_hash=_code_hash(code, keys), email=address, now=now, expires_at=now + CODE_LIFETIME
    )
    minutes = int(CODE_LIFETIME.total_seconds() // 60)
    mail = compose_link_mail(to=address, code=code, base_url=base_url, minutes=minutes, language=language)
    return LinkToSend(row.id, mail)


async def withdraw_link(tx: AsyncSession, link: LinkToSend) -> None:
    """Forget a code whose mail could not be sent: it shall not count against the address."""
    await store.delete_link_code(tx, link.code_id)


async def redeem_link(
    tx: AsyncSession,
    *,
    code: str,
    consents: NewUserConsents,
    visitor: Visitor,
    admin_emails: Collection[str],
    keys: KeyPair,
    now: datetime,
) -> SignedIn:
    """Return who has proved to read the mails of the address, as a new user if there was none.

    consents: regarded for a new user only. Raises LinkCodeNotValid; ConsentRequired for a new user without
    the essential consent: when the transaction is rolled back, as it must be, the code is good again.
    """
    email = await store.claim_link_code(tx, _code_hash(code, keys), now=now)
    if email is None:
        raise _code_not_valid()
    row = await store.find_user_by_email(tx, email)
    if row is None:
        row = await _register(tx, email, consents, visitor=visitor, now=now)
    if row is None or row.deleted_at is not None:
        raise _code_not_valid()
    if email in admin_emails:
        row.is_admin = True
    return await _sign_in(tx, row, visitor=visitor, keys=keys, now=now)


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


async def get_consents(tx: AsyncSession, user_id: int) -> dict[ConsentKind, Consent]:
    """Return what the user last decided about each kind."""
    return await store.get_consents(tx, user_id)


async def decide_consents(
    tx: AsyncSession, user_id: int, *, analytics: bool, marketing: bool, visitor: Visitor, now: datetime
) -> dict[ConsentKind, Consent]:
    """Return what holds now; what was decided the same way before keeps its time.

    The essential consent ends with the account only.
    """
    wanted = {ConsentKind.ANALYTICS: analytics, ConsentKind.MARKETING: marketing}
    known = await store.get_consents(tx, user_id)
    changed = [
        (kind, is_given)
        for kind, is_given in wanted.items()
        if kind not in known or known[kind].is_given != is_given
    ]
    await store.add_consents(tx, user_id, changed, visitor=visitor, now=now)
    return await store.get_consents(tx, user_id)


async def forget_link_codes(tx: AsyncSession, now: datetime) -> int:
    """Remove codes made more than a day ago, at most 1,000; return how many went.

    Those of the last day are good no longer either, but count against who asks for too many.
    Call it again, in a transaction of its own, until nothing goes.
    """
    return await store.delete_some_link_codes(tx, made_before=now - _CODES_KEPT_FOR, limit=_BATCH)


async def forget_ended_sign_ins(tx: AsyncSession, now: datetime) -> int:
    """Remove sign-ins that expired or were revoked more than a day ago, at most 1,000; return how many went.

    Their tokens are refused as before: one whose sign-in is gone is no longer good.
    Call it again, in a transaction of its own, until nothing goes.
    """
    return await store.delete_some_sign_ins(tx, ended_before=now - _SIGN_INS_KEPT_FOR, limit=_BATCH)


async def _register(
    tx: AsyncSession, email: str, consents: NewUserConsents, *, visitor: Visitor, now: datetime
) -> UserRow | None:
    if not consents.essential:
        raise ConsentRequired(
            "To open an account, please agree to the processing of your data (gdpr_consent). "
            "The code can still be used."
        )
    row = await store.add_user(tx, email=email, now=now)
    if row is None:  # another code of the same address was redeemed at the same time
        return await store.find_user_by_email(tx, email)
    decided = (
        (ConsentKind.ESSENTIAL, consents.essential),
        (ConsentKind.ANALYTICS, consents.analytics),
        (ConsentKind.MARKETING, consents.marketing),
    )
    await store.add_consents(tx, row.id, decided, visitor=visitor, now=now)
    return row


async def _sign_in(
    tx: AsyncSession, row: UserRow, *, visitor: Visitor, keys: KeyPair, now: datetime
) -> SignedIn:
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


def _code_hash(code: str, keys: KeyPair) -> str:
    return keyed_hash("link code", plain_code(code), secret_key=keys.secret_key)


def _jti_hash(jti: str, keys: KeyPair) -> str:
    return keyed_hash("refresh token", jti, secret_key=keys.secret_key)


def _code_not_valid() -> LinkCodeNotValid:
    return LinkCodeNotValid(
        "This code is wrong, was used before or is older than 10 minutes. Please ask for a new link."
    )
