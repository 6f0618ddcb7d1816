"""Whether there are tokens left today for a document that somebody wants written."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.identity import User
from tesigo.documents.mapping import to_brief
from tesigo.documents.models import DocumentRow
from tesigo.usage.limits_service import check_room
from tesigo.usage.spending import TokenLimits
from tesigo.writing.ports import ComposerChoice


@dataclass(frozen=True, slots=True)
class Budget:
    """What a job is held against. composers: tell how many tokens a document may need.

    daily_token_limit: of all users together, None for none; a user's own comes with the user.
    """

    composers: ComposerChoice
    daily_token_limit: int | None


async def require_room(
    tx: AsyncSession, budget: Budget, user: User, document: DocumentRow, *, planned: int, now: datetime
) -> None:
    """Raise TokenLimitReached when today's tokens do not suffice to begin with the document, or to go on with it.

    planned: how many sections it has. Before any is planned, the whole document must fit into what is left of the day;
    later a section must, so that a long document can be written over several days.
    Raises UnknownModel and ModelNotAvailable for a document whose model cannot be had any more.
    """
    needed = budget.composers.tokens_for(document.model, to_brief(document), planned=planned)
    if needed:
        limits = TokenLimits(budget.daily_token_limit, user.daily_token_limit)
        await check_room(tx, user.id, limits, tokens=needed, now=now)
