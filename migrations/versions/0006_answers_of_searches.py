"""Answers of search services, kept for those who ask the same again

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_answers",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_search_answers")),
    )
    op.create_index(op.f("ix_search_answers_answered_at"), "search_answers", ["answered_at"])


def downgrade() -> None:
    op.drop_table("search_answers")
