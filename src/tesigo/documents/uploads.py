"""Uploaded bytes on their way in: bounded, read in a thread, turned into sources."""

import asyncio
import json
from collections.abc import Collection
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import HTTPConnection, Request

from tesigo.documents.completion import complete_records
from tesigo.documents.ports import RecordLookup
from tesigo.intake.reading import Reading, read_sources
from tesigo.intake.requirements.files import RulesFile, read_rules_file
from tesigo.kit.errors import Invalid, TooLarge, UnsupportedKind, Unusable

_MIB = 1 << 20
_MOST_PARTS = 4


def records_of(connection: HTTPConnection) -> RecordLookup:
    """Return who knows the records of DOIs (`app.state.records`)."""
    records: RecordLookup = connection.app.state.records
    return records


async def read_upload(request: Request, *, most_mib: int) -> Reading:
    """Return what the request brings: a file (multipart field `file`), or one CSL record as JSON.

    A paper whose page names its DOI is completed by the record of the application's registry.
    Raises Invalid or a kind of it, with a sentence that says what is wrong and what to bring.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await read_file("record.json", json.dumps([_record(await request.body())]).encode(), most_mib)
    if kind != "multipart/form-data":
        raise Invalid(
            "Send a file as multipart/form-data in the field `file`, or one CSL record as application/json.",
            code="no_file",
        )
    name, content = await _file_of(request, most_mib)
    return await complete_records(await read_file(name, content, most_mib), records_of(request))


async def read_rules_upload(request: Request, *, most_mib: int) -> RulesFile:
    """Return the text of the file that the request brings in its multipart field `file`.

    Raises TooLarge, UnsupportedKind, or Unusable for a request without a file and for a file without usable text.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Unusable("Send a file as multipart/form-data in the field `file`.", code="no_file")
    try:
        name, content = await _file_of(request, most_mib)
        return await read_rules(name, content, most_mib)
    except (TooLarge, UnsupportedKind):
        raise
    except Invalid as failure:
        raise Unusable(failure.message, code=failure.code) from failure


async def read_rules(name: str, content: bytes, most_mib: int) -> RulesFile:
    """Return the text of a file of rules; the work is done in a thread and in confined children."""
    return await asyncio.to_thread(read_rules_file, name, content, most_bytes=most_mib * _MIB)


async def read_file(name: str, content: bytes, most_mib: int, *, taken: Collection[str] = ()) -> Reading:
    """Return the sources of one file; the work is done in a thread and in confined children.

    taken: keys that the sources must not have.
    """
    return await asyncio.to_thread(read_sources, name, content, taken=taken, most_bytes=most_mib * _MIB)


async def _file_of(request: Request, most_mib: int) -> tuple[str, bytes]:
    async with request.form(max_files=1, max_fields=_MOST_PARTS) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("The form has no file in its field `file`.", code="no_file")
        if (file.size or 0) > most_mib * _MIB:
            raise TooLarge(f"The file is larger than {most_mib} MB.")
        return file.filename or "file", await file.read()


def _record(body: bytes) -> dict[str, Any]:
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The body is not valid JSON.", code="invalid_request") from None
    if not isinstance(record, dict):
        raise Invalid(
            "Send one CSL record as a JSON object; bring several as a file.", code="invalid_request"
        )
    return record
