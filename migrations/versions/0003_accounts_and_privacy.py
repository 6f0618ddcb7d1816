"""Mails from the queue, codes bound to a browser, a second factor

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("link_codes", sa.Column("seed", sa.String(length=64), nullable=True))
    op.add_column("link_codes", sa.Column("browser_hash", sa.String(length=64), nullable=True))
    op.add_column("users", sa.Column("factor_seed", sa.String(length=64), nullable=True))
    op.add_column("users", sa.Column("factor_confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("factor_step", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_users_deleted_are_anonymous"),
        "users",
        r"(email ~ '^deleted_[0-9]+@deleted\.com$') = (deleted_at IS NOT NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_users_deleted_are_anonymous"), "users", type_="check")
    for column in ("factor_step", "factor_confirmed_at", "factor_seed"):
        op.drop_column("users", column)
    for column in ("browser_hash", "seed"):
        op.drop_column("link_codes", column)
