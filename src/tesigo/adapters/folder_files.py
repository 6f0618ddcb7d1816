"""Files in a folder of this machine, through obstore, which speaks to object storage in the same words."""

from collections.abc import Sequence
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import LocalStore

from tesigo.kit.errors import Unavailable

_FAILURES = (OSError, BaseError)  # the library's own errors are no OSError


class FolderFiles:
    """Keeps files below one folder; a file appears there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store = LocalStore(folder, automatic_cleanup=True)

    async def find_file(self, name: str) -> bytes | None:
        """Return the file's bytes, None when there is none of that name."""
        try:
            answer = await self._store.get_async(name)
            return bytes(await answer.bytes_async())
        except FileNotFoundError:
            return None
        except _FAILURES as error:
            raise _failed(error) from error

    async def keep_file(self, name: str, content: bytes) -> None:
        """Keep the file. Raises Unavailable when the folder cannot be written."""
        try:
            await self._store.put_async(name, content)
        except _FAILURES as error:
            raise _failed(error) from error

    async def remove_files(self, folder: str) -> None:
        """Remove all files below this folder."""
        try:
            listed = await self._store.list(folder).collect_async()
            if listed:
                await self._store.delete_async([entry["path"] for entry in listed])
        except FileNotFoundError:
            return
        except _FAILURES as error:
            raise _failed(error) from error

    async def list_files(self, folder: str) -> Sequence[str]:
        """Return the names of all files below this folder, in their order."""
        try:
            listed = await self._store.list(folder).collect_async()
        except FileNotFoundError:
            return []
        except _FAILURES as error:
            raise _failed(error) from error
        return sorted(entry["path"] for entry in listed)

    async def remove_file(self, name: str) -> None:
        """Remove one file."""
        try:
            await self._store.delete_async(name)
        except FileNotFoundError:
            return
        except _FAILURES as error:
            raise _failed(error) from error


def _failed(error: Exception) -> Unavailable:
    return Unavailable(f"Files cannot be kept now ({type(error).__name__}): please try again later.")
