"""The SQL of what was used and of what is set aside.

Locks are taken in one order, because any other meets a run in a deadlock: documents, users, reservations by their id.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, literal, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents.models import DocumentRow
from tesigo.gateway.ports import Call
from tesigo.usage.models import LOST, ReservationRow, UsageRow
from tesigo.usage.spending import Day, Payer, Spent, Used

_ONE_AT_A_TIME = "tokens of a day"
_OF_BOTH = (
    "id", "user_id", "document_id", "job_id", "product", "model", "prompt", "prompt_tokens", "completion_tokens",
    "is_estimated", "called_at",
)  # fmt: skip
"""What a reservation and its row of usage have in common."""


async def take_turn(tx: AsyncSession) -> None:
    """Let nobody else of the whole installation set tokens aside before this transaction ends."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_ONE_AT_A_TIME, 0))))


async def hold_document(tx: AsyncSession, document_id: int) -> bool:
    """Return whether the document is there; if so, it is not deleted before this transaction ends."""
    query = select(DocumentRow.id).where(DocumentRow.id == document_id)
    return await tx.scalar(query.with_for_update(read=True, key_share=True)) is not None


async def lock_document(tx: AsyncSession, document_id: int) -> bool:
    """Return whether the document is there; if so, nobody else changes it before this transaction ends."""
    query = select(DocumentRow.id).where(DocumentRow.id == document_id)
    return await tx.scalar(query.with_for_update(key_share=True)) is not None


async def lock_documents_of(tx: AsyncSession, call_ids: Collection[uuid.UUID]) -> None:
    """Let nobody else change the documents of these reservations before this transaction ends."""
    theirs = select(ReservationRow.document_id).where(ReservationRow.id.in_(call_ids))
    query = select(DocumentRow.id).where(DocumentRow.id.in_(theirs)).order_by(DocumentRow.id)
    await tx.execute(query.with_for_update(key_share=True))


async def sum_tokens(tx: AsyncSession, day: Day | None, *, user_id: int | None = None) -> Used:
    """Return what was used and is set aside, of a day or ever: by the user, by all together without one.

    It is one statement: a call that is recorded meanwhile is seen once, on the one side or on the other.
    """
    spent, of_usage = _tokens(UsageRow), _counted(UsageRow, day, user_id)
    held, of_reservations = _tokens(ReservationRow), _counted(ReservationRow, day, user_id)
    recorded = select(func.coalesce(func.sum(spent), 0)).where(*of_usage)
    pending = select(func.coalesce(func.sum(held), 0)).where(*of_reservations)
    sums = select(
        recorded.scalar_subquery() + pending.where(ReservationRow.is_spent).scalar_subquery(),
        pending.where(~ReservationRow.is_spent).scalar_subquery(),
    )
    used, reserved = (await tx.execute(sums)).one()
    return Used(int(used), int(reserved))


async def sum_product(tx: AsyncSession, document_id: int, product: str) -> int:
    """Return the tokens that are recorded for one product of a document."""
    query = select(func.coalesce(func.sum(_tokens(UsageRow)), 0))
    query = query.where(UsageRow.document_id == document_id, UsageRow.product == product)
    return int(await tx.scalar(query) or 0)


async def add_reservation(tx: AsyncSession, call: Call, payer: Payer, *, at: datetime) -> None:
    """Set the most that the call can use aside."""
    await tx.execute(
        insert(ReservationRow).values(
            id=call.id,
            user_id=payer.user_id,
            document_id=payer.document_id,
            job_id=payer.job_id,
            product=call.product,
            model=call.model,
            prompt=call.prompt,
            prompt_tokens=call.most.prompt_tokens,
            completion_tokens=call.most.completion_tokens,
            called_at=at,
        )
    )


async def settle_reservations(tx: AsyncSession, spent: Sequence[Spent]) -> None:
    """Put what the calls really used in the place of the most that they could use; none is no error."""
    for one in sorted(spent, key=lambda one: one.call.id):
        settled = update(ReservationRow).where(ReservationRow.id == one.call.id)
        await tx.execute(
            settled.values(
                prompt_tokens=one.usage.prompt_tokens,
                completion_tokens=one.usage.completion_tokens,
                is_spent=True,
                is_estimated=one.usage.is_estimated,
            )
        )


async def delete_reservations(tx: AsyncSession, call_ids: Collection[uuid.UUID]) -> None:
    """Give back what is set aside for these calls; none is no error."""
    await tx.execute(delete(ReservationRow).where(ReservationRow.id.in_(_locked_in_order(call_ids))))


async def add_usage(tx: AsyncSession, spent: Sequence[Spent], payer: Payer) -> int:
    """Add a row for each call that has none; return the tokens of those that were added."""
    rows = [
        {
            "id": one.call.id,
            "user_id": payer.user_id,
            "document_id": payer.document_id,
            "job_id": payer.job_id,
            "product": one.call.product,
            "model": one.call.model,
            "prompt": one.call.prompt,
            "prompt_tokens": one.usage.prompt_tokens,
            "completion_tokens": one.usage.completion_tokens,
            "is_estimated": one.usage.is_estimated,
            "outcome": one.outcome.value,
            "called_at": one.called_at,
            "took_ms": one.took_ms,
        }
        for one in spent
    ]
    added = insert(UsageRow).values(rows).on_conflict_do_nothing(index_elements=[UsageRow.id])
    return sum((await tx.scalars(added.returning(_tokens(UsageRow)))).all())


async def add_to_document(tx: AsyncSession, document_id: int, tokens: int) -> None:
    """Count the tokens to the document, in the database itself: two that do so at the same time lose nothing."""
    counted = update(DocumentRow).where(DocumentRow.id == document_id)
    await tx.execute(counted.values(tokens_used=DocumentRow.tokens_used + tokens))


async def find_reservations_before(
    tx: AsyncSession, time: datetime, *, spared: Collection[uuid.UUID], limit: int
) -> Sequence[uuid.UUID]:
    """Return the calls of at most `limit` reservations that are older, the oldest first; not those of spared jobs."""
    query = select(ReservationRow.id).where(ReservationRow.called_at < time)
    query = query.where(or_(ReservationRow.job_id.is_(None), ReservationRow.job_id.not_in(spared)))
    return (await tx.scalars(query.order_by(ReservationRow.called_at, ReservationRow.id).limit(limit))).all()


async def find_reservations_of_job(tx: AsyncSession, job_id: uuid.UUID) -> Sequence[uuid.UUID]:
    """Return the calls of the job for which something is set aside."""
    return (await tx.scalars(select(ReservationRow.id).where(ReservationRow.job_id == job_id))).all()


async def write_off_reservations(
    tx: AsyncSession, call_ids: Collection[uuid.UUID]
) -> Sequence[tuple[int | None, uuid.UUID | None, int]]:
    """Make usage that was lost of what is set aside for these calls; return (document, job, tokens) of each."""
    gone = (
        delete(ReservationRow)
        .where(ReservationRow.id.in_(_locked_in_order(call_ids)))
        .returning(*(getattr(ReservationRow, name) for name in _OF_BOTH))
        .cte("gone")
    )
    lost: Select[*tuple[object, ...]] = select(
        *(gone.c[name] for name in _OF_BOTH), literal(LOST).label("outcome"), null().label("took_ms")
    )
    added = insert(UsageRow).from_select([*_OF_BOTH, "outcome", "took_ms"], lost)
    added = added.on_conflict_do_nothing(index_elements=[UsageRow.id])
    rows = await tx.execute(added.returning(UsageRow.document_id, UsageRow.job_id, _tokens(UsageRow)))
    return [(document_id, job_id, int(tokens)) for document_id, job_id, tokens in rows]


def _locked_in_order(call_ids: Collection[uuid.UUID]) -> Select[uuid.UUID]:
    query = select(ReservationRow.id).where(ReservationRow.id.in_(call_ids))
    return query.order_by(ReservationRow.id).with_for_update()


def _tokens(table: type[UsageRow | ReservationRow]) -> ColumnElement[int]:
    return table.prompt_tokens + table.completion_tokens


def _counted(
    table: type[UsageRow | ReservationRow], day: Day | None, user_id: int | None
) -> list[ColumnElement[bool]]:
    of_day = [] if day is None else [table.called_at >= day.begins, table.called_at < day.ends]
    return of_day if user_id is None else [*of_day, table.user_id == user_id]
