"""The account of one run: what its calls use is reserved and recorded in the database."""

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.gateway.errors import TokensSetAside
from tesigo.gateway.ports import Call, Outcome, Usage
from tesigo.kit.clock import Clock
from tesigo.kit.db import Database, DatabaseAway
from tesigo.usage import limits_service, service
from tesigo.usage.spending import Payer, Spent, TokenLimits

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 2.0
_REST_S = 60.0
_PATIENCE_S = 600.0
"""As long as the longest call may take: by then whatever stood in the way has been told of."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A call that is reserved, and of which nothing is known yet."""

    call: Call
    called_at: datetime


class DatabaseAccount:
    """Pays for the calls of one run of a job, or of one request; implements the gateway's `Account`.

    What was spent is remembered here as long as the account lives, so that it may be recorded again and again: the
    ledger counts each call once. Whoever opened the account records the rest when the run is over, however it ended.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        payer: Payer,
        *,
        service_limit: int | None,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """Pay in the name of this payer.

        service_limit: tokens that all together may use in a day, None for no limit; the user's own is in the database.
        patience_s: how long a call waits for what others have set aside.
        """
        self._database = database
        self._clock = clock
        self._payer = payer
        self._service_limit = service_limit
        self._patience_s = patience_s
        self._turn = asyncio.Lock()
        self._open: dict[uuid.UUID, _Open] = {}
        self._spent: dict[uuid.UUID, Spent] = {}
        self._unsettled: set[uuid.UUID] = set()
        self._unused: set[uuid.UUID] = set()

    async def reserve(self, call: Call) -> None:
        """Set aside the most that the call can use, in short transactions of its own.

        While only what is set aside for other calls stands in the way, it waits, at most `patience_s`.
        Raises TokenLimitReached; TokensSetAside when the others need longer than that; DatabaseAway; NotSignedIn or
        DocumentNotFound when the payer is gone.
        """
        given_up_s = time.monotonic() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        while not await self._try_to_reserve(call):
            if time.monotonic() + pause_s > given_up_s:
                raise TokensSetAside(
                    "What is left of today's tokens is set aside for other calls at the moment.",
                    retry_after_s=_REST_S,
                )
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def spend(self, call: Call, usage: Usage, outcome: Outcome, *, took_s: float) -> None:
        """Note what a reserved call used; it is recorded with its product, or with the rest.

        What is set aside for a call that used nothing is given back later.
        """
        called_at = self._open.pop(call.id).called_at
        if not usage.tokens:
            self._unused.add(call.id)
            return
        self._spent[call.id] = Spent(call, usage, outcome, called_at, round(1_000 * took_s))
        self._unsettled.add(call.id)

    async def release(self, call: Call) -> None:
        """Give back what was set aside for a call that used nothing: now, or later when the database is away."""
        self._open.pop(call.id)
        self._unused.add(call.id)
        try:
            async with self._turn, self._database.transaction() as tx:
                await service.release(tx, [call.id])
        except DatabaseAway as away:
            log.warning("tokens of an unused call are given back later", reason=away.reason)
        else:
            self._unused.discard(call.id)

    async def record(self, tx: AsyncSession, product: str) -> int:
        """Record all that was spent for the product, used and wasted; return the tokens that are new to the ledger.

        For the transaction that records the product. Should that not be committed, or nobody know whether it was, it
        is to be done again; what was recorded already adds nothing. The document has counted them, the job has not.
        """
        return await service.record(tx, self._spent_for(product), self._payer)

    async def record_rest(self, tx: AsyncSession) -> int:
        """Record what never came to a product, for a run that is over; return the tokens that are new to the ledger.

        A call of which nothing was heard (its task was stopped before it could tell) counts as lost, with the most
        that it can have used. Like `record`, it may be done again.
        """
        recorded = await service.record(tx, list(self._spent.values()), self._payer)
        lost = await service.write_off_calls(tx, self._open)
        await service.release(tx, self._unused)
        return recorded + lost

    def _spent_for(self, product: str) -> list[Spent]:
        return [spent for spent in self._spent.values() if spent.call.product == product]

    async def _try_to_reserve(self, call: Call) -> bool:
        now = self._clock()
        async with self._turn:
            unused, unsettled = tuple(self._unused), tuple(self._unsettled)
            # should the transaction break off, nobody knows whether it was committed
            self._unused.add(call.id)
            async with self._database.transaction() as tx:
                limits = TokenLimits(self._service_limit, await limits_service.hold_payer(tx, self._payer))
                await service.release(tx, unused)
                await service.settle(tx, [self._spent[call_id] for call_id in unsettled])
                is_reserved = await limits_service.reserve(tx, call, self._payer, limits, now=now)
            self._unused.difference_update((*unused, call.id))
            self._unsettled.difference_update(unsettled)
        if is_reserved:
            self._open[call.id] = _Open(call, now)
        return is_reserved
