"""The table of answers that search services gave, so that the same question is not asked again for some days."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import String, Text, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from tesigo.adapters.cached_search import Kept
from tesigo.kit.db import Database, DatabaseAway, Row
from tesigo.manuscript import Source

log = structlog.get_logger(__name__)

_KEPT = timedelta(days=90)
"""For how long an old answer may stand in for a service that is away."""
_MOST_AT_ONCE = 1_000
_LARGEST = 2_000_000
_FORM = TypeAdapter(tuple[Source, ...])


class SearchAnswerRow(Row):
    """An answer. key: a hash of service, query and limit; body: its sources in JSON."""

    __tablename__ = "search_answers"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime] = mapped_column(index=True)


class DatabaseAnswers:
    """Keeps answers in the database. Without a database, or where a row makes no sense, there are none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: str) -> Kept | None:
        """Return the answer of this key, whatever its age."""
        try:
            async with self._database.transaction() as tx:
                row = await tx.get(SearchAnswerRow, key)
        except (DatabaseAway, SQLAlchemyError) as error:
            log.warning("kept answers cannot be read", reason=type(error).__name__)
            return None
        if row is None:
            return None
        try:
            return Kept(_FORM.validate_json(row.body), row.answered_at)
        except ValidationError:
            log.warning("a kept answer makes no sense and is asked for anew")
            return None

    async def keep(self, key: str, sources: Sequence[Source], now: datetime) -> None:
        """Keep the answer in place of an earlier one."""
        body = _FORM.dump_json(tuple(sources)).decode()
        if len(body) > _LARGEST:
            return
        values = {"body": body, "answered_at": now}
        added = insert(SearchAnswerRow).values(key=key, **values)
        try:
            async with self._database.transaction() as tx:
                await tx.execute(added.on_conflict_do_update(index_elements=["key"], set_=values))
        except (DatabaseAway, SQLAlchemyError) as error:
            log.warning("an answer cannot be kept", reason=type(error).__name__)


async def forget_old_answers(tx: AsyncSession, now: datetime) -> int:
    """Remove at most 1,000 answers that are older than 90 days; return how many."""
    old = select(SearchAnswerRow.key).where(SearchAnswerRow.answered_at < now - _KEPT).limit(_MOST_AT_ONCE)
    gone = delete(SearchAnswerRow).where(SearchAnswerRow.key.in_(old)).returning(SearchAnswerRow.key)
    return len((await tx.scalars(gone)).all())
