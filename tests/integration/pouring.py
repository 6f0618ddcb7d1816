"""Clients that pour a body out for as long as a server takes it in."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path


async def poured(
    url: str, headers: dict[str, str], start: bytes, rest: AsyncGenerator[bytes, None]
) -> tuple[bytes, int]:
    """Return what a server says to a client that pours its body out, and how many bytes that could send."""
    host, port, path = re.fullmatch(r"http://([^:]+):(\d+)(.*)", url).groups()
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    sent = 0

    async def pour() -> None:
        nonlocal sent
        writer.write(start)
        async with aclosing(rest):
            async for piece in rest:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)

    pouring = asyncio.create_task(pour())
    answer = b""
    try:
        while piece := await asyncio.wait_for(reader.read(65_536), 120):
            answer += piece
    except ConnectionError:
        pass
    finally:
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)  # it may have met the end of the connection
        writer.close()
    return answer, sent


async def heard(pour: Callable[[], Awaitable[tuple[bytes, int]]]) -> tuple[bytes, int]:
    """Return the answer of the first try that hears one: a reset may overtake it (RFC 9112, section 9.6)."""
    for _ in range(5):
        answer, sent = await pour()
        if answer:
            break
    return answer, sent


async def zeros(size_bytes: int, path: Path) -> AsyncGenerator[bytes, None]:
    """Yield the content of a sparse file, as a client reads it, in chunks of HTTP."""
    with path.open("wb") as file:
        file.truncate(size_bytes)
    with path.open("rb") as file:
        while piece := file.read(1 << 18):
            yield b"%x\r\n%s\r\n" % (len(piece), piece)
