"""How many tokens may still be used today, by UTC; a call counts for the day on which it was reserved."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import service as accounts
from tesigo.documents.errors import DocumentNotFound
from tesigo.gateway.errors import TokenLimitReached
from tesigo.gateway.ports import Call
from tesigo.usage import store
from tesigo.usage.spending import Day, Payer, TokenLimits


async def tokens_used_today(tx: AsyncSession, user_id: int, now: datetime) -> int:
    """Return how many tokens the user has used since midnight, also by calls that are not recorded yet."""
    return (await store.sum_tokens(tx, Day.of(now), user_id=user_id)).used


async def all_tokens_used_today(tx: AsyncSession, now: datetime) -> int:
    """Return how many tokens all users together have used since midnight, also by calls that are not recorded yet."""
    return (await store.sum_tokens(tx, Day.of(now))).used


async def check_room(
    tx: AsyncSession, user_id: int, limits: TokenLimits, *, tokens: int, now: datetime
) -> None:
    """Raise TokenLimitReached when so many tokens more would pass the day's limit of the user or of all.

    Nothing is set aside: what others do at the same time is met by `reserve`, call by call.
    """
    day = Day.of(now)
    for limit, whose in _scopes(limits, user_id):
        used = (await store.sum_tokens(tx, day, user_id=whose)).used
        if used + tokens > limit:
            raise _limit_reached(limit, used, tokens, is_own=whose is not None, day=day, now=now)


async def hold_payer(tx: AsyncSession, payer: Payer) -> int | None:
    """Return the user's own limit as it is now; neither they nor the document go before this transaction ends.

    Raises NotSignedIn and DocumentNotFound when they are gone already.
    """
    if payer.document_id is not None and not await store.hold_document(tx, payer.document_id):
        raise DocumentNotFound
    if payer.user_id is None:
        return None
    await accounts.hold_user(tx, payer.user_id)
    user = await accounts.find_user(tx, payer.user_id)
    return user.daily_token_limit if user else None


async def reserve(tx: AsyncSession, call: Call, payer: Payer, limits: TokenLimits, *, now: datetime) -> bool:
    """Set aside the most that the call can use; return False while others have set aside what it needs.

    Whether they use it, time will tell: try again in a transaction of its own. It is to be the last of a transaction
    in which the payer is held: all others who want a reservation wait until that ends, and it waits for nobody.
    Raises TokenLimitReached when the call could pass a limit by what is used already.
    """
    scopes = _scopes(limits, payer.user_id)
    if scopes:
        await store.take_turn(tx)
    day, most = Day.of(now), call.most.tokens
    is_free = True
    for limit, whose in scopes:
        sums = await store.sum_tokens(tx, day, user_id=whose)
        if sums.used + most > limit:
            raise _limit_reached(limit, sums.used, most, is_own=whose is not None, day=day, now=now)
        is_free = is_free and sums.used + sums.reserved + most <= limit
    if is_free:
        await store.add_reservation(tx, call, payer, at=now)
    return is_free


def _scopes(limits: TokenLimits, user_id: int | None) -> list[tuple[int, int | None]]:
    """Return (limit, whose tokens count for it) for each limit that there is; None: everybody's."""
    own = [] if limits.user is None or user_id is None else [(limits.user, user_id)]
    return [*own, *([] if limits.service is None else [(limits.service, None)])]


def _limit_reached(
    limit: int, used: int, tokens: int, *, is_own: bool, day: Day, now: datetime
) -> TokenLimitReached:
    whose = "You may use" if is_own else "All users of this installation together may use"
    told = f"{whose} {limit:,} tokens a day; {used:,} are used today, and this may need {tokens:,}. "
    if tokens > limit:
        remedy = "An administrator can raise the limit."
    else:
        remedy = "It can go on after midnight UTC, or once an administrator has raised the limit."
    return TokenLimitReached(told + remedy, retry_after_s=(day.ends - now).total_seconds())
