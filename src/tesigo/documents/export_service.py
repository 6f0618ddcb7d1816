"""Exports: a manuscript rendered once, and kept until its content changes."""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import PurePosixPath
from urllib.parse import quote

from tesigo.documents.errors import NothingWritten
from tesigo.documents.ports import FileStore
from tesigo.export.formats import Format
from tesigo.export.rendering import render
from tesigo.manuscript import Manuscript

EXPORTS = "exports/"
"""Where all exports are kept."""

_EXPORT = re.compile(rf"{EXPORTS}(\d+)/[^/]+")
_LONGEST_NAME = 80
_RENDERER = "1"
"""Goes up when the same manuscript is to look otherwise: what was kept is rendered anew."""


async def export_document(
    document_id: int, manuscript: Manuscript, wanted: Format, files: FileStore
) -> bytes:
    """Return the file; an unchanged document is not rendered twice.

    Raises NothingWritten, and what `export` raises of a text that cannot be set.
    """
    if not manuscript.sections:
        raise NothingWritten
    name = f"{export_folder(document_id)}{_fingerprint(manuscript)}.{wanted.extension}"
    kept = await files.find_file(name)
    if kept is not None:
        return kept
    content = await asyncio.to_thread(render, manuscript, wanted)
    await files.keep_file(name, content)
    return content


def exports_by_document(names: Iterable[str]) -> dict[int, list[str]]:
    """Return the names of kept exports by the document that they were made of; others are left out."""
    found: dict[int, list[str]] = {}
    for name in names:
        if (matched := _EXPORT.fullmatch(name)) is not None:
            found.setdefault(int(matched[1]), []).append(name)
    return found


def outdated_exports(names: Iterable[str], manuscript: Manuscript | None) -> list[str]:
    """Return those of a document's kept exports that it would not give out any more.

    manuscript: as `export_document` would get it now, None when the document is gone.
    """
    fits = None if manuscript is None or not manuscript.sections else _fingerprint(manuscript)
    return [name for name in names if PurePosixPath(name).stem != fits]


def export_folder(document_id: int) -> str:
    """Return where the exports of a document are kept."""
    return f"{EXPORTS}{document_id}/"


def file_name(title: str, wanted: Format) -> str:
    """Return the name that a downloaded file gets: the title's words, safe on every system."""
    words = re.sub(r"[^\w]+", "-", title).strip("-")[:_LONGEST_NAME].rstrip("-")
    return f"{words or 'document'}.{wanted.extension}"


def attachment(name: str) -> str:
    """Return the `Content-Disposition` that saves a download under this name (RFC 6266, RFC 8187)."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def _fingerprint(manuscript: Manuscript) -> str:
    told = json.dumps([_RENDERER, asdict(manuscript)], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()[:32]
