"""Files that a form brings: each read for itself, so that one that is broken does not stop the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request

from tesigo.accounts.identity import User
from tesigo.documents.completion import complete_records
from tesigo.documents.limits import UPLOADS
from tesigo.documents.ports import RecordLookup
from tesigo.documents.uploads import read_file
from tesigo.intake.pairing import pair_full_texts
from tesigo.intake.reading import Reading
from tesigo.kit.errors import Invalid
from tesigo.kit.rates import rates_of
from tesigo.manuscript import Source
from tesigo.web.notices import Notice
from tesigo.web.sentences import sentence_of
from tesigo.web.words import Words

MOST_FILES = 50
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class FilesRead:
    """The sources of all files that could be read, and a notice for each trouble."""

    sources: tuple[Source, ...]
    notices: tuple[Notice, ...]


async def count_files(request: Request, current: User, files: Sequence[UploadFile]) -> None:
    """Count the files as brought by this user; fields that were left empty do not count. Raises LimitReached."""
    for file in files:
        if not _is_empty(file):
            await rates_of(request).take(UPLOADS, current.id)


async def read_files(
    files: Sequence[UploadFile], *, most_mib: int, words: Words, records: RecordLookup
) -> FilesRead:
    """Return what the files hold, full texts joined to their records, papers completed by the records of their DOIs.

    One that cannot be read is named with its reason.
    """
    readings: list[tuple[str, Reading]] = []
    taken: set[str] = set()
    notices: list[Notice] = []
    for file in files:
        name = file.filename or ""
        if _is_empty(file):
            continue
        if (file.size or 0) > most_mib * _MIB:
            reason = words("upload.too_large", most=most_mib)
            notices.append(Notice("warning", words("upload.refused", name=name, reason=reason)))
            continue
        try:
            reading = await read_file(name or "file", await file.read(), most_mib, taken=taken)
            reading = await complete_records(reading, records, taken=taken)
        except Invalid as refusal:
            reason = sentence_of(refusal, words)
            notices.append(Notice("warning", words("upload.refused", name=name, reason=reason)))
            continue
        readings.append((name, reading))
        taken.update(source.key for source in reading.sources)
        notices += [Notice("warning", f"{name}: {warning}") for warning in reading.warnings]
    return FilesRead(pair_full_texts(readings), tuple(notices))


def _is_empty(file: UploadFile) -> bool:
    return not file.filename and not file.size  # what a browser sends for a field that was left empty
