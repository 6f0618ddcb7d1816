"""The SQL of checkpoints."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.generation.models import CheckpointRow
from tesigo.generation.ports import Checkpoint


async def put_checkpoint(tx: AsyncSession, checkpoint: Checkpoint) -> None:
    """Keep the checkpoint in the place of the job's earlier one."""
    values = {
        "document_id": checkpoint.document_id,
        "progress": checkpoint.progress,
        "sections_done": list(checkpoint.sections_done),
        "current_sections": list(checkpoint.current_sections),
        "tokens_used": checkpoint.tokens_used,
        "at": checkpoint.at,
    }
    statement = insert(CheckpointRow).values(job_id=checkpoint.job_id, **values)
    await tx.execute(statement.on_conflict_do_update(index_elements=[CheckpointRow.job_id], set_=values))


async def get_checkpoints(tx: AsyncSession, job_ids: Sequence[uuid.UUID]) -> Sequence[CheckpointRow]:
    """Return the checkpoints of those among these jobs that have one."""
    return (await tx.scalars(select(CheckpointRow).where(CheckpointRow.job_id.in_(job_ids)))).all()
