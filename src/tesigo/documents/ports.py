"""What documents need from outside."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


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

    async def list_files(self, folder: str) -> Sequence[str]:
        """Return the names of all files below this folder, in their order."""
        ...

    async def remove_file(self, name: str) -> None:
        """Remove one file; none of that name is no error."""
        ...


class RecordLookup(Protocol):
    """Knows the bibliographic record that belongs to a DOI: a registry of publishers."""

    async def find_record(self, doi: str) -> Mapping[str, Any] | None:
        """Return the record as CSL-JSON (with `abstract` where there is one), None when the DOI is not known.

        doi: without its address, as `10.1234/abc`. Raises Unavailable when the registry does not answer.
        """
        ...


class NoRecords:
    """Knows no record: for an installation that asks nobody."""

    async def find_record(self, doi: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - the port's
        """Return None."""
        return None
