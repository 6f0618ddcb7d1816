"""What one person used: read as a whole, and made nobody's."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.kit.records import as_record
from tesigo.usage import personal_store


async def stream_usage(tx: AsyncSession, user_id: int) -> AsyncIterator[dict[str, Any]]:
    """Yield a record of each call that a model was asked for the user, oldest first.

    Calls that are under way are not among them: what is set aside for these stands here once they have ended.
    """
    async for row in personal_store.stream_usage(tx, user_id):
        yield as_record(row, without=("user_id",))


async def erase_traces(tx: AsyncSession, user_id: int) -> None:
    """Leave of what the user used the tokens, with their times and models, as nobody's.

    They still count for the limit of the day and the totals of the installation. Nobody else records anything for the
    user meanwhile: the account is locked, and so are its documents.
    """
    await personal_store.forget_user(tx, user_id)
