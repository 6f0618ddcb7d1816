"""Links and codes by mail: ask for one, send it, redeem it.

Every function works in the transaction that it is given; times are `now`, so that a test can move them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import factor_service, links_store, service, store
from tesigo.accounts.addresses import is_among, normalise_address
from tesigo.accounts.codes import code_of_seed, keyed_hash, new_seed, plain_code
from tesigo.accounts.errors import CodeOfOtherBrowser, ConsentRequired, LinkCodeNotValid
from tesigo.accounts.identity import ConsentKind, Language, NewUserConsents, Redeemer, SignedIn, Visitor
from tesigo.accounts.mails import compose_link_mail
from tesigo.accounts.models import UserRow
from tesigo.accounts.ports import Mail
from tesigo.kit.queue import defer
from tesigo.kit.secret_keys import KeyPair

SEND_LINK = "send_link"
"""The queue's name for the task that mails a link; its payload is `{"code_id": …, "language": …}`."""

log = structlog.get_logger(__name__)

CODE_LIFETIME = timedelta(minutes=10)
_CODES_KEPT_FOR = timedelta(days=1)
_BATCH = 1_000
_BEFORE_OTHER_ERRANDS = 10


@dataclass(frozen=True, slots=True)
class LinkToSend:
    """The mail that must bring a code, and how long that is of use."""

    mail: Mail
    asked_at: datetime
    expires_at: datetime


async def request_link(
    tx: AsyncSession, *, email: str, language: Language, browser: str | None, keys: KeyPair, now: datetime
) -> None:
    """Store a code and put its mail into the queue, both when this transaction is committed.

    browser: the secret of the browser that asks, which alone can redeem the code then; None for a program.
    Whether a user has the address is not even looked up: there is nothing to be told by answer or time.
    While an account with the address is being erased it waits. Raises AddressNotValid.
    """
    address = normalise_address(email)
    await links_store.hold_address(tx, address)
    seed = new_seed()
    row = await links_store.add_link_code(
        tx,
        code_hash=_code_hash(code_of_seed(seed, secret_key=keys.secret_key), keys),
        seed=seed,
        browser_hash=_browser_hash(browser, keys),
        email=address,
        now=now,
        expires_at=now + CODE_LIFETIME,
    )
    payload = {"code_id": row.id, "language": language}
    await defer(tx, SEND_LINK, payload, priority=_BEFORE_OTHER_ERRANDS)


async def find_link_to_send(
    tx: AsyncSession, code_id: int, *, language: Language, base_url: str, keys: KeyPair
) -> LinkToSend | None:
    """Return the mail that brings the code, None when there is none to send.

    So it is when it was sent or given up, when the code was used, and when it was erased with its address.
    """
    row = await links_store.find_unsent_link_code(tx, code_id)
    if row is None or row.seed is None:
        return None
    mail = compose_link_mail(
        to=row.email,
        code=code_of_seed(row.seed, secret_key=keys.secret_key),
        base_url=base_url,
        minutes=int(CODE_LIFETIME.total_seconds() // 60),
        language=language,
    )
    return LinkToSend(mail, asked_at=row.created_at, expires_at=row.expires_at)


async def note_link_done(tx: AsyncSession, code_id: int) -> None:
    """Record that the mail was sent, or never will be; from now on nobody can derive the code again."""
    await links_store.forget_seed(tx, code_id)


async def redeem_link(
    tx: AsyncSession,
    *,
    code: str,
    redeemer: Redeemer,
    second_factor: str | None,
    consents: NewUserConsents,
    visitor: Visitor,
    admin_emails: Collection[str],
    keys: KeyPair,
    now: datetime,
) -> SignedIn:
    """Return who has proved to read the mails of the address, as a new user if there was none.

    redeemer: how the code came, and to which browser. consents: regarded for a new user only.
    second_factor: the digits of the device, regarded for a user who has a second factor in force.
    Raises LinkCodeNotValid; CodeOfOtherBrowser, which uses nothing up; ConsentRequired for a new user without the
    essential consent, SecondFactorRequired, SecondFactorNotValid: when the transaction is rolled back, as it must
    be, the code is good again.
    """
    code_hash = _code_hash(code, keys)
    browser_hash = _browser_hash(redeemer.browser, keys)
    email = await links_store.claim_link_code(
        tx, code_hash, came_by=redeemer.came_by, browser_hash=browser_hash, now=now
    )
    if email is None:
        if await links_store.has_good_link_code(tx, code_hash, now=now):
            raise CodeOfOtherBrowser(
                "This code was asked for in another browser and works only there: type it on the page where you "
                "asked for it, or ask for a new mail here. It is still good."
            )
        raise _code_not_valid()
    row = await store.find_user_by_email(tx, email)
    if row is None:
        row = await _register(tx, email, consents, visitor=visitor, now=now)
    if row is None or row.deleted_at is not None:
        raise _code_not_valid()
    await factor_service.require_factor(tx, row.id, typed=second_factor, keys=keys, now=now)
    if not row.is_admin and is_among(email, admin_emails):
        row.is_admin = True
        log.info("administrator made", user_id=row.id, by="ADMIN_EMAILS")
    return await service.begin_sign_in(tx, row, visitor=visitor, keys=keys, now=now)


async def find_guarded_user(tx: AsyncSession, *, code: str, keys: KeyPair, now: datetime) -> int | None:
    """Return the user whom the code would sign in, None when they have no second factor in force.

    For counting attempts before they are made: after them, a count would come too late for many at once.
    """
    return await links_store.find_guarded_user(tx, _code_hash(code, keys), now=now)


async def forget_link_codes(tx: AsyncSession, now: datetime) -> int:
    """Remove codes made more than a day ago, at most 1,000; return how many went.

    Those of the last day are good no longer either; they tell an operator what became of a mail.
    Call it again, in a transaction of its own, until nothing goes.
    """
    return await links_store.delete_some_link_codes(tx, made_before=now - _CODES_KEPT_FOR, limit=_BATCH)


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


def _code_hash(code: str, keys: KeyPair) -> str:
    return keyed_hash("link code", plain_code(code), secret_key=keys.secret_key)


def _browser_hash(browser: str | None, keys: KeyPair) -> str | None:
    return None if browser is None else keyed_hash("browser", browser, secret_key=keys.secret_key)


def _code_not_valid() -> LinkCodeNotValid:
    return LinkCodeNotValid(
        "This code is wrong, was used before or is older than 10 minutes. Please ask for a new link."
    )
