"""On which devices a user is signed in, and how they end it there.

A sign-in that ended stops at once: every use of an access token looks it up, a refresh token is refused, and
an open WebSocket looks again within a minute (`session.still_holds`).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import sign_ins_store
from tesigo.accounts.errors import SignInNotFound

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that holds. renewed_at: when its tokens were last given; ip, user_agent: where it began."""

    id: uuid.UUID
    created_at: datetime
    renewed_at: datetime
    expires_at: datetime
    ip: str | None
    user_agent: str | None


async def list_sign_ins(tx: AsyncSession, user_id: int, *, now: datetime) -> list[SignIn]:
    """Return the sign-ins of the user that hold, newest use first."""
    rows = await sign_ins_store.find_sign_ins(tx, user_id, now=now)
    return [
        SignIn(
            id=row.id,
            created_at=row.created_at,
            renewed_at=row.renewed_at,
            expires_at=row.expires_at,
            ip=row.ip,
            user_agent=row.user_agent,
        )
        for row in rows
    ]


async def end_sign_in(tx: AsyncSession, sign_in_id: uuid.UUID, *, user_id: int, now: datetime) -> None:
    """End one of the user's own sign-ins, also the one that asks.

    Raises SignInNotFound, the same for one that is absent, has ended or is somebody else's.
    """
    if not await sign_ins_store.revoke_own_sign_in(tx, sign_in_id, user_id=user_id, now=now):
        raise SignInNotFound("There is no such sign-in, or it has ended. Read the list anew.")


async def end_other_sign_ins(tx: AsyncSession, *, user_id: int, current_id: uuid.UUID, now: datetime) -> int:
    """End all sign-ins of the user but the current one; return how many ended."""
    return await sign_ins_store.revoke_sign_ins(tx, user_id, but=current_id, now=now)


async def revoke_all_sign_ins(tx: AsyncSession, user_id: int, now: datetime) -> int:
    """End all sign-ins of the user, wherever they are; return how many ended.

    For an account that is deleted, changes its address, or whose mailbox was lost.
    """
    ended = await sign_ins_store.revoke_sign_ins(tx, user_id, now=now)
    log.info("all sign-ins of a user revoked", user_id=user_id, ended=ended)
    return ended
