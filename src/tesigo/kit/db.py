"""The database: an engine, and transactions that the edge opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import DateTime, MetaData, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from tesigo.kit.errors import HouseUnavailable

_PASSING = ("08", "25006", "25P03", "28", "3D", "40", "53", "57")
"""Classes of PostgreSQL's error codes that speak of the server or of other transactions, not of the statement.

25006: the server only reads, as a replica does until it takes over.
25P03: this process stood still in the middle of a transaction, which the server then gave up.

From: PostgreSQL 18, appendix A, read 2026-11-23.
"""
_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(DeclarativeBase):
    """The base of all tables; times carry their zone, dictionaries and lists are `jsonb`."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
    }


class DatabaseAway(HouseUnavailable):
    """The database does not answer, or gave a transaction up: nothing of it is kept, it may be tried again.

    reason: what the driver calls it, for those who run the program.
    """

    code = "database_away"

    def __init__(self, reason: str) -> None:
        super().__init__("The database does not answer: please try again in a moment.")
        self.reason = reason


class Database:
    """An engine with a bounded pool; every transaction of the program begins here.

    url: `postgresql://` or `postgresql+asyncpg://`, with the options that libpq knows (`?sslmode=require`).
    idle_s: the server gives a transaction up in which nothing was asked for so long: a process that stands
    still, or whose machine is cut off, keeps no row locked.
    answer_s: how long one statement may take; a server that is cut off without a word is given up then.
    """

    def __init__(self, url: str, *, pool_size: int = 10, idle_s: float = 10, answer_s: float = 30) -> None:
        self.url = plain_url(url)
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            # asyncpg reads the address itself: SQLAlchemy would take `sslmode` for a parameter of its own
            async_creator=partial(
                asyncpg.connect,
                self.url,
                timeout=10,
                command_timeout=answer_s,
                server_settings={"idle_in_transaction_session_timeout": str(round(1_000 * idle_s))},
            ),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_timeout=10,
            hide_parameters=True,  # an error that is logged must not tell what somebody wrote
        )
        event.listen(self._engine.sync_engine, "handle_error", _keep_values_back)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Yield a session; commit when the block ends well, roll back when it raises.

        Never hold one across a network call or a piece of writing. Raises DatabaseAway.
        """
        try:
            async with self._sessions() as tx, tx.begin():
                yield tx
        except (OSError, PoolTimeout) as error:
            raise DatabaseAway(type(error).__name__) from error
        except DBAPIError as error:
            if not _is_passing(error):
                raise
            raise DatabaseAway(_name_of(error)) from error

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """Yield a session that sees the database as it is at its first statement, and can change nothing.

        For what is read piece by piece and must fit together. Raises DatabaseAway.
        """
        async with self.transaction() as tx:
            await tx.connection(
                execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            )
            yield tx

    async def close(self) -> None:
        """Give all connections back."""
        await self._engine.dispose()


def plain_url(url: str) -> str:
    """Return the address as libpq and asyncpg understand it, whichever driver it names."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _keep_values_back(failed: ExceptionContext) -> None:
    """Take what PostgreSQL quotes of a refused row out of the error: its detail is the row, word by word."""
    refused = failed.original_exception.__cause__
    if isinstance(refused, asyncpg.PostgresError):
        refused.detail = None


def _is_passing(error: DBAPIError) -> bool:
    code = str(getattr(error.orig, "sqlstate", None) or "")
    closed = code == "55000" and error.statement is None  # the database takes no connections
    return error.connection_invalidated or closed or code.startswith(_PASSING)


def _name_of(error: DBAPIError) -> str:
    cause = error.orig.__cause__ if error.orig else None
    return type(cause or error.orig).__name__
