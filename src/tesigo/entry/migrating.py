"""Bring a database up to the tables that this code speaks of."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from tesigo.kit.db import Database

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(720241123)")


async def migrate(database: Database) -> None:
    """Run all migrations that the database has not seen; processes that start together take turns."""
    async with database.transaction() as tx:
        connection = await tx.connection()
        await connection.execute(_ONE_AT_A_TIME)
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
