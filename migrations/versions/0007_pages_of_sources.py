"""Where the pages of a source begin in its text

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("sources", "library_sources")


def upgrade() -> None:
    for table in TABLES:
        starts = sa.Column("page_starts", sa.ARRAY(sa.Integer()), server_default="{}", nullable=False)
        op.add_column(table, starts)
        op.add_column(table, sa.Column("first_page", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "first_page")
        op.drop_column(table, "page_starts")
