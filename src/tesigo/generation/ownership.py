"""The job that a route speaks of, which is the caller's: what routes ask for instead of an id."""

import uuid
from typing import Annotated

from fastapi import Depends, Path

from tesigo.accounts.session import CurrentUser
from tesigo.generation import service
from tesigo.generation.models import JobRow
from tesigo.kit.requests import Tx


async def own_job(current: CurrentUser, tx: Tx, job_id: Annotated[uuid.UUID, Path()]) -> JobRow:
    """Return the caller's job. Raises JobNotFound, also for another's."""
    return await service.own_job(tx, current.id, job_id)


OwnJob = Annotated[JobRow, Depends(own_job)]
"""The job of the path's `{job_id}`, read in the route's own transaction (`Tx`).

Without it the route is not entered: 401 for nobody, else 404, the same for what is absent and for what is another's.
"""
