"""How Alembic reaches the database; `tesigo.entry.migrating` calls it with a connection."""

from alembic import context

from tesigo.entry.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    include_name=lambda name, kind, _parents: kind != "table" or name in METADATA.tables,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
