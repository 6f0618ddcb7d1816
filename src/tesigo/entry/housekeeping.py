"""What the house does by itself, again and again: it forgets what nobody will ask for any more.

Each chore works in short transactions over the state that it finds, so that one that was interrupted, or that
two processes did, has done no harm.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts import links_service
from tesigo.accounts import service as accounts
from tesigo.adapters.search_answers import forget_old_answers
from tesigo.documents import drafts_service, export_service
from tesigo.documents import service as documents
from tesigo.entry.wiring import House
from tesigo.generation import all_jobs_service, workers_service
from tesigo.kit.db import Database
from tesigo.kit.queue_schedules import Periodic
from tesigo.kit.queue_tidying import tidy_queue
from tesigo.manuscript import Manuscript

log = structlog.get_logger(__name__)

_LONGEST_S = 1_800.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Chore:
    """What is done regularly. run: does it and returns how many things it removed, None when they are not counted."""

    name: str
    run: Callable[[], Awaitable[int | None]]


def database_chores(house: House) -> Mapping[Chore, str]:
    """Return what is done in the database, by one of all processes, and when: a cron expression, by UTC."""
    rows = partial(_forget_rows, house)
    return {
        Chore("lost_workers", rows(workers_service.forget_lost_workers)): "*/5 * * * *",
        Chore("link_codes", rows(links_service.forget_link_codes)): "5 * * * *",
        Chore("sign_ins", rows(accounts.forget_ended_sign_ins)): "10 * * * *",
        Chore("calls", rows(all_jobs_service.write_off_forgotten_calls)): "12 * * * *",
        Chore("events", rows(all_jobs_service.forget_old_events)): "15 2 * * *",
        Chore("checkpoints", rows(all_jobs_service.forget_old_checkpoints)): "25 2 * * *",
        Chore("drafts", rows(drafts_service.forget_old_drafts)): "35 2 * * *",
        Chore("search_answers", rows(forget_old_answers)): "45 2 * * *",
        Chore("queue", partial(tidy_queue, house.database)): "5 3 * * *",
    }


def folder_chores(house: House) -> tuple[Chore, ...]:
    """Return what is done in the folders of this process, which workers on other machines do not see."""
    return (
        Chore("exports", partial(_forget_exports, house)),
        Chore("mails", lambda: house.outbox.forget_old(house.clock())),
    )


def periodic(house: House) -> tuple[Periodic, ...]:
    """Return the chores of the database as the queue's scheduler runs them, each once across all processes."""
    return tuple(
        Periodic(chore.name, cron, partial(do_chore, chore)) for chore, cron in database_chores(house).items()
    )


@contextlib.asynccontextmanager
async def tidied_folders(house: House, *, every_s: float = _DAY_S) -> AsyncIterator[None]:
    """Do the chores of the folders for as long as the block lasts: at once, and again every so many seconds."""
    tidying = asyncio.create_task(_tidy_folders(house, every_s))
    try:
        yield
    finally:
        tidying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tidying


async def _tidy_folders(house: House, every_s: float) -> None:
    while True:
        for chore in folder_chores(house):
            await do_chore(chore)
        await asyncio.sleep(every_s)


async def do_chore(chore: Chore) -> None:
    """Do it, and log how many things went; one that fails is logged, harms no other, and comes again in time."""
    try:
        async with asyncio.timeout(_LONGEST_S):
            removed = await chore.run()
    except Exception:
        log.exception("housekeeping failed", chore=chore.name)
    else:
        log.info("housekeeping done", chore=chore.name, removed=removed)


def _forget_rows(
    house: House, forget: Callable[[AsyncSession, datetime], Awaitable[int]]
) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        removed = 0
        while True:
            async with house.database.transaction() as tx:
                gone = await forget(tx, house.clock())
            if not gone:
                return removed
            removed += gone

    return run


async def _forget_exports(house: House) -> int:
    """Remove kept exports that no longer fit their document.

    They are listed before the document is looked at: one that is kept meanwhile is newer, and stays.
    """
    removed = 0
    kept = export_service.exports_by_document(await house.files.list_files(export_service.EXPORTS))
    for document_id, names in kept.items():
        manuscript = await _manuscript(house.database, document_id)
        for name in await asyncio.to_thread(export_service.outdated_exports, names, manuscript):
            await house.files.remove_file(name)
            removed += 1
    return removed


async def _manuscript(database: Database, document_id: int) -> Manuscript | None:
    async with database.transaction() as tx:
        document = await documents.find_document(tx, document_id)
        if document is None:
            return None
        owner = await accounts.find_user(tx, document.user_id)
        author = (owner.full_name if owner else None) or ""
        return await documents.load_manuscript(tx, document, author=author)
