"""The export of a user's data as a ZIP archive: the record, and beside it the files of each document."""

import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any
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
from tesigo.privacy.export_places import OwnThreads

log = structlog.get_logger(__name__)

_LONGEST_SLUG = 40
_OF_A_SOURCE = ("id", "key", "csl", "abstract", "full_text")


@dataclass(frozen=True, slots=True)
class _Spooled:
    """What the spool holds of a document, from `start` to `end`, in bytes. folder: its own in the archive.

    A line of JSON for its text, then one for each source.
    """

    document_id: int
    folder: str
    start: int
    end: int


async def export_archive(
    database: Database, files: FileStore, user_id: int, folder: Path, threads: OwnThreads, *, now: datetime
) -> IO[bytes]:
    """Return an open file with the archive; its record and its texts are of the same moment.

    Of each document: `text.md`, `sources.bib`, the texts of its sources, and the exports that are kept. Names in it
    are made of ids and of plain letters. folder: as for `export_json`; for a time it holds all texts thrice.
    Raises NotSignedIn when the account was deleted meanwhile; DatabaseAway; Unavailable when the store is away.
    """
    with ExitStack() as opened:
        out = opened.enter_context(TemporaryFile(dir=folder))
        record = opened.enter_context(TemporaryFile(dir=folder))
        spool = opened.enter_context(TemporaryFile(dir=folder))
        async with database.snapshot() as tx:  # it reads only: compressing would let it stand still
            await write_record(tx, user_id, record, threads, now=now)
            titles = await documents.list_titles(tx, user_id)
            spooled = [
                await _spool_texts(tx, document_id, f"documents/{document_id}-{_slug(title)}", spool, threads)
                for document_id, title in titles.items()
            ]
        archive = opened.enter_context(ZipFile(out, "w", ZIP_DEFLATED))
        await threads.run(_write_whole, record, file_name(user_id, "json"), archive)
        for document in spooled:
            await threads.run(_write_texts, document, archive, spool)
            await _write_exports(document, archive, files, threads)
        for read in (record, spool):
            read.close()
        await threads.run(archive.close)
        opened.pop_all()
    return out


async def _spool_texts(
    tx: AsyncSession, document_id: int, folder: str, spool: IO[bytes], threads: OwnThreads
) -> _Spooled:
    start = spool.tell()
    await threads.run(_write_line, {"content": await documents.read_content(tx, document_id)}, spool)
    async for source in documents.stream_sources(tx, document_id):
        await threads.run(_write_line, {name: source[name] for name in _OF_A_SOURCE}, spool)
    return _Spooled(document_id, folder, start, spool.tell())


def _write_line(record: dict[str, Any], spool: IO[bytes]) -> None:
    spool.write(f"{json.dumps(record)}\n".encode())


def _write_whole(file: IO[bytes], name: str, archive: ZipFile) -> None:
    file.seek(0)
    with archive.open(name, "w", force_zip64=True) as inside:
        shutil.copyfileobj(file, inside)


def _write_texts(document: _Spooled, archive: ZipFile, spool: IO[bytes]) -> None:
    lines = _read_lines(document, spool)
    archive.writestr(f"{document.folder}/text.md", next(lines)["content"])
    sources = []
    for source in lines:
        sources.append(Source(key=source["key"], csl=source["csl"]))
        text = "\n\n".join(part for part in (source["abstract"], source["full_text"]) if part)
        if text:
            name = f"{document.folder}/sources/{source['id']}-{_slug(source['key'])}.txt"
            archive.writestr(name, text)
    if not sources:
        return
    try:
        archive.writestr(f"{document.folder}/sources.bib", list_as_bibtex(tuple(sources)))
    except UnreadableText as failure:  # the records themselves stand in the JSON
        log.warning("no BibTeX in an export", document_id=document.document_id, code=failure.code)


def _read_lines(document: _Spooled, spool: IO[bytes]) -> Iterator[dict[str, Any]]:
    spool.seek(document.start)
    while spool.tell() < document.end:
        yield json.loads(spool.readline())


async def _write_exports(document: _Spooled, archive: ZipFile, files: FileStore, threads: OwnThreads) -> None:
    for name in await files.list_files(export_folder(document.document_id)):
        content = await files.find_file(name)
        if content is not None:  # removed since it was listed, because the text was changed
            inside = f"{document.folder}/exports/{PurePosixPath(name).name}"
            await threads.run(archive.writestr, inside, content)


def _slug(text: str) -> str:
    """Return what plain letters and digits there are, so that no system stumbles over a name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].rstrip("-")
    return words or "untitled"
