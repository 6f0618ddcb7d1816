"""The ledger of tokens: what calls used is added to it once, with what they produced, and nothing is ever lost.

A call is reserved before it is made, under an id of its own (`limits_service`). Whoever made it records what it
used in the transaction of what it produced. Of a process that was killed in between, the reservation is left: it is
written off, as lost, with the most that the call can have used.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import service as accounts
from tesigo.kit.errors import NotSignedIn
from tesigo.usage import store
from tesigo.usage.spending import NOBODY, Payer, Spent

log = structlog.get_logger(__name__)

_LOST_AFTER = timedelta(hours=1)
_BATCH = 1_000
_ROWS_AT_ONCE = 500
"""Each takes 13 parameters of the 32,767 that a statement may have."""


async def record(tx: AsyncSession, spent: Sequence[Spent], payer: Payer) -> int:
    """Add what was spent to the ledger and to the document; return the tokens that were not there before.

    It may be done again, as often as nobody knows whether the last time was committed: each call counts once. What
    was reserved for the calls is given back. Of a payer, what was deleted since is left out, and the tokens stay.
    """
    if not spent:
        return 0
    payer = await _what_is_left_of(tx, payer)
    added = 0
    for start in range(0, len(spent), _ROWS_AT_ONCE):
        added += await store.add_usage(tx, spent[start : start + _ROWS_AT_ONCE], payer)
    await store.delete_reservations(tx, [one.call.id for one in spent])
    if added and payer.document_id is not None:
        await store.add_to_document(tx, payer.document_id, added)
    return added


async def count_tokens(tx: AsyncSession) -> int:
    """Return how many tokens were ever used, by whomever, also by calls that are not recorded yet."""
    return (await store.sum_tokens(tx, None)).used


async def count_product_tokens(tx: AsyncSession, document_id: int, product: str) -> int:
    """Return the tokens that are recorded for a product, by runs that came to nothing too."""
    return await store.sum_product(tx, document_id, product)


async def settle(tx: AsyncSession, spent: Sequence[Spent]) -> None:
    """Say what calls used that are not recorded yet: no more than that is kept from others, or lost by a crash."""
    await store.settle_reservations(tx, spent)


async def release(tx: AsyncSession, call_ids: Collection[uuid.UUID]) -> None:
    """Give back what is set aside for these calls, which used nothing; none is no error."""
    if call_ids:
        await store.delete_reservations(tx, call_ids)


async def write_off_job(tx: AsyncSession, job_id: uuid.UUID) -> int:
    """Record what earlier runs of the job left unrecorded; return its tokens, which the document has counted.

    For whoever takes the job up and has locked it with its document: nobody else runs it, or ever told what became
    of these calls. A run that was only paused, and tells of them later, counts no second time.
    """
    return _sum(await _write_off(tx, await store.find_reservations_of_job(tx, job_id)))


async def write_off_calls(tx: AsyncSession, call_ids: Collection[uuid.UUID]) -> int:
    """Record calls of a run that is over which nobody told of; return their tokens, which the document has counted.

    What is no longer reserved is left out: it was given back, or recorded.
    """
    return _sum(await _write_off(tx, call_ids))


async def write_off_forgotten(
    tx: AsyncSession, now: datetime, *, spared: Collection[uuid.UUID]
) -> Sequence[tuple[uuid.UUID | None, int]]:
    """Record calls of more than an hour ago that nobody told of; return (job, tokens) of each, at most 1,000.

    Whoever made them is gone, and nobody took their job up. The documents have counted the tokens, the jobs have not.
    spared: jobs that run, whose calls wait to be recorded with what they produced.
    Call it again, in a transaction of its own, until none is left.
    """
    forgotten = await store.find_reservations_before(tx, now - _LOST_AFTER, spared=spared, limit=_BATCH)
    return await _write_off(tx, forgotten)


async def _write_off(
    tx: AsyncSession, call_ids: Collection[uuid.UUID]
) -> Sequence[tuple[uuid.UUID | None, int]]:
    """Return (job, tokens) of each call that was written off."""
    if not call_ids:
        return []
    await store.lock_documents_of(tx, call_ids)
    lost = await store.write_off_reservations(tx, call_ids)
    by_document: Counter[int] = Counter()
    for document_id, _, tokens in lost:
        if document_id is not None:
            by_document[document_id] += tokens
    for document_id, tokens in by_document.items():
        await store.add_to_document(tx, document_id, tokens)
    if lost:
        log.warning("calls were written off: nobody told what became of them", calls=len(lost))
    return [(job_id, tokens) for _, job_id, tokens in lost]


def _sum(written_off: Sequence[tuple[uuid.UUID | None, int]]) -> int:
    return sum(tokens for _, tokens in written_off)


async def _what_is_left_of(tx: AsyncSession, payer: Payer) -> Payer:
    """Return the payer, as far as it is there; it is not deleted before this transaction ends."""
    if payer.document_id is not None and not await store.lock_document(tx, payer.document_id):
        payer = payer.without_document()
    if payer.user_id is None:
        return NOBODY
    try:
        await accounts.hold_user(tx, payer.user_id)
    except NotSignedIn:
        return NOBODY
    return payer
