"""What documents need from outside."""

from typing import Protocol


class FileStore(Protocol):
    """Keeps files under generated names: a folder, or object storage."""

    async def find_file(self, name: str) -> bytes | None:
        """Return the file's bytes, None when there is none of that name."""
        ...

    async def keep_file(self, name: str, content: bytes) -> None:
        """Keep the file whole or not at all. Raises Unavailable when the store does not answer."""
        ...

    async def remove_files(self, folder: str) -> None:
        """Remove all files whose names begin with this folder; none there is no error."""
        ...
