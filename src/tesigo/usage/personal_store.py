"""The SQL of all that one person used."""

from collections.abc import AsyncIterator

from sqlalchemy import null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.usage.models import ReservationRow, UsageRow

_ROWS_AT_ONCE = 500


async def stream_usage(tx: AsyncSession, user_id: int) -> AsyncIterator[UsageRow]:
    """Yield what the user's calls used, oldest first, a few hundred at a time in memory."""
    query = select(UsageRow).where(UsageRow.user_id == user_id).order_by(UsageRow.called_at, UsageRow.id)
    rows = await tx.stream_scalars(query.execution_options(yield_per=_ROWS_AT_ONCE))
    async for row in rows:
        yield row


async def forget_user(tx: AsyncSession, user_id: int) -> None:
    """Take the user, the document and the job out of all that is recorded and set aside; the tokens stay."""
    nobody = {"user_id": null(), "document_id": null(), "job_id": null()}
    await tx.execute(update(UsageRow).where(UsageRow.user_id == user_id).values(nobody))
    await tx.execute(update(ReservationRow).where(ReservationRow.user_id == user_id).values(nobody))
