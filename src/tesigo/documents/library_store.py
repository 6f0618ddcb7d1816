"""The SQL of the library."""

from collections.abc import Sequence

from sqlalchemy import Text, cast, func, select, text
from sqlalchemy.dialects.postgresql import TSQUERY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents.models import LibrarySourceRow


async def get_keys(tx: AsyncSession) -> set[str]:
    """Return all keys that are taken; nobody else adds sources before this transaction ends."""
    await tx.execute(text("LOCK TABLE library_sources IN SHARE ROW EXCLUSIVE MODE"))
    return set((await tx.scalars(select(LibrarySourceRow.key))).all())


async def add_new(tx: AsyncSession, rows: Sequence[dict[str, object]]) -> int:
    """Add the works that are not there yet; return how many those were."""
    added = 0
    for start in range(0, len(rows), 500):
        query = insert(LibrarySourceRow).values(list(rows[start : start + 500]))
        query = query.on_conflict_do_nothing(index_elements=["identity"])
        added += len((await tx.scalars(query.returning(LibrarySourceRow.id))).all())
    return added


async def get_page(tx: AsyncSession, *, after_id: int, limit: int) -> Sequence[LibrarySourceRow]:
    """Return at most `limit` sources in the order in which they were added."""
    query = select(LibrarySourceRow).where(LibrarySourceRow.id > after_id).order_by(LibrarySourceRow.id)
    return (await tx.scalars(query.limit(limit))).all()


async def find_matches(tx: AsyncSession, query: str, *, limit: int) -> Sequence[LibrarySourceRow]:
    """Return at most `limit` sources that hold some word of the query, best match first.

    A coarse choice, so that a large library is not read whole; research ranks what comes back.
    """
    every_word = cast(func.plainto_tsquery(text("'english'"), query), Text)
    some_word = cast(func.replace(every_word, "&", "|"), TSQUERY)
    found = (
        select(LibrarySourceRow)
        .where(LibrarySourceRow.terms.bool_op("@@")(some_word))
        .order_by(func.ts_rank(LibrarySourceRow.terms, some_word).desc(), LibrarySourceRow.id)
        .limit(limit)
    )
    return (await tx.scalars(found)).all()


async def count_sources(tx: AsyncSession) -> int:
    """Return how many sources the library holds."""
    return await tx.scalar(select(func.count()).select_from(LibrarySourceRow)) or 0
