"""The export of a user's data as JSON."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tesigo.kit.db import Database
from tesigo.privacy.account_record import write_record
from tesigo.privacy.export_places import OwnThreads


async def export_json(
    database: Database, user_id: int, folder: Path, threads: OwnThreads, *, now: datetime
) -> IO[bytes]:
    """Return an open file with the record of all that is kept of the user, as it is at one moment.

    folder: on the disk that has room for it. The file has no name there: it is gone when it is closed, and also
    when the process is killed. Raises NotSignedIn when the account was deleted meanwhile, DatabaseAway.
    """
    with ExitStack() as opened:
        out = opened.enter_context(TemporaryFile(dir=folder))
        async with database.snapshot() as tx:
            await write_record(tx, user_id, out, threads, now=now)
        opened.pop_all()
    return out
