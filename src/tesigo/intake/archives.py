"""ZIP archives are looked through before anything unpacks them: bombs, tricks and macros are refused.

Python 3.11's zipfile finds no overlaps and believes the declared sizes; so each entry is inflated here, in
small pieces, against what it declares. Nothing is written anywhere.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise

from tesigo.intake.errors import BrokenFile, DangerousFile, EncryptedFile, FileTooLarge, UnsupportedFile
from tesigo.intake.kinds import READABLE

MOST_ENTRIES = 2_000
MOST_UNPACKED_MIB = 200
HIGHEST_RATIO = 100
_RATIO_COUNTS_FROM = 1 << 20
_MOST_DIRECTORY_BYTES = 1 << 20
_PIECE = 1 << 16
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_END_RECORD = struct.Struct("<4s4H2LH")
_LONGEST_COMMENT = 1 << 16
_ENCRYPTED_FLAG, _UTF8_FLAG = 0x1, 0x800
_LOCATOR_BYTES = 20
_PDF_HEADER, _PDF_PREFIX = b"%PDF-", 1_024
_CONTENT_TYPES = "[Content_Types].xml"
_MACROS = re.compile(rb"macroenabled|vbaproject|vbadata", re.IGNORECASE)
_SYMBOLIC_LINK, _FILE_TYPE = 0o120000, 0o170000
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b\x08", b"Rar!\x1a", b"7z\xbc\xaf", b"BZh9", b"\xfd7zXZ")
_EMBEDDED = ("word/embeddings/",)
"""Sheets behind charts: Office files in themselves, which nothing here ever opens."""

Extent = tuple[int, int]


def check_docx(data: bytes) -> None:
    """Return when the archive is a harmless Word document.

    Raises UnsupportedFile for another kind of archive, EncryptedFile, FileTooLarge, BrokenFile, and
    DangerousFile for a bomb, a trick or macros: each says what to do.
    """
    if _PDF_HEADER in data[:_PDF_PREFIX]:
        raise _dangerous("it is an archive and a PDF at once")
    entries, directory = _entries(data)
    names = [entry.filename for entry in entries]
    _check_declared(entries, len(data))
    _check_names(names)
    _check_purpose(names)
    extents = [directory, *(_check_content(data, entry) for entry in entries)]
    if any(one[1] > other[0] for one, other in pairwise(sorted(extents))):
        raise _dangerous("its entries overlap")


def is_archive_too(data: bytes) -> bool:
    """Return whether what begins as another kind of file can be opened as an archive as well."""
    place = _end_of_directory(data)
    if place is None:
        return False
    _, _, _, _, count, directory_bytes, _, _ = _END_RECORD.unpack_from(data, place)
    return count > 0 and data.startswith(b"PK\x01\x02", max(0, place - directory_bytes))


def _end_of_directory(data: bytes) -> int | None:
    place = data.rfind(b"PK\x05\x06", max(0, len(data) - _LONGEST_COMMENT - _END_RECORD.size))
    return place if 0 <= place <= len(data) - _END_RECORD.size else None


def _entries(data: bytes) -> tuple[list[zipfile.ZipInfo], Extent]:
    """Return the archive's directory and where that lies, after a look at how long it claims to be."""
    place = _end_of_directory(data)
    if place is None:
        raise _broken()
    if data.startswith(b"PK\x06\x07", max(0, place - _LOCATOR_BYTES)):
        raise _dangerous("it is packed as archives of many gigabytes are")
    _, _, _, _, count, directory_bytes, _, _ = _END_RECORD.unpack_from(data, place)
    if count > MOST_ENTRIES or directory_bytes > _MOST_DIRECTORY_BYTES:
        raise _dangerous(f"it holds more than {MOST_ENTRIES:,} entries")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries, start = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError, EOFError) as error:
        raise _broken() from error
    if len(entries) > MOST_ENTRIES:
        raise _dangerous(f"it holds more than {MOST_ENTRIES:,} entries")
    if not entries:
        raise BrokenFile("This archive is empty. Export the document again.")
    return entries, (start, place)


def _check_declared(entries: list[zipfile.ZipInfo], packed_bytes: int) -> None:
    declared = sum(entry.file_size for entry in entries)
    if declared > MOST_UNPACKED_MIB << 20:
        raise FileTooLarge(
            f"This file unpacks to more than {MOST_UNPACKED_MIB} MiB. Bring a smaller one, or a PDF."
        )
    for entry in entries:
        if entry.file_size > max(_RATIO_COUNTS_FROM, HIGHEST_RATIO * entry.compress_size):
            raise _dangerous(f"it unpacks to more than {HIGHEST_RATIO} times its size")
        if entry.flag_bits & _ENCRYPTED_FLAG:
            raise EncryptedFile("This file is locked with a password. Save a copy without a password.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _dangerous("it is packed in an unusual way")
        if (entry.external_attr >> 16) & _FILE_TYPE == _SYMBOLIC_LINK:
            raise _dangerous("it holds a symbolic link")
    if declared > HIGHEST_RATIO * packed_bytes:
        raise _dangerous(f"it unpacks to more than {HIGHEST_RATIO} times its size")


def _check_names(names: list[str]) -> None:
    if len({name.lower() for name in names}) != len(names):
        raise _dangerous("it holds two entries of one name")
    for name in names:
        if (
            name.startswith("/")
            or "\\" in name
            or "\x00" in name
            or ":" in name[:2]
            or ".." in name.split("/")
        ):
            raise _dangerous("it holds a path that leads out of it")


def _check_purpose(names: list[str]) -> None:
    """Raise unless the entries are those of a Word document without macros."""
    if any(name.lower().rpartition("/")[2] in ("vbaproject.bin", "vbadata.xml") for name in names):
        raise _macros()
    if "[Content_Types].xml" in names and "word/document.xml" in names:
        return
    found = [
        label
        for mark, label in (
            ("ppt/presentation.xml", "a PowerPoint file (PPTX)"),
            ("xl/workbook.xml", "an Excel file (XLSX)"),
            ("META-INF/container.xml", "an EPUB book"),
            ("content.xml", "an OpenDocument file (ODT)"),
            ("META-INF/MANIFEST.MF", "a Java program"),
        )
        if mark in names
    ]
    if found:
        raise UnsupportedFile(f"This is {found[0]}. Open it and save it as DOCX or PDF. {READABLE}")
    if "[Content_Types].xml" in names:
        raise BrokenFile("This Word document has lost its text part. Open it in Word and save it again.")
    raise UnsupportedFile(f"This is a ZIP archive. Unpack it and bring the files in it. {READABLE}")


def _check_content(data: bytes, entry: zipfile.ZipInfo) -> Extent:
    """Inflate the entry piece by piece against its declaration; return where it lies in the archive."""
    start = entry.header_offset
    if start < 0 or start + _LOCAL_HEADER.size > len(data):
        raise _broken()
    header = _LOCAL_HEADER.unpack_from(data, start)
    signature, flags, method, name_bytes, extra_bytes = header[0], header[2], header[3], header[9], header[10]
    content = start + _LOCAL_HEADER.size + name_bytes + extra_bytes
    end = content + entry.compress_size
    if signature != b"PK\x03\x04" or end > len(data):
        raise _broken()
    if data[start + _LOCAL_HEADER.size : content - extra_bytes] != _packed_name(entry):
        raise _dangerous("it names an entry in two ways")
    if method != entry.compress_type or flags & _ENCRYPTED_FLAG != entry.flag_bits & _ENCRYPTED_FLAG:
        raise _dangerous("it declares an entry in two ways")
    _check_stream(memoryview(data)[content:end], entry)
    return start, end


def _packed_name(entry: zipfile.ZipInfo) -> bytes:
    """Return the name as the directory has it: zipfile decodes by the flag for UTF-8, and cuts at a zero."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8_FLAG else "cp437")


def _check_stream(packed: memoryview, entry: zipfile.ZipInfo) -> None:
    is_xml = entry.filename.lower().endswith((".xml", ".rels"))
    checksum = size = 0
    tail = b""
    for piece in _unpacked(packed, entry.compress_type):
        if not size and piece.startswith(_ARCHIVES) and not entry.filename.startswith(_EMBEDDED):
            raise _dangerous("it holds another archive")
        size += len(piece)
        if size > entry.file_size:
            raise _dangerous("an entry is larger than it declares")
        checksum = zlib.crc32(piece, checksum)
        if is_xml:
            seen = (tail + piece).replace(b"\x00", b"")
            if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                raise _dangerous("its XML declares entities")
            tail = seen[-16:]
            if entry.filename == _CONTENT_TYPES and _MACROS.search(seen):
                raise _macros()
    if size != entry.file_size:
        raise _dangerous("an entry is smaller than it declares")
    if checksum != entry.CRC:
        raise _broken()


def _unpacked(packed: memoryview, method: int) -> Iterator[bytes]:
    """Yield the content in small pieces, so that no more than one is in memory."""
    if method == zipfile.ZIP_STORED:
        for start in range(0, len(packed), _PIECE):
            yield bytes(packed[start : start + _PIECE])
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    waiting = bytes(packed)
    try:
        while not inflater.eof:
            piece = inflater.decompress(waiting, _PIECE)
            waiting = inflater.unconsumed_tail
            if not piece and not inflater.eof:
                raise _broken()
            yield piece
    except zlib.error as error:
        raise _broken() from error
    if inflater.unused_data:
        raise _dangerous("an entry is longer than it declares")


def _broken() -> BrokenFile:
    return BrokenFile("This file is damaged: its archive cannot be read. Export or download it again.")


def _macros() -> DangerousFile:
    return DangerousFile("This Word document holds macros (programs). Save it as DOCX without macros.")


def _dangerous(reason: str) -> DangerousFile:
    return DangerousFile(
        f"This file is not opened, because {reason}. Export the document again, or bring a PDF."
    )
