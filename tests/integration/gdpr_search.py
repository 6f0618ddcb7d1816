"""Where anything of a person could be found: columns, keys of Redis, files, and whatever is printed."""

import base64
import json
import quopri
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import asyncpg
import redis

_COLUMNS = """
    SELECT table_schema, table_name, column_name, udt_name FROM information_schema.columns
    JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
"""
NOT_SEARCHED = ("postgresql/data/",)
"""PostgreSQL's own files below DATA_DIR: what a transaction deleted lies in them until vacuum has passed."""


async def find_in_database(url: str, *marks: str) -> list[str]:
    """Return `table.column` of every column in which one of the marks stands, in whatever type; case does not count."""
    found = []
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch(_COLUMNS)
        assert len(columns) > 100
        for schema, table, column, kind in columns:
            value = f'"{column}"'
            # bytes as letters: payloads of the queue are JSON in UTF-8
            value = f"encode({value}, 'escape')" if kind == "bytea" else f"{value}::text"
            query = f'SELECT count(*) FROM "{schema}"."{table}" WHERE {value} ILIKE ANY($1::text[])'  # noqa: S608 - names of the catalogue
            if await connection.fetchval(query, [f"%{mark}%" for mark in marks]):
                found.append(f"{table}.{column}")
    finally:
        await connection.close()
    return found


def find_in_files(folder: Path, *marks: str) -> list[str]:
    """Return the path below the folder of every file, and folder, that names a mark or holds one."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.startswith(NOT_SEARCHED):
            continue
        read = [name.encode()]
        if path.is_file():
            read += _ways_to_read(path.read_bytes())
        if any(_holds(content, marks) for content in read):
            found.append(name)
    return found


def find_in_redis(client: redis.Redis, *marks: str) -> list[bytes]:
    """Return every key that names a mark, or whose value holds one."""
    found = []
    for key in client.scan_iter(count=1000):
        kind = client.type(key)
        assert kind in (b"string", b"zset", b"hash", b"list", b"set"), kind
        if _holds(key + (client.dump(key) or b"") + _plain_value(client, key, kind), marks):
            found.append(key)
    return found


def _plain_value(client: redis.Redis, key: bytes, kind: bytes) -> bytes:
    if kind == b"string":
        return client.get(key) or b""
    if kind == b"zset":
        return repr(client.zrange(key, 0, -1)).encode()
    if kind == b"hash":
        return repr(client.hgetall(key)).encode()
    return repr(client.lrange(key, 0, -1) if kind == b"list" else client.smembers(key)).encode()


def find_in_text(printed: str, *marks: str) -> list[str]:
    """Return the lines in which a mark stands."""
    return [line for line in printed.splitlines() if _holds(line.encode(), marks)]


def _ways_to_read(content: bytes) -> Iterator[bytes]:
    yield content
    if b"MIME-Version" in content[:4096]:
        for part in message_from_bytes(content, policy=default).walk():
            if not part.is_multipart():
                yield part.get_payload(decode=True)
        yield quopri.decodestring(content)
    for start in (b"PK\x03\x04", b"\x1f\x8b", b"%PDF"):
        assert not content.startswith(start), "a packed file: unpack it here"


def _holds(content: bytes, marks: tuple[str, ...]) -> bool:
    lower = content.lower()
    return any(
        form in lower
        for mark in marks
        for form in (
            mark.lower().encode(),
            json.dumps(mark.lower()).strip('"').encode(),
            base64.b64encode(mark.encode()).lower()[:-4],
            mark.lower().encode("utf-16-le"),
        )
    )
