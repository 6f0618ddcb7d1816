"""Attacks by ZIP: each is built here and refused, quickly and without being unpacked whole."""

import io
import struct
import time
import zipfile
import zlib

import pytest

from tesigo.intake.archives import MOST_ENTRIES, check_docx
from tesigo.intake.errors import BrokenFile, DangerousFile, EncryptedFile, FileTooLarge, UnsupportedFile

NOISE = b"".join(struct.pack("<L", zlib.crc32(b"%d" % n)) for n in range(500))
"""Content that hardly packs, so that no ratio gives an attack away."""

DOCUMENT = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}


def make_zip(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return packed.getvalue()


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def local_entry(name: bytes, packed: bytes, checksum: int, size: int) -> bytes:
    header = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, checksum, len(packed), size, len(name), 0)
    return header + name + packed


def directory_entry(name: bytes, packed_size: int, checksum: int, size: int, place: int) -> bytes:
    fields = (20, 20, 0, 8, 0, 0, checksum, packed_size, size, len(name), 0, 0, 0, 0, 0, place)
    return struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields) + name


def assemble(body: bytes, directory: list[bytes]) -> bytes:
    joined = b"".join(directory)
    count = len(directory)
    return body + joined + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(joined), len(body), 0)


def with_forged_size(declared: int, content: bytes) -> bytes:
    """Return an archive whose second entry declares another size than it inflates to, in both headers."""
    body, directory = b"", []
    for name, text, size in (
        (b"[Content_Types].xml", b"<Types/>", 8),
        (b"word/document.xml", content, declared),
    ):
        packed, checksum = deflated(text), zlib.crc32(text)
        directory.append(directory_entry(name, len(packed), checksum, size, len(body)))
        body += local_entry(name, packed, checksum, size)
    return assemble(body, directory)


def one_content_many_names(count: int) -> bytes:
    content = NOISE
    packed, checksum = deflated(content), zlib.crc32(content)
    names = [b"[Content_Types].xml", b"word/document.xml", *(b"word/%04d" % n for n in range(count))]
    body = local_entry(names[0], packed, checksum, len(content))
    return assemble(body, [directory_entry(n, len(packed), checksum, len(content), 0) for n in names])


def quoting_each_other(count: int) -> bytes:
    """Return nested entries: each quotes the next one's header, so that all share one core."""
    content = NOISE
    packed = deflated(content)
    names = [b"word/%04d" % n for n in range(count - 2)] + [b"word/document.xml", b"[Content_Types].xml"]
    blob = local_entry(names[-1], packed, zlib.crc32(content), len(content))
    entries = [(names[-1], len(packed), zlib.crc32(content), len(content), len(blob))]
    for name in reversed(names[:-1]):
        quoted = blob[: 30 + len(entries[-1][0])]
        block = struct.pack("<BHH", 0, len(quoted), len(quoted) ^ 0xFFFF)
        content = quoted + content
        packed_size = len(block) + len(blob)
        blob = local_entry(name, block + blob, zlib.crc32(content), len(content))
        blob = blob[:18] + struct.pack("<L", packed_size) + blob[22:]
        entries.append((name, packed_size, zlib.crc32(content), len(content), len(blob)))
    return assemble(blob, [directory_entry(n, p, c, s, len(blob) - end) for n, p, c, s, end in entries])


def with_flag(data: bytes, flag: int) -> bytes:
    """Return the archive with a flag set on its last entry, in the directory and in the local header."""
    changed = bytearray(data)
    place = data.rfind(b"PK\1\2")
    changed[place + 8] |= flag
    changed[struct.unpack_from("<L", data, place + 42)[0] + 6] |= flag
    return bytes(changed)


def with_link() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in DOCUMENT.items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("word/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return packed.getvalue()


def with_twice() -> bytes:
    data = make_zip(DOCUMENT | {"word/documenu.xml": b"<other/>"})
    return data.replace(b"word/documenu.xml", b"word/document.xml")


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><w>&b;</w>'

MACRO_TYPES = (
    b'<Types><Override PartName="/word/p.bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
)


def with_zip64_directory() -> bytes:
    """Return an archive whose end has a second record, which some readers follow and some do not."""
    data = make_zip(DOCUMENT)
    place = data.rfind(b"PK\5\6")
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    return data[:place] + locator + data[place:]


def stored_over(what_follows: str) -> bytes:
    """Return an archive with an entry, not packed, that takes the next entry or the directory for its own content."""
    packed = {name.encode(): deflated(content) for name, content in DOCUMENT.items()}
    body, directory = b"", []
    for name, content in packed.items():
        plain = DOCUMENT[name.decode()]
        directory.append(directory_entry(name, len(content), zlib.crc32(plain), len(plain), len(body)))
        body += local_entry(name, content, zlib.crc32(plain), len(plain))
    next_entry = local_entry(b"word/b.xml", deflated(NOISE), zlib.crc32(NOISE), len(NOISE))
    covered = b"x" + (next_entry if what_follows == "entry" else directory[0][:20])
    name, place = b"word/a.xml", len(body)
    sizes = (zlib.crc32(covered), len(covered), len(covered), len(name), 0)
    body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, *sizes) + name + b"x"
    if what_follows == "entry":
        directory.append(
            directory_entry(b"word/b.xml", len(deflated(NOISE)), zlib.crc32(NOISE), len(NOISE), len(body))
        )
        body += next_entry
    stored = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, *sizes, 0, 0, 0, 0, place) + name
    return assemble(body, [*directory, stored])


ATTACKS = {
    "a bomb": lambda: make_zip(DOCUMENT | {"word/media/x": bytes(30_000_000)}),
    "a size declared too small": lambda: with_forged_size(1_000, bytes(20_000_000)),
    "a size declared too large": lambda: with_forged_size(3_000, NOISE),
    "one content under many names": lambda: one_content_many_names(500),
    "entries quoting each other": lambda: quoting_each_other(50),
    "too many entries": lambda: make_zip(DOCUMENT | {f"word/{n}": b"" for n in range(MOST_ENTRIES)}),
    "a symbolic link": with_link,
    "one name twice": with_twice,
    "a path upwards": lambda: make_zip(DOCUMENT | {"../../evil": b"x"}),
    "an absolute path": lambda: make_zip(DOCUMENT | {"/etc/evil": b"x"}),
    "a Windows path": lambda: make_zip(DOCUMENT | {"C:evil": b"x"}),
    "a backslash": lambda: make_zip(DOCUMENT | {"word\\..\\evil": b"x"}),
    "an unusual method": lambda: make_zip(DOCUMENT, zipfile.ZIP_LZMA),
    "an archive in it": lambda: make_zip(DOCUMENT | {"word/media/x.zip": make_zip({"a": b"b"})}),
    "entities": lambda: make_zip(DOCUMENT | {"word/document.xml": ENTITIES}),
    "entities in UTF-16": lambda: make_zip(
        DOCUMENT | {"word/document.xml": ENTITIES.decode().encode("utf-16")}
    ),
    "two names for one entry": lambda: make_zip(DOCUMENT).replace(
        b"word/document.xml", b"word/dokument.xml", 1
    ),
    "a directory of ZIP64": with_zip64_directory,
    "an entry within an entry": lambda: stored_over("entry"),
    "a directory within an entry": lambda: stored_over("directory"),
    "a PDF at once": lambda: make_zip({"a.txt": b"%PDF-1.4 1 0 obj", **DOCUMENT}, zipfile.ZIP_STORED),
    "macros under another name": lambda: make_zip(
        DOCUMENT | {"[Content_Types].xml": MACRO_TYPES, "word/picture.bin": b"\xcc\x61"}
    ),
    "macros": lambda: make_zip(DOCUMENT | {"word/vbaProject.bin": b"\xcc\x61"}),
}


REASONS = {
    "a bomb": "100 times",
    "a size declared too small": "larger than it declares",
    "a size declared too large": "smaller than it declares",
    "one content under many names": "two ways",
    "entries quoting each other": "another archive",
    "too many entries": "2,000 entries",
    "a symbolic link": "symbolic link",
    "one name twice": "one name",
    "a path upwards": "leads out",
    "an absolute path": "leads out",
    "a Windows path": "leads out",
    "a backslash": "leads out",
    "an unusual method": "unusual way",
    "an archive in it": "another archive",
    "entities": "entities",
    "entities in UTF-16": "entities",
    "macros": "macros",
    "macros under another name": "macros",
    "two names for one entry": "two ways",
    "a directory of ZIP64": "gigabytes",
    "an entry within an entry": "overlap",
    "a directory within an entry": "overlap",
    "a PDF at once": "a PDF at once",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_at_once_for_its_reason(attack):
    data = ATTACKS[attack]()
    started = time.process_time()
    with pytest.raises(DangerousFile, match=REASONS[attack]):
        check_docx(data)
    assert time.process_time() - started < 0.5


def test_a_document_is_let_through():
    check_docx(make_zip(DOCUMENT))
    check_docx(make_zip(DOCUMENT, zipfile.ZIP_STORED))


def test_a_sheet_behind_a_chart_is_let_through():
    check_docx(make_zip(DOCUMENT | {"word/embeddings/sheet1.xlsx": make_zip({"xl/workbook.xml": b"<w/>"})}))


def test_too_much_text_is_too_large():
    with pytest.raises(FileTooLarge):
        check_docx(with_forged_size(300 << 20, b"<w/>"))


def test_a_locked_archive_is_said_to_be_locked():
    with pytest.raises(EncryptedFile):
        check_docx(with_flag(make_zip(DOCUMENT), 1))


@pytest.mark.parametrize(
    ("mark", "named"),
    [
        ("ppt/presentation.xml", "PowerPoint"),
        ("xl/workbook.xml", "Excel"),
        ("META-INF/container.xml", "EPUB"),
        ("content.xml", "OpenDocument"),
        ("photos/1.jpg", "ZIP archive"),
    ],
)
def test_another_kind_of_archive_is_named(mark, named):
    with pytest.raises(UnsupportedFile, match=named):
        check_docx(make_zip({mark: b"<x/>"}))


@pytest.mark.parametrize("cut", [10, 60, 200])
def test_a_truncated_archive_is_damaged(cut):
    with pytest.raises(BrokenFile):
        check_docx(make_zip(DOCUMENT)[:-cut])


def test_a_changed_content_is_damaged():
    data = make_zip(DOCUMENT, zipfile.ZIP_STORED).replace(b"<w:document/>", b"<w:dokument/>")
    with pytest.raises(BrokenFile):
        check_docx(data)


def test_an_empty_archive_is_damaged():
    with pytest.raises(BrokenFile):
        check_docx(make_zip({}))
