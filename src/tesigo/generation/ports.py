"""What jobs need from outside: a fast place for copies of checkpoints."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a job stood at a moment; what is written lies in the sections themselves.

    progress: 0 to 100. sections_done, current_sections: numbers of sections, written and under way.
    """

    job_id: uuid.UUID
    document_id: int
    progress: int
    sections_done: tuple[str, ...]
    current_sections: tuple[str, ...]
    tokens_used: int
    at: datetime


class CheckpointCopies(Protocol):
    """Copies of checkpoints for an hour; PostgreSQL has the originals.

    Nothing here ever raises or takes noticeable time: a copy that is missing, unreadable or not of our making
    is simply not there.
    """

    async def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a copy in the place of the job's earlier one."""
        ...

    async def find(self, job_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Checkpoint]:
        """Return the copies that are there, by job."""
        ...

    async def forget(self, job_ids: Sequence[uuid.UUID]) -> bool:
        """Remove the copies of these jobs; return whether none of them is left, False when that is not known."""
        ...


class NoCopies:
    """Keeps nothing: for an installation without a fast place."""

    async def keep(self, checkpoint: Checkpoint) -> None:
        """Do nothing."""

    async def find(self, job_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Checkpoint]:  # noqa: ARG002 - the port's
        """Return nothing."""
        return {}

    async def forget(self, job_ids: Sequence[uuid.UUID]) -> bool:  # noqa: ARG002 - the port's
        """Return True: there are none."""
        return True
