"""Drafts, checkpoints, workers; a job knows its entry in the queue

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ENTRIES_OF_JOBS = """
    UPDATE jobs SET queue_id = entry.id FROM pgqueuer AS entry
    WHERE jobs.status IN ('queued', 'running') AND entry.status IN ('queued', 'picked')
        AND entry.entrypoint = 'write_document'
        AND convert_from(entry.payload, 'UTF8')::jsonb ->> 'job_id' = jobs.id::text
"""


def upgrade() -> None:
    op.add_column("documents", sa.Column("last_draft", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "drafts",
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("auto_save", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_drafts_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("document_id", "version", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_created_at"), "drafts", ["created_at"])
    op.add_column("jobs", sa.Column("queue_id", sa.BigInteger(), nullable=True))
    # without its entry a job would count as lost, and be put into the queue a second time when it is resumed
    op.execute(_ENTRIES_OF_JOBS)
    op.add_column("jobs", sa.Column("checkpoint_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_jobs_status", "jobs", ["status", "finished_at"])
    op.create_table(
        "checkpoints",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("sections_done", JSONB(), nullable=False),
        sa.Column("current_sections", JSONB(), nullable=False),
        sa.Column("tokens_used", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_checkpoints_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index(op.f("ix_workers_seen_at"), "workers", ["seen_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_workers_seen_at"), table_name="workers")
    op.drop_table("workers")
    op.drop_table("checkpoints")
    op.drop_index("ix_jobs_status", table_name="jobs")
    op.drop_column("jobs", "checkpoint_at")
    op.drop_column("jobs", "queue_id")
    op.drop_index(op.f("ix_drafts_created_at"), table_name="drafts")
    op.drop_table("drafts")
    op.drop_column("documents", "last_draft")
