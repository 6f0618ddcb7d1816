"""Errands: small tasks of the queue that run in the server's process.

Mails as files, and stored files, lie where the server is; and a worker that is full of long documents must not delay
a mail that somebody waits for.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from functools import partial

from tesigo.accounts import tasks as accounts_tasks
from tesigo.accounts.links_service import SEND_LINK
from tesigo.documents import tasks as documents_tasks
from tesigo.documents.files_service import REMOVE_FILES
from tesigo.entry.wiring import House
from tesigo.kit.queue_worker import Handler, consume
from tesigo.privacy import tasks as privacy_tasks
from tesigo.privacy.erasure_service import FORGET_COPIES

_AT_A_TIME = 4
"""Each may hold one of the threads that the process has for what blocks, and must leave some to the requests."""
_GRACE_S = 5.0


def errands_of(house: House) -> Mapping[str, Handler]:
    """Return who does which task, by its name in the queue."""
    mail_tools = accounts_tasks.Tools(
        database=house.database,
        clock=house.clock,
        keys=house.keys,
        mailer=house.mailer,
        base_url=house.settings.base_url,
    )
    privacy_tools = privacy_tasks.Tools(
        copies=house.tools.copies,
        mails=house.outbox,
        keys=house.keys,
        clock=house.clock,
    )
    return {
        SEND_LINK: partial(accounts_tasks.send_link, mail_tools),
        REMOVE_FILES: partial(documents_tasks.remove_files, house.files, house.clock),
        FORGET_COPIES: partial(privacy_tasks.forget_copies, privacy_tools),
    }


@contextlib.asynccontextmanager
async def errands(house: House) -> AsyncIterator[None]:
    """Run errands for as long as the block lasts; one that outlasts it by 5 s goes back for the next process."""
    stop = asyncio.Event()
    running = asyncio.create_task(
        consume(
            house.database.url,
            errands_of(house),
            concurrency=lambda: _AT_A_TIME,
            stop=stop,
            grace_s=_GRACE_S,
        )
    )
    try:
        yield
    finally:
        stop.set()
        await running
