"""Erasure: what is kept of a user goes in one transaction, and what lies outside the database follows."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import personal_service as accounts
from tesigo.accounts.addresses import normalise_address
from tesigo.accounts.codes import keyed_hash
from tesigo.accounts.errors import AddressNotValid
from tesigo.documents import files_service
from tesigo.documents import personal_service as documents
from tesigo.generation import personal_service as generation
from tesigo.kit.queue import defer
from tesigo.kit.secret_keys import KeyPair
from tesigo.usage import personal_service as usage

log = structlog.get_logger(__name__)

FORGET_COPIES = "forget_copies"
"""The queue's name for the task; its payload is `{"job_ids": […], "address_hash": …, "asked_at": TIME}`."""

_AGAIN_AFTER = timedelta(minutes=10)
"""By then whatever was under way has ended: an export that was rendered, a mail, the last word of a run."""


async def erase_user(tx: AsyncSession, user_id: int, *, keys: KeyPair, now: datetime) -> None:
    """Erase all that is kept of the user; the files and copies elsewhere go once this transaction has committed.

    What stays is a row without a person: its id, and when it was made and deleted; and what language models used, as
    nobody's. Every token of the user is refused from then on, and their address may be registered anew. Documents are
    locked before the account, as by everybody.
    Raises NotSignedIn when the account was deleted meanwhile; DatabaseAway, after which nothing is changed.
    """
    await documents.lock_documents(tx, user_id)
    email = await accounts.lock_account(tx, user_id)
    # with those that came until now; no more can come
    document_ids = await documents.lock_documents(tx, user_id)
    job_ids = await generation.take_jobs_out(tx, user_id, document_ids)
    await usage.erase_traces(tx, user_id)
    await documents.delete_documents(tx, user_id)
    await accounts.erase_account(tx, user_id, email=email, now=now)
    for delay in (timedelta(0), _AGAIN_AFTER):
        await files_service.defer_removal(tx, document_ids, now=now, delay=delay)
        payload = {
            "job_ids": [str(job_id) for job_id in job_ids],
            "address_hash": address_hash(email, keys=keys),
            "asked_at": (now + delay).isoformat(),
        }
        await defer(tx, FORGET_COPIES, payload, delay=delay)
    log.info("account erased", user_id=user_id, documents=len(document_ids), jobs=len(job_ids))


def address_hash(address: str, *, keys: KeyPair) -> str:
    """Return what an address is known again by, however it is written, without being told."""
    try:
        address = normalise_address(address)
    except AddressNotValid:
        address = address.strip().lower()
    return keyed_hash("erased address", address, secret_key=keys.secret_key)
