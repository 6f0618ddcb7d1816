"""What administrators may ask for, over HTTP."""

from fastapi import APIRouter, Request

from tesigo.accounts.session import CurrentAdministrator
from tesigo.administration import stats_service
from tesigo.administration.schemas import StatsAnswer
from tesigo.kit.problems import problem_responses
from tesigo.kit.requests import Now, database_of

router = APIRouter(prefix="/admin", tags=["administration"])


@router.get("/stats", summary="Figures of the installation", responses=problem_responses(401, 403))
async def read_stats(request: Request, _current: CurrentAdministrator, now: Now) -> StatsAnswer:
    """Return how many users, documents and jobs there are, who works, and how many tokens were used.

    Tokens are those of language models: of all that was ever used, also what a worker that was killed left unrecorded,
    as much as it can have been. 403 `administrators_only` for others.
    """
    async with database_of(request).snapshot() as tx:
        return StatsAnswer.of(await stats_service.read_stats(tx, now))
