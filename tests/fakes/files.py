"""A file store in memory that counts what is asked of it."""

from collections.abc import Awaitable, Callable


class FakeFiles:
    """Keeps files by name. before_keeping: is awaited before each file is kept."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.times_kept = 0
        self.before_keeping: Callable[[], Awaitable[object]] | None = None

    async def find_file(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def keep_file(self, name: str, content: bytes) -> None:
        if self.before_keeping:
            await self.before_keeping()
        self.times_kept += 1
        self.kept[name] = content

    async def remove_files(self, folder: str) -> None:
        self.kept = {name: content for name, content in self.kept.items() if not name.startswith(folder)}

    async def list_files(self, folder: str) -> list[str]:
        return sorted(name for name in self.kept if name.startswith(folder))

    async def remove_file(self, name: str) -> None:
        self.kept.pop(name, None)
