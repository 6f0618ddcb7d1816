"""The tables of accounts."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tesigo.kit.db import Row

_HASH = String(64)
_SEED = String(64)


class UserRow(Row):
    """A user, also one that was deleted: such a row is anonymous, and signs nobody in.

    factor_seed: what the shared secret of the second factor is derived from with the installation's key, None
    without one. factor_confirmed_at: since when sign-in asks for it, None while it is being set up.
    factor_step: the time step of the last code that was taken, so that none is taken twice.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        CheckConstraint(
            r"(email ~ '^deleted_[0-9]+@deleted\.com$') = (deleted_at IS NOT NULL)",
            name="deleted_are_anonymous",
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    full_name: Mapped[str | None] = mapped_column(Text)
    is_premium: Mapped[bool] = mapped_column(server_default="false")
    is_admin: Mapped[bool] = mapped_column(server_default="false")
    daily_token_limit: Mapped[int | None]
    factor_seed: Mapped[str | None] = mapped_column(_SEED)
    factor_confirmed_at: Mapped[datetime | None]
    factor_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ConsentRow(Row):
    """One decision about one kind of consent; rows are only added, the newest of a kind holds."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("kind IN ('essential', 'analytics', 'marketing')", name="kind_is_known"),
        Index("ix_consents_newest", "user_id", "kind", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    is_given: Mapped[bool]
    decided_at: Mapped[datetime]
    ip: Mapped[str | None] = mapped_column(Text)
    user_agent: Mapped[str | None] = mapped_column(Text)


class LinkCodeRow(Row):
    """The code of a magic link, as a hash; the address need not belong to a user.

    seed: what the code is derived from with the installation's key, for whoever sends the mail; None once it is sent.
    browser_hash: of the secret of the browser that asked, which alone may redeem the code; None for programs.
    """

    __tablename__ = "link_codes"
    __table_args__ = (Index("ix_link_codes_recent", "email", "created_at"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code_hash: Mapped[str] = mapped_column(_HASH, unique=True)
    seed: Mapped[str | None] = mapped_column(_SEED)
    browser_hash: Mapped[str | None] = mapped_column(_HASH)
    email: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInRow(Row):
    """A sign-in on one device: the family of refresh tokens that follow one another.

    Only the newest token of the family is good; its parent is known for a few seconds of grace.
    """

    __tablename__ = "sign_ins"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    refresh_hash: Mapped[str] = mapped_column(_HASH)
    parent_hash: Mapped[str | None] = mapped_column(_HASH)
    created_at: Mapped[datetime]
    renewed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    ip: Mapped[str | None] = mapped_column(Text)
    user_agent: Mapped[str | None] = mapped_column(Text)
