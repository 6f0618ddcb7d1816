"""The queue's handler for what lies outside the database and is no file of a document."""

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from tesigo.generation.ports import CheckpointCopies
from tesigo.kit.clock import Clock
from tesigo.kit.queue import RetryIn, pause_since
from tesigo.kit.secret_keys import KeyPair
from tesigo.privacy.erasure_service import address_hash
from tesigo.privacy.ports import KeptMails

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What copies are removed with."""

    copies: CheckpointCopies
    mails: KeptMails
    keys: KeyPair
    clock: Clock


async def forget_copies(tools: Tools, payload: Mapping[str, Any]) -> None:
    """Remove the copies of the checkpoints of these jobs, and the kept mails to the address with this hash.

    Raises RetryIn until all are gone, however long that takes: their owner was told that they go. Neither waits for
    the other: what is wrong with the mails keeps no copy, nor the other way round.
    """
    wanted = str(payload["address_hash"])

    def is_to(address: str) -> bool:
        return hmac.compare_digest(address_hash(address, keys=tools.keys), wanted)

    failures: list[Exception] = []
    try:
        await tools.mails.forget_mails(is_to)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the copies come next
        failures.append(failure)
    try:
        are_gone = await tools.copies.forget([uuid.UUID(job_id) for job_id in payload["job_ids"]])
    except Exception as failure:
        raise _try_again(tools, payload, type(failure).__name__) from failure
    if failures:
        raise _try_again(tools, payload, type(failures[0]).__name__) from failures[0]
    if not are_gone:
        raise _try_again(tools, payload, "Redis does not answer")


def _try_again(tools: Tools, payload: Mapping[str, Any], reason: str) -> RetryIn:
    pause_s = pause_since(datetime.fromisoformat(payload["asked_at"]), tools.clock())
    log.warning("copies cannot be removed, trying again", reason=reason, pause_s=pause_s)
    return RetryIn(pause_s)
