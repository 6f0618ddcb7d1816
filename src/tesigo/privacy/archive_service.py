"""The export of a user's data as a ZIP archive: the record, and beside it the files of each document."""

import asyncio
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import personal_service as documents
from tesigo.documents.export_service import export_folder
from tesigo.documents.ports import FileStore
from tesigo.export.errors import UnreadableText
from tesigo.export.rendering import list_as_bibtex
from tesigo.kit.db import Database
from tesigo.manuscript import Source
from tesigo.privacy.account_record import file_name, write_record

log = structlog.get_logger(__name__)

_LONGEST_SLUG = 40


@dataclass(frozen=True, slots=True)
class _Records:
    """Where the records of a document's sources stand in the spool, in bytes. folder: its own in the archive."""

    document_id: int
    folder: str
    start: int
    end: int


async def export_archive(
    database: Database, files: FileStore, user_id: int, folder: Path, *, now: datetime
) -> IO[bytes]:
    """Return an open file with the archive; its record and its texts are of the same moment.

    Of each document: `text.md`, `sources.bib`, the texts of its sources, and the exports that are kept. Names in it
    are made of ids and of plain letters. folder: as for `export_json`.
    Raises NotSignedIn when the account was deleted meanwhile; DatabaseAway; Unavailable when the store is away.
    """
    with ExitStack() as opened:
        out = opened.enter_context(TemporaryFile(dir=folder))
        spool = opened.enter_context(TemporaryFile(dir=folder))
        archive = opened.enter_context(ZipFile(out, "w", ZIP_DEFLATED))
        async with database.snapshot() as tx:
            with archive.open(file_name(user_id, "json"), "w", force_zip64=True) as record:
                await write_record(tx, user_id, record, now=now)
            spooled = [
                await _write_texts(tx, document_id, f"documents/{document_id}-{_slug(title)}", archive, spool)
                for document_id, title in (await documents.list_titles(tx, user_id)).items()
            ]
        for records in spooled:  # converters and the store are asked when no transaction is open any more
            await asyncio.to_thread(_write_bibtex, records, archive, spool)
            await _write_exports(records, archive, files)
        spool.close()
        await asyncio.to_thread(archive.close)
        opened.pop_all()
    return out


async def _write_texts(
    tx: AsyncSession, document_id: int, folder: str, archive: ZipFile, spool: IO[bytes]
) -> _Records:
    content = await documents.read_content(tx, document_id)
    await asyncio.to_thread(archive.writestr, f"{folder}/text.md", content)
    start = spool.tell()
    async for source in documents.stream_sources(tx, document_id):
        line = json.dumps({"key": source["key"], "csl": source["csl"]})
        spool.write(f"{line}\n".encode())
        text = "\n\n".join(part for part in (source["abstract"], source["full_text"]) if part)
        if text:
            name = f"{folder}/sources/{source['id']}-{_slug(source['key'])}.txt"
            await asyncio.to_thread(archive.writestr, name, text)
    return _Records(document_id, folder, start, spool.tell())


def _write_bibtex(records: _Records, archive: ZipFile, spool: IO[bytes]) -> None:
    sources = tuple(_read_records(records, spool))
    if not sources:
        return
    try:
        archive.writestr(f"{records.folder}/sources.bib", list_as_bibtex(sources))
    except UnreadableText as failure:  # the records themselves stand in the JSON
        log.warning("no BibTeX in an export", document_id=records.document_id, code=failure.code)


def _read_records(records: _Records, spool: IO[bytes]) -> Iterator[Source]:
    spool.seek(records.start)
    while spool.tell() < records.end:
        yield Source(**json.loads(spool.readline()))


async def _write_exports(records: _Records, archive: ZipFile, files: FileStore) -> None:
    for name in await files.list_files(export_folder(records.document_id)):
        content = await files.find_file(name)
        if content is not None:  # removed since it was listed, because the text was changed
            inside = f"{records.folder}/exports/{PurePosixPath(name).name}"
            await asyncio.to_thread(archive.writestr, inside, content)


def _slug(text: str) -> str:
    """Return what plain letters and digits there are, so that no system stumbles over a name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].rstrip("-")
    return words or "untitled"
