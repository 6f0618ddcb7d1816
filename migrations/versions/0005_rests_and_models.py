"""Jobs that rest until a provider is back, and what workers tell of models

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("rests", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "workers",
        sa.Column("models", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("workers", "models")
    op.drop_column("jobs", "rests")
    op.drop_column("jobs", "resumes_at")
