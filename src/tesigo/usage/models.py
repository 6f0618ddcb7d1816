"""The tables of tokens: what was used, and what is set aside."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tesigo.gateway.ports import Outcome
from tesigo.kit.db import Row

LOST = "lost"
"""The outcome of a call whose process ended before it could tell what became of it."""
OUTCOMES = (*(outcome.value for outcome in Outcome), LOST)

_PRODUCT = String(16)
_MODEL = String(200)
_PROMPT = String(100)
_IS_KNOWN = "outcome IN ({})".format(", ".join(f"'{outcome}'" for outcome in OUTCOMES))


class UsageRow(Row):
    """What one call of a model used. Rows are only added: tokens stay, also when whoever used them is erased.

    id: the call's own, so that nothing is recorded twice. product: the number of a section, or "outline".
    prompt: its name with its version. outcome: one of OUTCOMES.
    is_estimated: by us, because the provider did not say. called_at: the time by which it counts for a day.
    took_ms: None when nobody was there to measure it.
    """

    __tablename__ = "usage"
    __table_args__ = (
        CheckConstraint(_IS_KNOWN, name="outcome_is_known"),
        # what counts for a limit is read from the indexes alone
        Index("ix_usage_called_at", "called_at", postgresql_include=("prompt_tokens", "completion_tokens")),
        Index(
            "ix_usage_user",
            "user_id",
            "called_at",
            postgresql_include=("prompt_tokens", "completion_tokens"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    document_id: Mapped[int | None] = mapped_column(
        ForeignKey("documents.id", ondelete="SET NULL"), index=True
    )
    job_id: Mapped[uuid.UUID | None]
    product: Mapped[str] = mapped_column(_PRODUCT)
    model: Mapped[str] = mapped_column(_MODEL)
    prompt: Mapped[str] = mapped_column(_PROMPT)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    is_estimated: Mapped[bool]
    outcome: Mapped[str] = mapped_column(String(16))
    called_at: Mapped[datetime]
    took_ms: Mapped[int | None]


class ReservationRow(Row):
    """What is set aside for one call until it is recorded as usage, under the same id.

    prompt_tokens, completion_tokens: the most that the call can use, which are an estimate; once it `is_spent`,
    what it used.
    """

    __tablename__ = "token_reservations"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    document_id: Mapped[int | None] = mapped_column(
        ForeignKey("documents.id", ondelete="SET NULL"), index=True
    )
    job_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    product: Mapped[str] = mapped_column(_PRODUCT)
    model: Mapped[str] = mapped_column(_MODEL)
    prompt: Mapped[str] = mapped_column(_PROMPT)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    is_spent: Mapped[bool] = mapped_column(server_default="false")
    is_estimated: Mapped[bool] = mapped_column(server_default="true")
    called_at: Mapped[datetime]
