"""Files changed at random, and always in the same way for the same number."""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

from tests.fuzz.seeds import Seed

FAMILIES = {"pdf": 30, "zip": 25, "references": 30, "other": 15}
"""How many of a hundred cases are of each family."""

_EXTREMES = (
    b"0", b"-1", b"1", b"2147483647", b"2147483648", b"4294967295", b"-2147483649", b"9" * 30, b"1e999", b"0.00001",
    b"NaN", b"1" * 5_000,
)  # fmt: skip
_TOKENS = (
    b"%PDF-1.7", b"endobj", b"stream\n", b"endstream", b"xref\n", b"trailer", b"startxref", b"%%EOF", b"/Kids [2 0 R]",
    b"/Length 99999999", b"/Filter [/FlateDecode /FlateDecode /LZWDecode]", b"/Encrypt 1 0 R", b"/Type /ObjStm",
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"MZ", b"#!/bin/sh\n", b"<?php ", b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"@article{", b"@string{", b"crossref = {", b"\\'{\\i}", b"\\input{/etc/passwd}", b"TY  - ", b"ER  - \n", b"PMID- ",
    b'{"', b'"title": ', b"\\u0000", b"\\ud800", b"---\n", b"```\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1a",
    b"\xe2\x80\xae", b"\xf0\x9f\x92\xa9", b"\xed\xa0\x80", b"\r", b"${", b"{{", b"../../", b"<w:p>", b"</w:document>",
)  # fmt: skip
_BRACKETS = (b"(", b"[", b"{", b"<<", b"<w:p>", b"[[", b'{"a":', b"{\\'", b"> ", b"- ", b"*", b"_(")
_NUMBER = re.compile(rb"\d+")
_OBJECT = re.compile(rb"\d+ \d+ obj.*?endobj", re.DOTALL)
_NAME = re.compile(rb"/[A-Za-z]+")
_FIELDS = (4, 6, 8, 10, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 38, 42)
"""Where numbers stand in the headers of an archive, counted from their signature."""

_UNREADABLE = (
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError, zlib.error),
    struct.error,
)

Change = Callable[[bytearray, random.Random], bytearray]


def mutated(number: int, seed: int, seeds: dict[str, list[Seed]]) -> Seed:
    """Return the file of this case: one of the seeds, changed once to six times."""
    rng = random.Random(f"{seed}/{number}")
    families = [family for family in FAMILIES if seeds.get(family)]
    family = rng.choices(families, [FAMILIES[family] for family in families])[0]
    chosen = rng.choice(seeds[family])
    data = bytearray(chosen.data)
    changes = _STRUCTURED.get(family, ())
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        if not data:
            break
        if changes and rng.random() < 0.6:
            data = rng.choice(changes)(data, rng)
        elif rng.random() < 0.1:
            data = _splice(data, rng.choice(seeds[rng.choice(families)]).data, rng)
        else:
            data = rng.choice(_PLAIN)(data, rng)
    return Seed(chosen.name if rng.random() < 0.9 else _other_name(chosen.name, rng), bytes(data))


def _other_name(name: str, rng: random.Random) -> str:
    return rng.choice(
        ("", "file", "a.pdf", "a.docx", "a.txt", "a.bib", "a.json", name.upper(), f"{name}.\x00", "я" * 400)
    )


def _flip(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 4, 32))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _overwrite(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(data))
    data[place : place + rng.randint(1, 16)] = rng.randbytes(rng.randint(1, 16))
    return data


def _truncate(data: bytearray, rng: random.Random) -> bytearray:
    return data[: rng.randrange(len(data))] if rng.random() < 0.7 else data[rng.randrange(len(data)) :]


def _cut_out(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(data))
    del data[place : place + rng.randint(1, max(1, len(data) // 4))]
    return data


def _double(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(data))
    block = data[place : place + rng.randint(1, 2_000)]
    data[place:place] = block * rng.choice((1, 1, 5, 50))
    return data


def _put_number(data: bytearray, rng: random.Random) -> bytearray:
    start = rng.randrange(len(data))
    found = _NUMBER.search(data, start) or _NUMBER.search(data)
    if found:
        data[found.start() : found.end()] = rng.choice(_EXTREMES)
    return data


def _put_token(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(data))
    data[place:place] = rng.choice(_TOKENS)
    return data


def _nest(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(data)) if rng.random() < 0.7 else 0
    data[place:place] = rng.choice(_BRACKETS) * rng.choice((9, 200, 3_000, 20_000))
    return data


def _splice(data: bytearray, other: bytes, rng: random.Random) -> bytearray:
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def _move_object(data: bytearray, rng: random.Random) -> bytearray:
    """Put one object of a PDF into the place of another, or beside it."""
    objects = list(_OBJECT.finditer(data))
    if len(objects) < 2:
        return _flip(data, rng)
    one, other = rng.sample(objects, 2)
    copied = bytes(other[0])
    data[one.start() : one.end() if rng.random() < 0.7 else one.start()] = copied
    return data


def _rename(data: bytearray, rng: random.Random) -> bytearray:
    names = list(_NAME.finditer(data))
    if len(names) < 2:
        return _flip(data, rng)
    one, other = rng.sample(names, 2)
    copied = bytes(other[0])
    data[one.start() : one.end()] = copied
    return data


def _change_inside(data: bytearray, rng: random.Random) -> bytearray:
    """Change the content of one entry of an archive that stays whole, or leave entries out, double or rename them."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
        EOFError,
        zlib.error,
        struct.error,
    ):
        return _flip(data, rng)
    if not entries:
        return data
    place = rng.randrange(len(entries))
    name, content = entries[place]
    texts = [at for at, (other, inside) in enumerate(entries) if inside and other.endswith("document.xml")]
    if texts and rng.random() < 0.7:
        place = texts[0]
        name, content = entries[place]
    match rng.randrange(8):
        case 0:
            del entries[place]
        case 1:
            entries[place] = (
                rng.choice(("../a", "/a", "a\\b", "[Content_Types].xml", f"{name}/{name}")),
                content,
            )
        case _:
            changed = bytearray(content or b"x")
            for _ in range(rng.randint(1, 3)):
                changed = rng.choice(_PLAIN)(changed, rng) if changed else changed
            entries[place] = (name, bytes(changed))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as archive:
        for inside, content in dict(entries).items():  # one of each name: zipfile warns of two
            entry = zipfile.ZipInfo(inside)  # without the time of day: a case is the same whenever it is made
            archive.writestr(entry, content, compress_type=archive.compression)
    return bytearray(packed.getvalue())


def _change_header(data: bytearray, rng: random.Random) -> bytearray:
    """Put an extreme into a number of one of the headers of an archive."""
    signature = rng.choice((b"PK\3\4", b"PK\1\2", b"PK\5\6"))
    places = [match.start() for match in re.finditer(re.escape(signature), data)]
    if places:
        field = rng.choice(places) + rng.choice(_FIELDS)
        value = rng.choice((0, 1, 8, 99, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, len(data), rng.randrange(1 << 32)))
        if field + 4 <= len(data) and rng.random() < 0.5:
            struct.pack_into("<L", data, field, value)
        elif field + 2 <= len(data):
            struct.pack_into("<H", data, field, value & 0xFFFF)
    return data


_PLAIN: Sequence[Change] = (
    _flip, _overwrite, _truncate, _cut_out, _double, _put_number, _put_token, _put_token, _nest,
)  # fmt: skip
_STRUCTURED: dict[str, Sequence[Change]] = {
    "pdf": (_move_object, _rename, _put_number),
    "zip": (_change_inside, _change_inside, _change_header),
    "references": (_put_token, _nest, _put_number, _double),
}
