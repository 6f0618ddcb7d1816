"""The queue's handler of accounts: mails a link that somebody asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from tesigo.accounts import links_service
from tesigo.accounts.errors import MailNotSent, MailRefused
from tesigo.accounts.links_service import LinkToSend
from tesigo.accounts.ports import Mailer
from tesigo.kit.clock import Clock
from tesigo.kit.db import Database, DatabaseAway
from tesigo.kit.queue import RetryIn, pause_since
from tesigo.kit.secret_keys import KeyPair

log = structlog.get_logger(__name__)

_LONGEST_PAUSE_S = 60.0
_AFTER_DATABASE_S = 2.0


@dataclass(frozen=True, slots=True)
class Tools:
    """All that mails are sent with. base_url: where links lead, without a slash at its end."""

    database: Database
    clock: Clock
    keys: KeyPair
    mailer: Mailer
    base_url: str


async def send_link(tools: Tools, payload: Mapping[str, Any]) -> None:
    """Mail the link that the payload names; no transaction is open while it is handed over.

    Where the mail is not taken, or the database is away, the queue brings the task again, at last every minute, until
    the code would have expired; then it is given up. An address that is refused for good is not tried again.
    A process that ends between the hand-over and its record leaves the mail to be sent a second time.
    """
    code_id = int(payload["code_id"])
    try:
        async with tools.database.transaction() as tx:
            link = await links_service.find_link_to_send(
                tx, code_id, language=payload["language"], base_url=tools.base_url, keys=tools.keys
            )
        if link is not None:
            await _send(tools, code_id, link)
    except DatabaseAway as away:
        log.warning("a mail waits for the database", code_id=code_id, reason=away.reason)
        raise RetryIn(_AFTER_DATABASE_S) from away


async def _send(tools: Tools, code_id: int, link: LinkToSend) -> None:
    if tools.clock() >= link.expires_at:
        await _give_up(tools, code_id)
        return
    try:
        await tools.mailer.send(link.mail)
    except MailRefused:
        log.warning("a mail was refused for good and is not sent", code_id=code_id)
    except MailNotSent as failure:
        now = tools.clock()
        pause_s = pause_since(link.asked_at, now, longest_s=_LONGEST_PAUSE_S)
        if (link.expires_at - now).total_seconds() > pause_s:
            raise RetryIn(pause_s) from failure
        await _give_up(tools, code_id)
        return
    except Exception as failure:  # noqa: BLE001 - whatever it is, the code must not stay derivable
        reason = type(failure).__name__
        log.error("a mail cannot be made or sent, it is given up", code_id=code_id, reason=reason)  # noqa: TRY400 - the trace may quote the address
    async with tools.database.transaction() as tx:
        await links_service.note_link_done(tx, code_id)


async def _give_up(tools: Tools, code_id: int) -> None:
    log.error("a mail could not be sent before its code expired, it is given up", code_id=code_id)
    async with tools.database.transaction() as tx:
        await links_service.note_link_done(tx, code_id)
