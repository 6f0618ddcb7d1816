"""Bring a database up to the tables that this code speaks of."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from tesigo.kit.db import Database

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(720241123)")
_LONGEST_S = 3_600.0


async def migrate(database: Database) -> None:
    """Run all migrations that the database has not seen; processes that start together take turns.

    A statement may take an hour, for it may rewrite a large table.
    """
    patient = Database(database.url, pool_size=1, idle_s=_LONGEST_S, answer_s=_LONGEST_S)
    try:
        async with patient.transaction() as tx:
            connection = await tx.connection()
            await connection.execute(_ONE_AT_A_TIME)
            await connection.run_sync(_upgrade)
    finally:
        await patient.close()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
