"""The queue's handler for files of documents that are gone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from tesigo.documents.files_service import remove_exports
from tesigo.documents.ports import FileStore
from tesigo.kit.clock import Clock
from tesigo.kit.queue import RetryIn, pause_since

log = structlog.get_logger(__name__)


async def remove_files(files: FileStore, clock: Clock, payload: Mapping[str, Any]) -> None:
    """Remove the exports of the documents that the payload names.

    Raises RetryIn until they are gone, however long that takes: their owner was told that they go.
    """
    try:
        await remove_exports(files, payload["document_ids"])
    except Exception as failure:
        pause_s = pause_since(datetime.fromisoformat(payload["asked_at"]), clock())
        log.warning("files cannot be removed, trying again", reason=type(failure).__name__, pause_s=pause_s)
        raise RetryIn(pause_s) from failure
