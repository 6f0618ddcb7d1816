"""The ledger of tokens, and what is set aside for calls under way

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COUNTED = ["prompt_tokens", "completion_tokens"]


def _of_both(table: str) -> list[sa.schema.SchemaItem]:
    """Return what both tables have, in the order of their columns."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("document_id", sa.BigInteger(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("product", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("prompt", sa.String(length=100), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("completion_tokens", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f(f"fk_{table}_document_id_documents"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def upgrade() -> None:
    op.create_table(
        "usage",
        *_of_both("usage"),
        sa.Column("is_estimated", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint("outcome IN ('used', 'wasted', 'lost')", name=op.f("ck_usage_outcome_is_known")),
    )
    op.create_index("ix_usage_called_at", "usage", ["called_at"], postgresql_include=_COUNTED)
    op.create_index("ix_usage_user", "usage", ["user_id", "called_at"], postgresql_include=_COUNTED)
    op.create_index(op.f("ix_usage_document_id"), "usage", ["document_id"])
    op.create_table(
        "token_reservations",
        *_of_both("token_reservations"),
        sa.Column("is_spent", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_estimated", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
    )
    for column in ("user_id", "document_id", "job_id"):
        op.create_index(op.f(f"ix_token_reservations_{column}"), "token_reservations", [column])


def downgrade() -> None:
    op.drop_table("token_reservations")
    op.drop_table("usage")
